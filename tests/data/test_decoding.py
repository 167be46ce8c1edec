"""One image file as an array."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.decoding import read_image
from ganzoo.errors import DataError

RNG = np.random.default_rng(4)


def test_transparency_is_composited_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, 0] = (10, 20, 30, 255)
    rgba[1, 1] = (0, 0, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    x = read_image(tmp_path / "a.png")
    assert x[:, 0, 0].tolist() == [10, 20, 30]
    assert x[:, 0, 1].tolist() == [255, 255, 255]
    assert x[:, 1, 1].tolist() == [127, 127, 127]
    Image.fromarray(np.array([[[9, 255], [9, 0]]], np.uint8), "LA").save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").tolist() == [[[9, 255]]]


def test_sixteen_bit_grey_is_rounded(tmp_path: Path) -> None:
    values = np.array([[0, 128, 129, 257, 65535, 40000]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[0, 0, 1, 1, 255, 156]]]
    Image.fromarray(np.array([[70000]], np.int32)).save(tmp_path / "b.tiff")
    with pytest.raises(DataError, match="beyond 16 bits"):
        read_image(tmp_path / "b.tiff")
    Image.fromarray(np.array([[0.5]], np.float32)).save(tmp_path / "c.tiff")
    with pytest.raises(DataError, match="floating-point"):
        read_image(tmp_path / "c.tiff")


def test_palette_cmyk_and_bilevel(tmp_path: Path) -> None:
    source = Image.new("RGB", (3, 2), (200, 10, 30))
    source.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png")[:, 0, 0].tolist() == [200, 10, 30]
    source.convert("CMYK").save(tmp_path / "c.tiff")
    assert read_image(tmp_path / "c.tiff")[:, 0, 0].tolist() == [200, 10, 30]
    Image.new("1", (3, 2), 1).save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").tolist() == [[[255] * 3] * 2]


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff"])
def test_corrupt_image_is_named(tmp_path: Path, suffix: str) -> None:
    noise = Image.fromarray(RNG.integers(256, size=(40, 40, 3), dtype=np.uint8))
    path = tmp_path / f"a.{suffix}"
    noise.save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"The image .*a\.{suffix} cannot be read"):
            read_image(path)
