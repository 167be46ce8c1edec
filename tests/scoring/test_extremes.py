"""The picture of extremes: both kinds at their places, numbers below, points, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import ScoreError
from ganzoo.scoring.extremes import extremes_picture


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def flat(values: list[int], channels: int = 1, side: int = 8) -> np.ndarray:
    return np.array(values, np.uint8)[:, None, None, None] * np.ones((1, channels, side, side), np.uint8)


def test_the_best_are_above_the_line_and_the_worst_below(tmp_path: Path) -> None:
    extremes_picture(flat([200, 150]), flat([20, 60]), [3.0, 2.0, 0.1, 0.2], tmp_path / "x.png")
    shown = pixels(tmp_path / "x.png")
    # A picture is 2 + 40 + 2 pixels wide, after a margin of 10; a part is 10 + 44 + 18 + 10 high, the line 4.
    assert shown.shape == (82 + 4 + 82, 10 + 2 * 54, 3)
    assert [shown[30, x, 0] for x in (30, 84)] == [200, 150]
    assert (shown[82:86] == 200).all()
    assert [shown[86 + 30, x, 0] for x in (30, 84)] == [20, 60]


def test_outside_of_every_ball_is_red_and_a_copy_is_called_real(tmp_path: Path) -> None:
    for name, value in (("inside", 1.0), ("outside", 0.99), ("copy", 1e6)):
        extremes_picture(flat([0]), flat([0]), [value, 0.5], tmp_path / f"{name}.png")
    inks = {}
    for name in ("inside", "outside", "copy"):
        caption = pixels(tmp_path / f"{name}.png")[54:72].reshape(-1, 3)
        inks[name] = caption[caption[:, 0] > 200]
    assert (inks["outside"][:, 0] - inks["outside"][:, 2] > 50).all()
    assert not (inks["inside"][:, 0] - inks["inside"][:, 2] > 50).any()
    assert len(inks["copy"]) != len(inks["inside"])


@pytest.mark.parametrize("d", [1, 3])
def test_points_are_drawn_in_two_colours(tmp_path: Path, d: int) -> None:
    x = np.random.default_rng(0).standard_normal((30, d))
    extremes_picture(x, x + 4, [2.0] * 30 + [0.1] * 30, tmp_path / "x.png")
    shown = pixels(tmp_path / "x.png")
    assert shown.shape == (500, 500, 3)
    assert (shown[..., 0] - shown[..., 2] > 80).sum() > 30
    assert (shown[..., 2] - shown[..., 0] > 80).sum() > 30


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    for best, worst, values in (
        (flat([1]), flat([1, 2]), [1.0]),
        (flat([1]), flat([1]), [1.0]),
        (flat([]), flat([]), []),
    ):
        with pytest.raises(ScoreError, match="Extremes are equally many"):
            extremes_picture(best, worst, values, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
