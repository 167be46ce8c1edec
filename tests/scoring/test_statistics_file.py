"""Files of statistics: what is written, what is read back, other tools' files, merging, and damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo.data.archive import Archive
from ganzoo.errors import DataError, ScoreError, StoreError
from ganzoo.metrics.fid import frechet_distance, target
from ganzoo.metrics.sums import FeatureSums
from ganzoo.scoring.statistics_file import (
    SavedFeatures,
    SavedStatistics,
    merge_statistics,
    read_features,
    read_statistics,
    save_statistics,
)

RNG = np.random.default_rng(0)
X = (RNG.standard_normal((200, 5)) * np.arange(1, 6) + 7).astype(np.float32).astype(np.float64)
LOGITS = RNG.standard_normal((200, 3))
LABELS = RNG.integers(3, size=200)
SHA = "ab" * 32


def load_statistics(path: Path) -> SavedStatistics:
    with Archive(path) as archive:
        return read_statistics(archive)


def load_features(path: Path) -> SavedFeatures:
    with Archive(path) as archive:
        return read_features(archive)


def summed(rows: slice, **how: object) -> FeatureSums:
    sums = FeatureSums(5, logits=3, **how)  # type: ignore[arg-type]
    sums.add(X[rows], LOGITS[rows])
    return sums


def saved(path: Path, rows: slice = slice(None), extractor: str = "inception", sha: str = SHA, **how: object) -> Path:
    save_statistics(path, summed(rows, **how), extractor=extractor, extractor_sha256=sha, source=f"my {path.stem}")
    return path


def rewritten(path: Path, **changes: object) -> Path:
    """The file with some arrays replaced, or taken out where they are None."""
    with np.load(path) as archive:
        arrays = {**archive, **changes}
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_every_other_tool_finds_mu_and_sigma(tmp_path: Path) -> None:
    with np.load(saved(tmp_path / "a.npz"), allow_pickle=False) as archive:
        np.testing.assert_allclose(archive["mu"], X.mean(0), rtol=1e-12)
        np.testing.assert_allclose(archive["sigma"], np.cov(X.T), rtol=1e-12)
        assert archive["mu"].dtype == archive["sigma"].dtype == np.float64
        assert archive["n"] == 200
        origin = json.loads(str(archive["provenance"]))
    assert origin == {
        "format": 1,
        "extractor": "inception",
        "extractor_sha256": SHA,
        "source": "my a",
        "ganzoo": ganzoo.__version__,
    }


def test_what_was_saved_comes_back_and_goes_on(tmp_path: Path) -> None:
    found = load_statistics(saved(tmp_path / "a.npz", slice(0, 120)))
    assert (found.extractor, found.extractor_sha256, found.source) == ("inception", SHA, "my a")
    assert found.moments.n == 120
    assert found.sums is not None
    found.sums.add(X[120:], LOGITS[120:])
    whole, goal = summed(slice(None)), target(X[:50])
    assert found.sums.frechet(goal).value == pytest.approx(whole.frechet(goal).value, rel=1e-12)
    assert found.sums.frechet(goal).se == pytest.approx(whole.frechet(goal).se, rel=1e-12)
    assert found.sums.inception_score().value == pytest.approx(whole.inception_score().value, rel=1e-12)
    assert found.sums.vendi_score().value == pytest.approx(whole.vendi_score().value, rel=1e-12)


def test_an_older_ganzoo_finds_all_that_it_reads(tmp_path: Path) -> None:
    """Format 1 had sums of classes, which nothing made: their names stay, empty."""
    with np.load(saved(tmp_path / "a.npz"), allow_pickle=False) as archive:
        assert archive["sums/classes"] == 0
        assert archive["sums/kept_labels"].shape == (0,)


def test_the_same_sums_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = saved(tmp_path / "a.npz"), saved(tmp_path / "sub" / "a.npz")
    assert first.read_bytes() == second.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", "sub"}  # nothing temporary is left


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, no folder")
    with pytest.raises(StoreError, match="Cannot write"):
        saved(tmp_path / "blocked" / "a.npz")
    path = saved(tmp_path / "a.npz")
    before = path.read_bytes()
    with pytest.raises(ScoreError, match="at least 2 rows"):
        save_statistics(path, FeatureSums(5), extractor="e", extractor_sha256=SHA, source="nothing")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "more",
    [
        {},  # pytorch-fid, clean-fid
        {"arr_0": np.array([{"never": "opened"}], dtype=object)},
        {"arr_0": np.zeros((4, 2, 2, 3), np.uint8), "mu_s": np.zeros(7), "sigma_s": np.eye(7)},  # ADM
    ],
)
def test_statistics_of_other_tools(tmp_path: Path, more: dict[str, np.ndarray]) -> None:
    path = tmp_path / "theirs.npz"
    np.savez(path, mu=X.mean(0).astype(np.float32), sigma=np.cov(X.T), **more)
    found = load_statistics(path)
    assert (found.moments.n, found.sums, found.extractor, found.extractor_sha256) == (None, None, None, None)
    np.testing.assert_allclose(found.moments.mean, X.mean(0), rtol=1e-6)
    assert found.moments.mean.dtype == np.float64


def test_n_alone_is_enough_to_merge(tmp_path: Path) -> None:
    paths = []
    for i, part in enumerate(np.array_split(X, 3)):
        paths.append(tmp_path / f"{i}.npz")
        np.savez(paths[-1], mu=part.mean(0), sigma=np.cov(part.T), n=len(part))
    merged = merge_statistics(map(load_statistics, paths))
    assert merged.moments.n == 200
    np.testing.assert_allclose(merged.moments.covariance, np.cov(X.T), rtol=1e-11)
    assert merged.sums is not None
    found = merged.sums.frechet(target(X[:50]))
    assert found.value == pytest.approx(frechet_distance(X[:50], X).value, rel=1e-10)
    assert found.se is None


def test_merging_is_scoring_all_rows(tmp_path: Path) -> None:
    parts = [slice(0, 20), slice(20, 150), slice(150, 200)]
    files = [load_statistics(saved(tmp_path / f"{i}.npz", rows, shift=X[i])) for i, rows in enumerate(parts)]
    merged, goal = merge_statistics(files), target(X[:50])
    assert merged.sums is not None
    whole = summed(slice(None))
    assert merged.sums.frechet(goal).value == pytest.approx(whole.frechet(goal).value, rel=1e-11)
    assert merged.sums.frechet(goal).se == pytest.approx(whole.frechet(goal).se, rel=1e-9)
    assert (merged.extractor, merged.extractor_sha256) == ("inception", SHA)
    assert merged.source == "my 0, my 1, my 2"
    assert [file.moments.n for file in files] == [20, 130, 50]
    assert [file.sums.n for file in files if file.sums] == [20, 130, 50]


def test_what_cannot_be_merged(tmp_path: Path) -> None:
    own = load_statistics(saved(tmp_path / "own.npz"))
    other = load_statistics(saved(tmp_path / "other.npz", sha="cd" * 32))
    with pytest.raises(ScoreError, match=r"own.npz holds features of 'inception' \(abababababab\), but .*other.npz"):
        merge_statistics([own, other])
    np.savez(tmp_path / "theirs.npz", mu=X.mean(0), sigma=np.cov(X.T))
    for order in ((own, load_statistics(tmp_path / "theirs.npz")), (load_statistics(tmp_path / "theirs.npz"), own)):
        with pytest.raises(ScoreError, match=r"theirs.npz has no n: it cannot be merged"):
            merge_statistics(order)
    np.savez(tmp_path / "bare.npz", mu=X.mean(0), sigma=np.cov(X.T), n=200)
    with pytest.raises(ScoreError, match="an extractor that it does not name"):
        merge_statistics([own, load_statistics(tmp_path / "bare.npz")])
    fewer = load_statistics(saved(tmp_path / "fewer.npz", units=False))
    with pytest.raises(ScoreError, match=r"own.npz and .*fewer.npz: .*different units"):
        merge_statistics([own, fewer])
    with pytest.raises(ScoreError, match="no statistics to merge"):
        merge_statistics([])


ASYMMETRIC = np.eye(5)
ASYMMETRIC[0, 3] = 0.5
NEGATIVE = np.diag([1.0, 1, -1, 1, 1])
BROKEN = np.eye(5)
BROKEN[2, 2] = np.nan


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sigma": None}, r"a.npz has no 'sigma'; its keys: .*mu"),
        ({"sigma": ASYMMETRIC}, r"a.npz: 'mu' and 'sigma' hold a covariance that is not symmetric"),
        ({"sigma": NEGATIVE}, r"a.npz: .*'sigma'.* negative variance, first for feature 2"),
        ({"sigma": BROKEN}, r"'sigma' of .*a.npz holds NaN or infinite values, first in row 2"),
        ({"sigma": np.eye(4)}, r"a.npz: .*shapes \(5,\) and \(4, 4\)"),
        ({"sigma": np.ones((5, 4))}, r"a.npz: .*shapes \(5,\) and \(5, 4\)"),
        ({"sigma": np.ones(5)}, r"'sigma' of .*a.npz is float64\(5,\), where floating \[n, d\] is needed"),
        ({"sigma": np.eye(5, dtype=complex)}, r"'sigma' of .*a.npz is complex128"),
        ({"mu": np.ones((1, 5))}, r"'mu' of .*a.npz is float64\(1, 5\), where floating \[d\] is needed"),
        ({"mu": np.array(["a"] * 5)}, r"'mu' of .*a.npz is <U1"),
        ({"mu": X.mean(0) + 1}, r"'mu' of .*a.npz is not the mean of its own sums"),
        ({"n": np.array(1)}, r"a.npz: .* 1 rows"),
        ({"n": np.array(2.5)}, r"a.npz: 'n' is no whole number"),
        ({"n": np.array([200])}, r"a.npz: 'n' is no whole number"),
        ({"n": np.array(199)}, r"a.npz: .*different numbers of rows"),
        ({"sums/kept_rows": None}, r"a.npz has no 'sums/kept_rows'"),
        ({"sums/unit_mean": np.full(6, np.nan)}, r"a.npz: 'unit_mean' is no finite vector"),
        ({"sums/feature_mean": np.zeros(4)}, r"a.npz: 'feature_scatter'"),
        ({"provenance": np.array("{")}, r"'provenance' of .*a.npz is not what ganzoo writes"),
        ({"provenance": np.array('{"format": "x"}')}, r"'provenance' of .*a.npz is not what ganzoo writes"),
    ],
)
def test_damage_is_named(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        load_statistics(rewritten(saved(tmp_path / "a.npz"), **changes))


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz")
    with np.load(path) as archive:
        later = str(archive["provenance"]).replace('"format":1', '"format":2')
    with pytest.raises(DataError, match="does not know"):
        load_statistics(rewritten(path, provenance=np.array(later)))


def test_pickles_stay_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, mu=np.array([{"evil": 1}], dtype=object), sigma=np.eye(1))
    with pytest.raises(DataError, match=r"'mu' of .*a.npz is damaged .*allow_pickle"):
        load_statistics(path)


def test_flipped_and_missing_bytes(tmp_path: Path) -> None:
    """Wherever the file is hurt, it is read as it was or refused by a DataError."""
    path = saved(tmp_path / "a.npz")
    content = path.read_bytes()
    refused = 0
    for place in range(0, len(content), len(content) // 97):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            load_statistics(path)
        except DataError as error:
            assert "a.npz" in str(error)
            refused += 1
    assert refused > 50
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"a.npz cannot be read as \.npz"):
            load_statistics(path)


def test_features(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    np.savez(path, features=X.astype(np.float32), logits=LOGITS, labels=LABELS.astype(np.uint8))
    found = load_features(path)
    np.testing.assert_array_equal(found.features, X)
    assert found.features.dtype == np.float32
    assert found.logits is not None
    assert found.labels is not None
    np.testing.assert_array_equal(found.logits, LOGITS)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.labels.dtype == np.int64
    np.savez(path, features=X)
    assert (load_features(path).logits, load_features(path).labels) == (None, None)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X}, r"f.npz has no 'features'; its keys: x"),
        ({"features": X[:, 0]}, r"'features' of .*f.npz is float64\(200,\)"),
        ({"features": X.astype(int)}, r"'features' of .*f.npz is int64"),
        ({"features": X[:0]}, r"'features' of .*f.npz has no rows"),
        ({"features": np.where(np.arange(200)[:, None] == 7, np.inf, X)}, r"'features' of .* first in row 7"),
        ({"features": X, "logits": LOGITS[:9]}, r"'logits' of .*f.npz has 9 rows, but 'features' has 200"),
        ({"features": X, "labels": LABELS[:9]}, r"'labels' of .*f.npz is int64\(9,\), where 200 integers"),
        ({"features": X, "labels": LABELS * 1.0}, r"'labels' of .*f.npz is float64"),
        ({"features": X, "labels": LABELS - 1}, r"'labels' of .*integers from 0"),
    ],
)
def test_bad_features(tmp_path: Path, arrays: dict[str, np.ndarray], words: str) -> None:
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.raises(DataError, match=words):
        load_features(tmp_path / "f.npz")


def test_features_of_one_number_are_features(tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", features=X[:, :1])
    assert load_features(tmp_path / "f.npz").features.shape == (200, 1)
