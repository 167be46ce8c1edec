"""The real side: what is kept, under which key, and that what is kept changes no number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from ganzoo.data.base import Dataset, Split
from ganzoo.extractors.base import PixelExtractor
from ganzoo.metrics.fid import frechet_distance, moments_distance, reference_target
from ganzoo.metrics.moments import moments
from ganzoo.scoring import reference
from ganzoo.scoring.reference import DatasetSide, SourceSide, cached
from ganzoo.scoring.samples import StatisticsSource
from ganzoo.scoring.statistics_file import SavedFeatures, SavedStatistics
from ganzoo.scoring.stored import ArraySource, FeatureSource
from ganzoo.types import DataSpec

RNG = np.random.default_rng(0)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache where everything is worth keeping."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reference, "WORTH_CACHING", -1.0)
    return tmp_path / "cache" / "references"


def dataset(seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    spec = DataSpec(name="toy", kind="image", shape=(1, 8, 8), classes=2)
    splits = [Split(spec, rng.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8), np.arange(n) % 2) for n in (60, 20)]
    return Dataset(spec, *splits)


class Counting(PixelExtractor):
    """An extractor that counts its calls."""

    calls = 0

    def extract(self, x: Any) -> Any:
        Counting.calls += 1
        return super().extract(x)


def test_what_is_kept_is_found_again(cache: Path) -> None:
    Counting.calls = 0
    first = DatasetSide(dataset()).build(Counting())
    asked = Counting.calls
    second = DatasetSide(dataset()).build(Counting())
    assert asked > 0
    assert Counting.calls == asked
    for name in ("real", "train", "heldout"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert len(list(cache.iterdir())) == 2, "one file per split"


@pytest.mark.parametrize("change", ["data", "extractor"])
def test_the_key_is_the_content(change: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = DatasetSide(dataset()).build(PixelExtractor())
    if change == "extractor":
        monkeypatch.setattr(PixelExtractor, "sha256", "another")
    second = DatasetSide(dataset(seed=1 if change == "data" else 0)).build(PixelExtractor())
    assert len(list(cache.iterdir())) == 4
    assert np.array_equal(first.real, second.real) == (change == "extractor")


def test_a_damaged_file_is_made_anew(cache: Path) -> None:
    first = DatasetSide(dataset()).build(PixelExtractor())
    for path in cache.iterdir():
        path.write_bytes(b"damaged")
    np.testing.assert_array_equal(DatasetSide(dataset()).build(PixelExtractor()).real, first.real)
    assert all(path.read_bytes() != b"damaged" for path in cache.iterdir())


def test_quick_work_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    DatasetSide(dataset()).build(PixelExtractor())
    assert not (tmp_path / "cache").exists()


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cache").write_text("a file, no folder")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reference, "WORTH_CACHING", -1.0)
    assert len(DatasetSide(dataset()).build(PixelExtractor()).real) == 60


def test_nothing_is_rounded(cache: Path) -> None:
    single = RNG.normal(size=(5, 3)).astype(np.float32).astype(np.float64)
    double = RNG.normal(size=(5, 3))
    for _ in range(2):
        found = cached(["x"], lambda: {"single": single, "double": double})
        np.testing.assert_array_equal(found["single"], single)
        np.testing.assert_array_equal(found["double"], double)
    (file,) = cache.iterdir()
    assert {name: array.dtype for name, array in load_file(file).items()} == {
        "single": np.float32,
        "double": np.float64,
    }, "what float32 holds takes half the room"


def test_a_cached_factor_gives_the_same_distance(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "WIDE", 8)
    side = SourceSide(FeatureSource("f", SavedFeatures(RNG.normal(size=(300, 8)).astype(np.float32))), 300)
    fake = RNG.normal(0.1, 1.1, (200, 8))
    values = [frechet_distance(reference_target(side.build(PixelExtractor())), fake).value for _ in range(2)]
    assert values[0] == values[1]
    assert values[0] == pytest.approx(frechet_distance(side.build(PixelExtractor()).real, fake).value, rel=1e-12)
    assert len(list(cache.iterdir())) == 1


def test_statistics_are_a_reference_for_the_distance_alone() -> None:
    x, fake = RNG.normal(size=(400, 5)), RNG.normal(0.5, 1, (300, 5))
    side = SourceSide(StatisticsSource("s", SavedStatistics("s", moments(x))), 1)
    reference = side.build(PixelExtractor())
    assert len(reference.real) == 0
    assert side.n_real == 400
    target = reference_target(reference)
    assert moments_distance(target, moments(fake)) == pytest.approx(frechet_distance(x, fake).value, rel=1e-10)


def test_training_samples_are_those_behind_the_features() -> None:
    extractor = PixelExtractor()
    x = RNG.integers(0, 256, (40, 1, 8, 8)).astype(np.uint8)
    for side in (DatasetSide(dataset()), SourceSide(ArraySource("x", "image", x, np.repeat([0, 1], 20)), 40)):
        rows = [3, 17, 0]
        shown = side.training_samples(rows)
        np.testing.assert_array_equal(extractor.extract(shown).features, side.build(extractor).train[rows])


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_a_part_of_the_reference_is_drawn_at_random(split: str) -> None:
    """Never the first rows: a dataset may be sorted by class."""
    data = dataset()
    samples = (data.train if split == "train" else data.heldout).scaled().reshape(-1, 64)

    def rows(seed: int) -> list[int]:
        real = DatasetSide(data, split, wanted=10, seed=seed).build(PixelExtractor()).real
        return [int(np.flatnonzero((np.abs(samples - row) < 1e-6).all(axis=1))[0]) for row in real]

    first, second = rows(0), rows(1)
    assert len(set(first)) == 10
    assert first == rows(0)
    assert sorted(first) != list(range(10))
    assert sorted(first) != sorted(second)


def test_what_a_source_is_as_a_reference() -> None:
    x = RNG.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)
    labels = np.repeat([0, 1, 2], [28, 28, 4])
    side = SourceSide(ArraySource("x", "image", x, labels), 20)
    assert side.split == "all"
    found = side.build(PixelExtractor())
    assert (len(found.real), len(found.train), len(found.heldout)) == (20, 20, 0)
    assert found.classes == 3, "classes are those of the whole source, whichever were drawn"
    assert found.labels is not None and set(found.labels) <= {0, 1, 2}
    statistics = SourceSide(StatisticsSource("s", SavedStatistics("s", moments(RNG.normal(size=(40, 3))))), 1)
    assert statistics.split == "statistics"


def test_a_cached_factor_is_of_these_rows_alone(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "WIDE", 4)
    source = FeatureSource("f", SavedFeatures(np.random.default_rng(4).normal(size=(90, 4))))
    means = [
        reference_target(SourceSide(source, n, seed).build(PixelExtractor())).mean
        for n, seed in ((50, 0), (50, 1), (80, 0))
    ]
    assert len({tuple(mean) for mean in means}) == 3


def test_progress_is_told_of_a_source() -> None:
    told: list[tuple[str, int, int | None]] = []
    x = RNG.integers(0, 256, (60, 1, 8, 8)).astype(np.uint8)
    SourceSide(ArraySource("x", "image", x), 60).build(PixelExtractor(), lambda *given: told.append(given))
    assert told[-1] == ("reading", 60, 60)
