"""The picture of copies: every pair at its place, for images and for points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import ScoreError, StoreError
from ganzoo.scoring.copies import copies_picture


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def flat(values: list[int], channels: int = 1, side: int = 8) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, channels, side, side), np.uint8)


def test_a_sample_is_left_of_its_training_sample(tmp_path: Path) -> None:
    copies_picture(flat([50, 100]), flat([150, 200]), [0.5, 2.0], tmp_path / "copies.png")
    shown = pixels(tmp_path / "copies.png")
    # A pair of 8×8 pictures enlarged five times is 2 + 40 + 2 + 40 + 2 wide, after a margin of 10.
    assert [shown[30, x, 0] for x in (30, 72, 126, 168)] == [50, 150, 100, 200]
    assert shown.shape == (10 + 44 + 18 + 10, 10 + 2 * (86 + 10), 3)


def test_captions_of_memorised_samples_are_red(tmp_path: Path) -> None:
    copies_picture(flat([0, 0]), flat([0, 0]), [0.99, 1.0], tmp_path / "copies.png")
    captions = pixels(tmp_path / "copies.png")[54:72].astype(int)
    for left, red in ((10, True), (106, False)):
        colour = captions[:, left : left + 86].reshape(-1, 3)
        ink = colour[colour[:, 0] > 200]
        assert len(ink) > 10
        assert (ink[:, 0] - ink[:, 2] > 50).all() == red


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 28, 64])
def test_five_pairs_to_a_row_whatever_the_size(tmp_path: Path, channels: int, side: int) -> None:
    copies_picture(*[flat([90] * 7, channels, side)] * 2, np.ones(7), tmp_path / "copies.png")
    height, width, _ = pixels(tmp_path / "copies.png").shape
    assert width // 5 >= 2 * side
    assert width // 5 >= 80
    assert 2 * side < height < width


def test_floats_are_put_on_the_8_bit_grid(tmp_path: Path) -> None:
    x = flat([51, 255])
    for name, images in (("bytes", x), ("floats", x / np.float32(127.5) - 1)):
        copies_picture(images, images[::-1], [1.0, 2.0], tmp_path / f"{name}.png")
    assert (tmp_path / "bytes.png").read_bytes() == (tmp_path / "floats.png").read_bytes()


@pytest.mark.parametrize("d", [1, 2, 5])
def test_points_are_joined_to_their_training_points(tmp_path: Path, d: int) -> None:
    x = np.random.default_rng(0).standard_normal((30, d))
    copies_picture(x, x + 0.5, [0.5] * 15 + [2.0] * 15, tmp_path / "points.png")
    shown = pixels(tmp_path / "points.png").astype(int)
    assert shown.shape == (500, 500, 3)
    assert (shown[..., 0] - shown[..., 2] > 80).sum() > 30, "red lines of memorised points"
    assert (shown[..., 2] - shown[..., 0] > 80).sum() > 30, "blue rings of training points"


def test_infinite_ratios_are_shown(tmp_path: Path) -> None:
    copies_picture(flat([9]), flat([9]), [np.inf], tmp_path / "copies.png")
    assert (pixels(tmp_path / "copies.png")[54:72] > 200).any()


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="pairs"):
        copies_picture(flat([1, 2]), flat([1]), [1.0, 2.0], tmp_path / "x.png")
    with pytest.raises(ScoreError, match="1 ratios"):
        copies_picture(flat([1, 2]), flat([1, 2]), [1.0], tmp_path / "x.png")
    with pytest.raises(ScoreError, match="no pair"):
        copies_picture(flat([]), flat([]), [], tmp_path / "x.png")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Cannot write"):
        copies_picture(flat([1]), flat([1]), [1.0], tmp_path / "file" / "x.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
