"""Which games reach the Dirac-GAN's equilibrium, as Mescheder et al. 2018 prove (sections 2 and 4)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ganzoo_torch import dirac
from PIL import Image


def radii(*game: object, **more: float) -> torch.Tensor:
    """The distance from the equilibrium after each step."""
    return dirac.path(*game, **more).norm(dim=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("loss", ["minimax", "wasserstein"])
def test_without_a_penalty_it_circles(loss: str) -> None:
    found = radii(loss, steps=800)
    assert found.min() > 1.3
    assert found.max() < 1.5


def test_non_saturating_comes_nearer_but_not_at_a_linear_rate() -> None:
    found = radii("nonsaturating", steps=1600)
    assert found[-1] < 0.4
    assert found[1600] / found[800] > 0.5


@pytest.mark.parametrize(("loss", "penalty"), [("wasserstein", "gp"), ("nonsaturating", "dragan")])
def test_a_slope_of_one_at_the_data_keeps_it_away(loss: str, penalty: str) -> None:
    assert radii(loss, penalty, 0.25, steps=1000)[500:].min() > 0.5


@pytest.mark.parametrize("penalty", ["r1", "r2", "r1+r2", "zero-centred"])
@pytest.mark.parametrize("loss", ["nonsaturating", "minimax", "wasserstein", "hinge", "relativistic"])
def test_a_slope_of_zero_at_the_data_brings_it_home(loss: str, penalty: str) -> None:
    assert radii(loss, penalty, 0.5, steps=800)[-1] < 1e-3


def test_instance_noise_brings_it_home() -> None:
    found = radii("nonsaturating", noise=1.0, steps=1000)
    assert found[-100:].mean() < 0.1


def test_the_picture_shows_every_game(tmp_path: Path) -> None:
    dirac.main(["-o", str(tmp_path / "paths.png"), "--steps", "20"])
    assert Image.open(tmp_path / "paths.png").size == (720, 768)
