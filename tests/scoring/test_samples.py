"""Opening whatever can be scored, and how its rows are chosen."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import DataError, GanzooError, ModelError, ScoreError, UsageError
from ganzoo.extractors.base import PixelExtractor
from ganzoo.generator.foreign import Reading
from ganzoo.metrics.sums import FeatureSums
from ganzoo.scoring.features import features_of, in_batches, samples_at
from ganzoo.scoring.fitting import size_notes
from ganzoo.scoring.samples import (
    ArraySource,
    FeatureSource,
    FolderSource,
    GeneratorSource,
    StatisticsSource,
    open_source,
)
from ganzoo.scoring.statistics_file import save_statistics
from ganzoo.training.runs import RunFolder

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (30, 1, 8, 8)).astype(np.uint8)


def write_folder(root: Path, images: Any = IMAGES, classes: int = 0) -> Path:
    for i, image in enumerate(images):
        folder = root / f"c{i * classes // len(images)}" if classes else root
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(folder / f"{i:03}.png")
    return root


def test_a_run_folder_and_its_file_are_the_same(gaussian: RunFolder) -> None:
    folder, file = (open_source(path, device="cpu") for path in (gaussian.path, gaussian.file("generator.onnx")))
    assert isinstance(folder, GeneratorSource)
    assert isinstance(file, GeneratorSource)
    assert folder.digest == file.digest == gaussian.manifest().onnx_sha256[:12]


def test_a_folder_and_an_npz_hold_the_same_samples(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=IMAGES)
    folder, npz = open_source(write_folder(tmp_path / "images")), open_source(tmp_path / "x.npz")
    assert isinstance(folder, FolderSource)
    assert isinstance(npz, ArraySource)
    assert len(folder) == len(npz) == 30
    np.testing.assert_array_equal(folder.take(np.arange(30)), npz.take(np.arange(30)))
    assert folder.shape == npz.shape == (1, 8, 8)


def test_a_digest_is_of_the_content(tmp_path: Path) -> None:
    first, second = write_folder(tmp_path / "a"), write_folder(tmp_path / "b")
    assert open_source(first).digest == open_source(second).digest
    Image.fromarray(255 - IMAGES[3, 0]).save(second / "003.png")
    assert open_source(first).digest != open_source(second).digest


def test_classes_of_a_folder_are_labels(tmp_path: Path) -> None:
    source = open_source(write_folder(tmp_path, classes=3))
    assert isinstance(source, FolderSource)
    assert source.labels is not None
    assert source.labels.tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_features_and_statistics_are_told_apart(tmp_path: Path) -> None:
    x = RNG.normal(size=(40, 6)).astype(np.float32)
    np.savez(tmp_path / "features.npz", features=x)
    sums = FeatureSums(6)
    sums.add(x.astype(np.float64))
    save_statistics(tmp_path / "own.npz", sums, extractor="pixels", extractor_sha256="abc", source="x")
    np.savez(tmp_path / "other.npz", mu=x.mean(0), sigma=np.cov(x.T))
    features, own, other = (open_source(tmp_path / f"{name}.npz") for name in ("features", "own", "other"))
    assert isinstance(features, FeatureSource)
    assert isinstance(own, StatisticsSource)
    assert isinstance(other, StatisticsSource)
    assert own.saved.moments.n == 40
    assert other.saved.moments.n is None
    assert own.saved.extractor == "pixels"


STATISTICS = {"mu": np.zeros(64), "sigma": np.eye(64)}
FEATURES = {"features": np.ones((60, 64), np.float32)}


@pytest.mark.parametrize(
    ("arrays", "kind", "sentence"),
    [
        ({"arr_0": IMAGES, **STATISTICS}, ArraySource, "samples (arr_0) and statistics (mu, sigma): the samples are"),
        ({"x": IMAGES, **STATISTICS}, ArraySource, "samples (x) and statistics (mu, sigma): the samples are"),
        ({"x": IMAGES, **FEATURES}, FeatureSource, "features (features) and samples (x): the features are"),
        ({**FEATURES, **STATISTICS}, FeatureSource, "features (features) and statistics (mu, sigma): the features are"),
        (
            {"images": IMAGES, **FEATURES, **STATISTICS},
            FeatureSource,
            "features (features), samples (images) and statistics (mu, sigma): the features are",
        ),
    ],
)
def test_a_file_that_holds_several_says_what_is_used(
    arrays: dict[str, Any], kind: type, sentence: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    source = open_source(tmp_path / "x.npz")
    assert isinstance(source, kind)
    assert source.said == (f"x.npz holds {sentence} used",)


@pytest.mark.parametrize("arrays", [{"x": IMAGES, "mu": np.zeros(4)}, FEATURES, STATISTICS])
def test_a_file_that_holds_one_thing_says_nothing(arrays: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    assert open_source(tmp_path / "x.npz").said == ()


@pytest.mark.parametrize(
    ("name", "content", "kind", "words"),
    [
        ("x.txt", b"text", UsageError, "neither a run folder, an .onnx, .npz or .npy file nor a folder of images"),
        ("x.npz", b"text", DataError, "x.npz"),
        ("x.onnx", None, ModelError, "There is no file or folder"),
    ],
)
def test_what_is_none_of_these(
    name: str, content: bytes | None, kind: type[GanzooError], words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=words):
        open_source(tmp_path / name)


def test_flags_for_a_generator_need_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=IMAGES)
    with pytest.raises(UsageError, match="is no ONNX file: --latent"):
        open_source(tmp_path / "x.npz", reading=Reading(latents=("normal",)))


def test_rows_come_in_an_order_of_their_content(tmp_path: Path) -> None:
    extractor, labels = PixelExtractor(), np.repeat(np.arange(3), 10)
    drawn = features_of(ArraySource("x", "image", IMAGES, labels), extractor, 30, 0)
    assert drawn.asked is not None
    assert (np.diff(drawn.asked) < 0).any(), "metrics that look at the first rows must see every class"
    assert sorted(drawn.asked.tolist()) == labels.tolist()
    order = np.random.default_rng(1).permutation(30)
    for n in (30, 12):
        mixed = features_of(ArraySource("x", "image", IMAGES[order], labels[order]), extractor, n, 0)
        np.testing.assert_array_equal(mixed.extracted.features, drawn.extracted.features[:n])
        np.testing.assert_array_equal(mixed.asked, drawn.asked[:n])


def test_another_seed_or_side_has_another_order() -> None:
    source, extractor = ArraySource("x", "image", IMAGES), PixelExtractor()
    first = features_of(source, extractor, 30, 0).extracted.features
    for other in (
        features_of(source, extractor, 30, 1),
        features_of(source, extractor, 30, 0, purpose="reference"),
        features_of(source, extractor, 30, 0, filed=True),
    ):
        assert not np.array_equal(other.extracted.features, first)


def test_rows_stay_as_filed_for_other_tools() -> None:
    source, extractor = ArraySource("x", "image", IMAGES, np.repeat(np.arange(3), 10)), PixelExtractor()
    drawn = features_of(source, extractor, 30, 0, filed=True)
    np.testing.assert_array_equal(drawn.extracted.features, extractor.extract(source.take(np.arange(30))).features)
    assert len(features_of(source, extractor, 12, 0, filed=True)) == 12


def test_the_samples_behind_rows(gaussian: RunFolder) -> None:
    extractor = PixelExtractor()
    for source in (ArraySource("x", "image", IMAGES), open_source(gaussian.path, device="cpu")):
        drawn = features_of(source, extractor, 20, 3)
        shown = samples_at(source, [4, 17], 20, 3)
        np.testing.assert_array_equal(extractor.extract(shown).features, drawn.extracted.features[[4, 17]])


def test_batches_are_the_same_features(gaussian: RunFolder) -> None:
    extractor = PixelExtractor()
    for source in (ArraySource("x", "image", IMAGES), open_source(gaussian.path, device="cpu")):
        whole = features_of(source, extractor, 25, 1).extracted.features
        parts = [part.features for part in in_batches(source, extractor, 25, 1, size=7)]
        assert [len(part) for part in parts] == [7, 7, 7, 4]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_statistics_have_no_rows(tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", mu=np.zeros(4), sigma=np.eye(4))
    source = open_source(tmp_path / "s.npz")
    with pytest.raises(ScoreError, match="a mean and a covariance only"):
        features_of(source, PixelExtractor(), 10, 0)
    with pytest.raises(ScoreError, match="holds no samples to show"):
        samples_at(source, [0], 10, 0)


def test_progress_reaches_the_end(gaussian: RunFolder) -> None:
    seen: list[tuple[str, int, int | None]] = []
    features_of(open_source(gaussian.path, device="cpu"), PixelExtractor(), 300, 0, progress=lambda *s: seen.append(s))
    assert seen == [("sampling", 256, 300), ("sampling", 300, 300)]


def images(name: str, *shape: int) -> ArraySource:
    return ArraySource(name, "image", np.zeros((2, *shape), np.uint8))


def test_notes_on_images_that_the_extractor_makes_alike(gaussian: RunFolder) -> None:
    one = images("a", 1, 16, 16)
    assert size_notes(one, images("b", 1, 16, 16), PixelExtractor()) == ()
    assert size_notes(one, images("b", 3, 16, 16), PixelExtractor()) == (
        "a is grey, b has colour: its one channel is repeated",
    )
    assert size_notes(images("b", 3, 16, 16), one, PixelExtractor()) == (
        "a is grey, b has colour: its one channel is repeated",
    )
    as_they_are = SimpleNamespace(name="free", size=None)
    assert size_notes(one, images("b", 1, 20, 10), as_they_are) == (  # type: ignore[arg-type]
        "a has 16×16 pixels, b 10×20: the extractor 'free' takes both as they are",
    )
    generator = open_source(gaussian.path, device="cpu")
    assert size_notes(generator, one, PixelExtractor()) == (
        f"{generator.name} has 8×8 pixels, a 16×16: both are resized to 8×8",
    )
    points = ArraySource("p", "points", np.zeros((2, 2), np.float32))
    assert size_notes(points, points, PixelExtractor()) == ()
