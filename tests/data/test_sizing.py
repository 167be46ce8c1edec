"""Images of any size at one size: the three fits, the kernel, and how a sizing is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ganzoo.data.sizing import FITS, Fit, Sizing, parse_sizing, suggested
from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.types import Array

RNG = np.random.default_rng(7)


def image(*shape: int) -> Array:
    return RNG.integers(256, size=shape, dtype=np.uint8)


def weights(length: int, size: int) -> Array:
    """Keys (1981), equation 4, a = -0.5: a kernel as wide as the larger pixel, rows of sum 1, [size, length]."""
    step = length / size
    t = np.abs((np.arange(length) + 0.5 - (np.arange(size)[:, None] + 0.5) * step) / max(step, 1))
    near, far = 1.5 * t**3 - 2.5 * t**2 + 1, -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    found = np.where(t < 1, near, np.where(t < 2, far, 0))
    return found / found.sum(axis=1, keepdims=True)


def resized(x: Array, height: int, width: int) -> Array:
    return np.clip(weights(x.shape[1], height) @ x.astype(float) @ weights(x.shape[2], width).T, 0, 255)


@pytest.mark.parametrize("shape", [(1, 40, 30), (3, 40, 30), (3, 5, 7), (1, 200, 17)])
def test_the_kernel_is_the_cubic_one_of_the_extractors(shape: tuple[int, ...]) -> None:
    x = np.clip(np.cumsum(RNG.normal(0, 9, shape), axis=2) + 128, 0, 255).astype(np.uint8)
    made = Sizing(16, 12, "stretch").apply(x)
    assert made.dtype == np.uint8
    assert made.shape == (shape[0], 16, 12)
    assert np.abs(made - resized(x, 16, 12)).max() <= 2, "but for the rounding to bytes"


def test_crop_covers_and_is_cut_out_of_the_centre() -> None:
    wide, tall = image(3, 4, 8), image(1, 10, 4)
    np.testing.assert_array_equal(Sizing(4, 4, "crop").apply(wide), wide[:, :, 2:6])
    np.testing.assert_array_equal(Sizing(4, 4, "crop").apply(tall), tall[:, 3:7])
    large = image(1, 40, 80)
    assert np.abs(Sizing(10, 10, "crop").apply(large) - resized(large, 10, 20)[:, :, 5:15]).max() <= 2


def test_pad_fits_inside_on_white_in_the_centre() -> None:
    wide = image(3, 4, 8)
    made = Sizing(8, 8, "pad").apply(wide)
    np.testing.assert_array_equal(made[:, 2:6], wide)
    assert (made[:, [0, 1, 6, 7]] == 255).all()
    odd = Sizing(4, 7, "pad").apply(image(1, 4, 4))
    assert (odd[0] == 255).all(axis=0).tolist() == [True, False, False, False, False, True, True]


@pytest.mark.parametrize("fit", FITS)
def test_an_image_of_the_size_is_left_alone(fit: Fit) -> None:
    x = image(3, 6, 9)
    assert Sizing(6, 9, fit).apply(x) is x


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 1), (3, 1, 3000), (1, 3000, 1), (3, 2, 2)])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (5, 64), (64, 5)])
def test_any_image_becomes_any_size(fit: Fit, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    x = np.full(shape, 77, np.uint8)
    made = Sizing(*size, fit).apply(x)
    assert made.shape == (shape[0], *size)
    assert (made == 77).any()
    assert set(np.unique(made)) <= {77, 255}
    if fit != "pad":
        assert (made == 77).all()


@pytest.mark.parametrize(
    ("fit", "small"), [("crop", [(8, 9), (9, 8), (2, 100)]), ("stretch", [(8, 9), (2, 100)]), ("pad", [(8, 8)])]
)
def test_what_is_enlarged(fit: Fit, small: list[tuple[int, int]]) -> None:
    sizing = Sizing(9, 9, fit)
    assert all(sizing.enlarges(*each) for each in small)
    assert not any(sizing.enlarges(*each) for each in [(9, 9), (10, 9), (30, 20)])
    assert sizing.enlarges(2, 100) == (fit != "pad")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("size=64", Sizing(64, 64, "crop")),
        ("size=48x64", Sizing(48, 64, "crop")),
        ("fit=pad&size=64", Sizing(64, 64, "pad")),
        ("SIZE=48X64&Fit=STRETCH", Sizing(48, 64, "stretch")),
        ("size=064x64", Sizing(64, 64, "crop")),
    ],
)
def test_a_sizing_is_written_in_one_way(query: str, wanted: Sizing) -> None:
    assert parse_sizing(query, "x") == wanted
    assert parse_sizing(wanted.text, "x") == wanted


def test_the_height_comes_first() -> None:
    assert Sizing(48, 64, "pad").text == "size=48x64&fit=pad"
    assert Sizing(64, 64).text == "size=64&fit=crop"
    assert Sizing(48, 64).apply(image(1, 9, 9)).shape == (1, 48, 64)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "size=0",
            "'size=0' of faces is no size of 1 to 4096 pixels a side. Write size=64, or size=48x64 for 48 pixels",
        ),
        ("size=4097", "no size"),
        ("size=64x0", "no size"),
        ("size=64x", "no size"),
        ("size=-1", "no size"),
        ("size=6.5", "no size"),
        ("size=٦٤", "no size"),
        ("size=", "no size"),
        ("size=64&fit=zoom", "Unknown fit of faces 'zoom'. There is: crop, pad, stretch."),
        ("fit=pad", "'fit=pad' of faces needs a size, and there is none. Write 'folder:faces?size=64&fit=crop'"),
        ("siz=64", "Unknown setting of a folder of images 'siz'. Did you mean 'size'?"),
        ("size=64&size=32", "'size' stands twice behind the ? of faces."),
        ("64", "'64' behind the ? of faces is no KEY=VALUE. Write 'folder:faces?size=64&fit=crop'"),
        ("", "'' behind the ? of faces is no KEY=VALUE."),
        ("size=64&", "'' behind the ? of faces is no KEY=VALUE."),
    ],
)
def test_what_is_no_sizing(query: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        parse_sizing(query, "faces")


def test_the_size_that_is_proposed_is_a_usual_one_that_most_images_have() -> None:
    assert suggested([(300, 400), (500, 70), (9, 1000)]) == Sizing(64, 64)
    assert suggested([(40, 400), (33, 35), (500, 500)]) == Sizing(32, 32)
    assert suggested([(1, 1), (3, 2)]) == Sizing(8, 8)
