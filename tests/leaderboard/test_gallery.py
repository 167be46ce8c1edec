"""The picture beside a leaderboard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.leaderboard import gallery
from ganzoo.lettering import legible
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry


@pytest.mark.parametrize("data", ["digits", "ring"])
def test_each_variant_is_drawn(tmp_path: Path, catalogue: Registry, zoo: Zoo, data: str) -> None:
    names = ("gaussian", "memoriser")
    shown = [(name, api.train(name, data, runs=tmp_path, registry=catalogue, zoo=zoo)) for name in names]
    assert gallery.write(shown, tmp_path / "a.png")
    assert gallery.write(shown[:1], tmp_path / "b.png")
    both, one = (np.asarray(Image.open(tmp_path / name)) for name in ("a.png", "b.png"))
    assert both.size > one.size
    assert both.std() > 10, "something is on it"
    before = (tmp_path / "a.png").read_bytes()
    gallery.write(shown, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == before


def test_without_a_run_there_is_no_picture(tmp_path: Path) -> None:
    assert not gallery.write([], tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()


def test_names_of_a_grid_that_begin_alike_are_told_apart() -> None:
    cells = [f"gan loss=nonsaturating norm=spectral penalty=r{i}" for i in (1, 2)]
    assert legible(cells, gallery.NAMES) == cells
    assert len(set(legible(cells))) == 1
