"""How the rows of each kind of samples are chosen, and what they answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.extractors.base import PixelExtractor
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.samples import Selection, digest_of
from ganzoo.scoring.stored import ArraySource
from ganzoo.training.runs import RunFolder

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 1, 8, 8)).astype(np.uint8)


def test_rows_come_in_an_order_of_their_content(tmp_path: Path) -> None:
    extractor, labels = PixelExtractor(), np.repeat(np.arange(3), 10)
    drawn = ArraySource("x", "image", IMAGES, labels).features(extractor, Selection(30, 0))
    assert drawn.labels is not None
    assert (np.diff(drawn.labels) < 0).any(), "metrics that look at the first rows must see every class"
    assert sorted(drawn.labels.tolist()) == labels.tolist()
    order = np.random.default_rng(1).permutation(30)
    for n in (30, 12):
        mixed = ArraySource("x", "image", IMAGES[order], labels[order]).features(extractor, Selection(n, 0))
        np.testing.assert_array_equal(mixed.extracted.features, drawn.extracted.features[:n])
        np.testing.assert_array_equal(mixed.labels, drawn.labels[:n])


def test_another_seed_or_side_has_another_order() -> None:
    source, extractor = ArraySource("x", "image", IMAGES), PixelExtractor()
    first = source.features(extractor, Selection(30, 0)).extracted.features
    for other in (
        source.features(extractor, Selection(30, 1)),
        source.features(extractor, Selection(30, 0, purpose="reference")),
        source.features(extractor, Selection(30, 0, file_order=True)),
    ):
        assert not np.array_equal(other.extracted.features, first)


def test_rows_stay_as_filed_for_other_tools() -> None:
    source, extractor = ArraySource("x", "image", IMAGES, np.repeat(np.arange(3), 10)), PixelExtractor()
    drawn = source.features(extractor, Selection(30, 0, file_order=True))
    np.testing.assert_array_equal(drawn.extracted.features, extractor.extract(source.take(np.arange(30))).features)
    assert len(source.features(extractor, Selection(12, 0, file_order=True))) == 12


def test_the_samples_behind_rows(gaussian: RunFolder) -> None:
    extractor = PixelExtractor()
    for source in (ArraySource("x", "image", IMAGES), open_source(gaussian.path, device="cpu")):
        drawn = source.features(extractor, Selection(20, 3))
        shown = source.rows([4, 17], Selection(20, 3))
        np.testing.assert_array_equal(extractor.extract(shown).features, drawn.extracted.features[[4, 17]])


def test_batches_are_the_same_features(gaussian: RunFolder) -> None:
    extractor = PixelExtractor()
    for source in (ArraySource("x", "image", IMAGES), open_source(gaussian.path, device="cpu")):
        whole = source.features(extractor, Selection(25, 1)).extracted.features
        parts = [part.features for part in source.batches(extractor, Selection(25, 1), size=7)]
        assert [len(part) for part in parts] == [7, 7, 7, 4]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_statistics_have_no_rows(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", mu=np.zeros(4), sigma=np.eye(4))
    source = open_source(tmp_path / "s.npz")
    with pytest.raises(ScoreError, match="a mean and a covariance only"):
        source.features(PixelExtractor(), Selection(10, 0))
    with pytest.raises(ScoreError, match="holds no samples to show"):
        source.rows([0], Selection(10, 0))
    with pytest.raises(ScoreError, match="a mean and a covariance only"):
        source.batches(PixelExtractor(), Selection(10, 0))


def test_progress_reaches_the_end(gaussian: RunFolder) -> None:
    seen: list[tuple[str, int, int | None]] = []
    source = open_source(gaussian.path, device="cpu")
    source.features(PixelExtractor(), Selection(300, 0), lambda *s: seen.append(s))
    assert seen == [("sampling", 256, 300), ("sampling", 300, 300)]
    seen.clear()
    list(source.batches(PixelExtractor(), Selection(300, 0), lambda *s: seen.append(s), size=200))
    assert seen == [("sampling", 200, 300), ("sampling", 300, 300)]
    seen.clear()
    list(ArraySource("x", "image", IMAGES).batches(PixelExtractor(), Selection(30, 0), lambda *s: seen.append(s), 20))
    assert seen == [("reading", 20, 30), ("reading", 30, 30)]


def test_what_each_kind_answers(gaussian: RunFolder, tmp_path: Path) -> None:
    """Size of 50 wanted, rows there are, and the form; nothing that scores them needs to know more."""
    np.savez(tmp_path / "x.npz", x=IMAGES)
    np.savez(tmp_path / "f.npz", features=np.ones((60, 4), np.float32))
    np.savez(tmp_path / "s.npz", mu=np.zeros(4), sigma=np.eye(4), n=np.array(70))
    np.savez(tmp_path / "u.npz", mu=np.zeros(4), sigma=np.eye(4))
    sources = [open_source(path, device="cpu") for path in (gaussian.path, *(tmp_path / f"{s}.npz" for s in "xfsu"))]
    assert [source.size(50) for source in sources] == [50, 30, 50, 70, 0]
    assert [source.length for source in sources] == [None, 30, 60, None, None]
    assert [source.form and source.form.shape for source in sources] == [(1, 8, 8), (1, 8, 8), None, None, None]
    assert [source.generator is not None for source in sources] == [True, False, False, False, False]
    assert [source.statistics is not None for source in sources] == [False, False, False, True, True]


def test_features_of_a_file_come_with_logits_and_labels(tmp_path: Path) -> None:
    features = RNG.normal(size=(60, 4)).astype(np.float32)
    logits, labels = RNG.normal(size=(60, 3)), np.arange(60) % 3
    np.savez(tmp_path / "f.npz", features=features, logits=logits, labels=labels)
    source = open_source(tmp_path / "f.npz")
    drawn = source.features(PixelExtractor(), Selection(60, 0))
    rows = [int(np.flatnonzero((features == row).all(axis=1))[0]) for row in drawn.extracted.features]
    assert sorted(rows) == list(range(60))
    assert drawn.extracted.logits is not None
    np.testing.assert_array_equal(drawn.extracted.logits, logits[rows])
    np.testing.assert_array_equal(drawn.labels, labels[rows])


@pytest.mark.parametrize("name", ["logits", "labels"])
def test_rows_of_equal_features_are_told_apart_by_the_rest(name: str, tmp_path: Path) -> None:
    """Else their order would be that of the file, and a score would depend on it."""
    rest = {"logits": RNG.normal(size=(60, 3)), "labels": RNG.permutation(60)}[name]
    found = []
    for i, order in enumerate((np.arange(60), RNG.permutation(60))):
        np.savez(tmp_path / f"{i}.npz", features=np.ones((60, 4), np.float32), **{name: rest[order]})
        drawn = open_source(tmp_path / f"{i}.npz").features(PixelExtractor(), Selection(60, 0))
        found.append(drawn.extracted.logits if name == "logits" else drawn.labels)
    np.testing.assert_array_equal(found[0], found[1])


def test_a_digest_is_of_form_type_and_values() -> None:
    x = np.arange(6, dtype=np.float32)
    digests = {
        digest_of(x),
        digest_of(x.reshape(2, 3)),
        digest_of(x.astype(np.float64)),
        digest_of(x.view(np.int32)),
        digest_of(x + 1),
        digest_of(x, x),
    }
    assert len(digests) == 6
    assert all(len(digest) == 12 for digest in digests)
    assert digest_of(x.reshape(2, 3).T) == digest_of(np.ascontiguousarray(x.reshape(2, 3).T))
