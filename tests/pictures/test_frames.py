"""The time of a training as an animation and as a strip: how many frames, their sizes, colours and names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.lettering import legible, margin_of
from ganzoo.pictures.frames import LAST_MILLISECONDS, MILLISECONDS, SHOWN, save_animation, save_strip

STEPS = (1, 30, 1_000)
NAMES = ["step 1", "step 30", "step 1,000"]
HEAD = 24
"""Pixels of a frame's name."""
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 1, 8, 8), np.uint8)
POINTS = np.random.default_rng(0).normal(size=(3, 50, 2)).astype(np.float32)
SPREAD = np.random.default_rng(1).uniform(-2, 2, (80, 2)).astype(np.float32)


def opened(path: Path) -> tuple[list[np.ndarray], list[int]]:
    """The frames of an animation, uint8 [H, W, 3], and how long each is seen."""
    pages, lengths = [], []
    with Image.open(path) as image:
        assert image.info["loop"] == 0, "it repeats without end"
        for i in range(image.n_frames):
            image.seek(i)
            pages.append(np.asarray(image.convert("RGB")))
            lengths.append(image.info["duration"])
    return pages, lengths


def squares(page: np.ndarray, columns: int) -> np.ndarray:
    """The 8×8 pictures of a grid below a name: uint8 [columns², 8, 8]."""
    starts = range(2, 42 * columns, 42)
    return np.array(
        [page[HEAD + top : HEAD + top + 40 : 5, left : left + 40 : 5, 0] for top in starts for left in starts]
    )


def test_grey_frames_have_every_grey_as_it_was(tmp_path: Path) -> None:
    save_animation(STEPS, IMAGES, tmp_path / "a.gif")
    pages, lengths = opened(tmp_path / "a.gif")
    assert lengths == [MILLISECONDS, MILLISECONDS, LAST_MILLISECONDS]
    assert [page.shape for page in pages] == [(HEAD + 4 * 42 + 2, 4 * 42 + 2, 3)] * 3
    for page, x in zip(pages, IMAGES, strict=True):
        np.testing.assert_array_equal(squares(page, 4), x[:, 0])
    heads = [page[:HEAD] for page in pages]
    assert all((head > 128).any() for head in heads)
    assert not np.array_equal(heads[0], heads[1])


def test_frames_are_as_wide_as_the_longest_name(tmp_path: Path) -> None:
    save_animation((1, 10**9), IMAGES[:2, :1], tmp_path / "a.gif")
    pages, _ = opened(tmp_path / "a.gif")
    assert pages[0].shape == pages[1].shape
    assert pages[0].shape[1] > 2 * 44


def test_equal_frames_are_all_there(tmp_path: Path) -> None:
    """A generator that stands still has as many: each has a name of its own."""
    save_animation(STEPS, np.zeros_like(IMAGES), tmp_path / "a.gif")
    assert len(opened(tmp_path / "a.gif")[0]) == 3


def test_colours_are_as_they_were_or_near(tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, 8, dtype=np.uint8)
    x = np.zeros((2, 16, 3, 8, 8), np.uint8)
    x[0, :, 0], x[1, :, 2] = ramp, ramp
    save_animation((1, 3), x, tmp_path / "a.gif")
    pages, _ = opened(tmp_path / "a.gif")
    first, second = (page[HEAD + 2 : HEAD + 42 : 5, 2:42:5].astype(int) for page in pages)
    assert np.abs(first - x[0, 0].transpose(1, 2, 0)).max() <= 4
    assert np.abs(second - x[1, 0].transpose(1, 2, 0)).max() <= 4


def blue(page: np.ndarray) -> int:
    """How many pixels are."""
    return int((page[..., 2].astype(int) > page[..., 0].astype(int) + 60).sum())


def test_points_are_on_one_scale_in_front_of_the_data(tmp_path: Path) -> None:
    far = POINTS.copy()
    far[0] += 1000
    save_animation(STEPS, POINTS, tmp_path / "a.gif", SPREAD)
    save_animation(STEPS, far, tmp_path / "far.gif", SPREAD)
    (pages, _), (others, _) = opened(tmp_path / "a.gif"), opened(tmp_path / "far.gif")
    assert {page.shape for page in pages} == {(430, 400, 3)}
    for page, other in zip(pages[1:], others[1:], strict=True):
        assert np.abs(page.astype(int) - other).mean() < 0.05, "one that lies far away does not change the scale"
    assert [blue(page) > 100 for page in (*pages, *others)] == [True, True, True, False, True, True]
    save_animation(STEPS, POINTS, tmp_path / "bare.gif")
    assert len(opened(tmp_path / "bare.gif")[0]) == 3


@pytest.mark.parametrize("save", [save_animation, save_strip])
@pytest.mark.parametrize(("x", "behind"), [(IMAGES, None), (IMAGES.repeat(3, axis=2), None), (POINTS, SPREAD)])
def test_the_same_samples_give_the_same_bytes(save: object, x: np.ndarray, behind: object, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        save(STEPS, x, tmp_path / name, behind)  # type: ignore[operator]
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_a_strip_has_a_row_for_each_step(tmp_path: Path) -> None:
    save_strip(STEPS, IMAGES, tmp_path / "a.png")
    pixels = np.asarray(Image.open(tmp_path / "a.png"))[..., 0]
    margin = margin_of(legible(NAMES))
    assert pixels.shape == (3 * 44, margin + SHOWN * 42 + 2)
    for row, x in enumerate(IMAGES):
        for column in range(SHOWN):
            top, left = 44 * row + 2, margin + 42 * column + 2
            np.testing.assert_array_equal(pixels[top : top + 40 : 5, left : left + 40 : 5], x[column, 0])
        assert (pixels[44 * row : 44 * row + 44, :margin] > 128).any()


@pytest.mark.parametrize(("n", "size"), [(1, (210, 230)), (3, (630, 230)), (4, (630, 460))])
def test_a_strip_of_points_has_a_plot_for_each_step(n: int, size: tuple[int, int], tmp_path: Path) -> None:
    save_strip(range(1, n + 1), POINTS[:1].repeat(n, axis=0), tmp_path / "a.png", SPREAD)
    assert Image.open(tmp_path / "a.png").size == size


def test_points_on_a_line_and_in_one_place_can_be_drawn(tmp_path: Path) -> None:
    save_strip((1,), np.ones((1, 5, 1), np.float32), tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (210, 230)
