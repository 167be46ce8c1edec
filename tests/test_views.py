from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import ganzoo
from ganzoo.errors import UsageError
from ganzoo.training.runs import RunFolder


def test_from_python(gaussian: RunFolder, tmp_path: Path) -> None:
    drawn = ganzoo.picture(gaussian.path, tmp_path / "way.png", 2, interpolate=4, device="cpu")
    assert (drawn.path, drawn.samples, drawn.variant) == (tmp_path / "way.png", 8, "gaussian")
    assert ganzoo.picture(gaussian.path, tmp_path / "grid.png", grid=(2, 3), device="cpu").samples == 6
    assert Image.open(tmp_path / "grid.png").size == (3 * 42 + 2, 2 * 42 + 2)
    with pytest.raises(UsageError, match=r"A picture is written as \.png, not as 'x\.npz'"):
        ganzoo.picture(gaussian.path, tmp_path / "x.npz")


def test_an_animation_from_python(stepped: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    drawn = ganzoo.picture(stepped.path, gif=True)
    assert (drawn.path, drawn.samples, drawn.frames, drawn.variant) == (Path("samples.gif"), 16, 5, "stepper")
    with Image.open("samples.gif") as image:
        assert image.n_frames == 5
    assert ganzoo.picture(stepped.path, n=4, device="cpu").path == Path("samples.png")
    with pytest.raises(UsageError, match=r"An animation is written as \.gif, not as 'x\.png'"):
        ganzoo.picture(stepped.path, tmp_path / "x.png", gif=True)
    for given in ({"n": 3}, {"seed": 1}, {"label": 0}):
        with pytest.raises(UsageError, match="has no say in a GIF"):
            ganzoo.picture(stepped.path, gif=True, **given)
