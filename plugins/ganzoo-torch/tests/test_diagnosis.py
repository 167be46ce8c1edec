"""Trainings made to fail, each in one way, and one that is sound: what ``ganzoo.diagnose`` calls them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.errors import Diverged

BASE = {"net": "mlp", "norm_g": "none", "z_dim": 2, "batch": 32, "hidden": 32, "beta1": 0.5}
ON_DIGITS = BASE | {"batch": 16, "z_dim": 8}


def diagnosed(runs: Path, data: str, options: dict[str, Any], seed: int = 0) -> dict[str, tuple[str, str]]:
    """Each failure that is named after a training, with how sure it is and the option to try."""
    with contextlib.suppress(Diverged):
        ganzoo.train("gan", data, options=options, runs=runs, seed=seed)
    (manifest,) = runs.glob("*/*/*/run.json")
    found = ganzoo.diagnose(manifest.parent)
    assert found == ganzoo.diagnose(manifest.parent)
    return {verdict.failure: (verdict.sure, verdict.advice.option) for verdict in found.verdicts}


def test_a_discriminator_much_faster_than_its_generator_is_too_strong(tmp_path: Path) -> None:
    fast = ON_DIGITS | {"batch": 8, "hidden": 16, "steps": 800, "lr_d": 2e-3, "lr_g": 1e-6}
    assert diagnosed(tmp_path, "digits", fast) == {"discriminator too strong": ("likely", "lr_d=1e-06")}


def test_a_minimax_generator_gets_no_gradient_of_a_strong_discriminator(tmp_path: Path) -> None:
    saturating = BASE | {"hidden": 16, "steps": 800, "loss": "minimax", "lr_d": 5e-3, "lr_g": 1e-5}
    assert diagnosed(tmp_path, "ring", saturating) == {
        "vanishing gradients": ("likely", "loss=nonsaturating"),
        "discriminator too strong": ("likely", "loss=nonsaturating"),
    }


def test_steps_of_momentum_that_are_far_too_large_explode(tmp_path: Path) -> None:
    large = BASE | {"steps": 200, "optimiser": "sgd", "beta1": 0.9, "lr_g": 0.1, "lr_d": 0.1}
    assert diagnosed(tmp_path, "ring", large) == {"exploding gradients": ("certain", "lr_d=0.01")}


def test_a_generator_far_too_fast_saturates(tmp_path: Path) -> None:
    fast = ON_DIGITS | {"steps": 400, "lr_g": 0.3, "lr_d": 1e-3}
    assert diagnosed(tmp_path, "digits", fast)["vanishing gradients"] == ("certain", "lr_g=0.001")


def test_momentum_and_large_steps_go_round_in_circles(tmp_path: Path) -> None:
    """Of three seeds some do: which ones, and which collapse at last, hangs on the last bits of a machine."""
    circling = ON_DIGITS | {"steps": 1200, "lr_g": 5e-3, "lr_d": 5e-3, "beta1": 0.9}
    found = [diagnosed(tmp_path / str(seed), "digits", circling, seed) for seed in (0, 1, 3)]
    assert all(found), "none of them is sound"
    assert {each["oscillation"][1] for each in found if "oscillation" in each} == {"beta1=0.5"}


@pytest.mark.parametrize("loss", ["nonsaturating", "minimax", "hinge", "lsgan", "relativistic"])
def test_a_sound_training_has_no_verdict(loss: str, tmp_path: Path) -> None:
    sound = BASE | {"hidden": 16, "steps": 800, "loss": loss, "lr_g": 1e-3, "lr_d": 1e-3}
    assert diagnosed(tmp_path, "ring", sound) == {}


def test_gradients_are_in_the_log(tmp_path: Path) -> None:
    run = ganzoo.train("gan", "ring", options=BASE | {"steps": 100}, runs=tmp_path)
    assert (run.path / "log.csv").read_text().splitlines()[0] == "step,d_loss,g_loss,d_grad,g_grad"
