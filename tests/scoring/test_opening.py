"""Opening whatever can be scored."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.errors import DataError, GanzooError, ModelError, UsageError
from ganzoo.generator.foreign import Reading
from ganzoo.metrics.sums import FeatureSums
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.samples import GeneratorSource, StatisticsSource
from ganzoo.scoring.statistics_file import save_statistics
from ganzoo.scoring.stored import ArraySource, FeatureSource, FolderSource
from ganzoo.training.runs import RunFolder
from ganzoo.types import SelfReported

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


def test_a_run_has_what_it_reported_and_its_file_alone_does_not(gaussian: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(gaussian.path, folder.path)
    own = (SelfReported(name="own", direction="up", help="h", value=1.5, se=0.5, n=7),)
    folder.write_manifest(msgspec.structs.replace(gaussian.manifest(), reported=own))
    assert open_source(folder.path, device="cpu").reported == own
    assert open_source(folder.file("generator.onnx"), device="cpu").reported == ()
    assert open_source(gaussian.path, device="cpu").reported == ()
    score = api.score(folder.path, "digits", n=200, metrics=["fid"])
    plain = api.score(gaussian.path, "digits", n=200, metrics=["fid"])
    assert (score.reported, plain.reported) == (own, ())
    assert (score.estimates, score.protocol_hash) == (plain.estimates, plain.protocol_hash)


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
    assert own.statistics.moments.n == 40
    assert other.statistics.moments.n is None
    assert own.statistics.extractor == "pixels"


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
    assert source.notes == (f"x.npz holds {sentence} used",)


@pytest.mark.parametrize("arrays", [{"x": IMAGES, "mu": np.zeros(4)}, FEATURES, STATISTICS])
def test_a_file_that_holds_one_thing_says_nothing(arrays: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    assert open_source(tmp_path / "x.npz").notes == ()


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


def test_a_dataset_is_its_training_split_with_its_classes() -> None:
    source = open_source("digits")
    assert isinstance(source, ArraySource)
    digits = api.dataset("digits")
    np.testing.assert_array_equal(source.x, digits.train.x)
    np.testing.assert_array_equal(source.labels, digits.train.y)
    assert source.class_names == digits.class_names == tuple("0123456789")
    assert (source.name, source.kind) == ("digits", "image")
    assert source.notes == (f"digits: the {len(digits.train)} samples of its training split are used",)


def test_equal_images_of_two_classes_have_one_order(tmp_path: Path) -> None:
    """Whichever class comes first by its name: what a row holds is its image and its class."""
    orders = []
    for names in (("a", "b"), ("b", "a")):
        root = tmp_path / "".join(names)
        for name in names:
            (root / name).mkdir(parents=True)
            for i in range(20):
                Image.fromarray(IMAGES[0, 0]).save(root / name / f"{i}.png")
        source = open_source(root)
        assert isinstance(source, FolderSource)
        assert source.labels is not None
        assert len(set(source.contents())) == 2, "the same image in two classes is two things"
        orders.append(sorted(source.contents()))
    assert orders[0] == orders[1]
