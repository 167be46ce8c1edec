"""One image file as an array."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.data.decoding import read_header, read_image
from ganzoo.errors import DataError
from ganzoo.limits import VARIABLE

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


def test_an_image_is_measured_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (200, 100)).save(tmp_path / "a.png")
    monkeypatch.setenv(VARIABLE, "479999")
    for read in (read_header, read_image):
        with pytest.raises(DataError, match=r"The image .*a.png, 100×200 pixels, would take 480 kB of memory"):
            read(tmp_path / "a.png")
    monkeypatch.setenv(VARIABLE, "480000")
    assert read_image(tmp_path / "a.png").shape == (3, 100, 200)


def test_the_bound_of_pillow_gives_way_to_ours_and_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (200, 100)).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(tmp_path / "a.png").shape == (1, 100, 200)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_large_images_are_decoded_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (20, 10)).save(tmp_path / "a.png")
    monkeypatch.setattr("ganzoo.data.decoding._LARGE", 199)
    taken = []

    class Lock:
        def __enter__(self) -> None:
            taken.append(True)

        def __exit__(self, *error: object) -> None:
            taken.append(False)

    monkeypatch.setattr("ganzoo.data.decoding._ALONE", Lock())
    read_image(tmp_path / "a.png")
    assert taken == [True, False]
    monkeypatch.setattr("ganzoo.data.decoding._LARGE", 200)
    read_image(tmp_path / "a.png")
    assert taken == [True, False]


def test_other_formats_are_not_opened_whatever_the_ending(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.eps")
    (tmp_path / "a.eps").rename(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png cannot be read"):
        read_image(tmp_path / "a.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "b.bmp")
    (tmp_path / "b.bmp").rename(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").shape == (3, 8, 8)
