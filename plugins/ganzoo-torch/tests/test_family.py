"""The papers' choices on the shared blocks: each named variant plays the game that its options say."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ganzoo_torch import adversarial, fgan, lsgan
from ganzoo_torch.judges import Judge, usual_pair
from ganzoo_torch.lsgan import LsganOptions
from ganzoo_torch.models import lsgan as lsgan_model
from torch import nn

from ganzoo import testing

TINY: dict[str, Any] = {"steps": 2, "batch": 8, "z_dim": 3, "width": 4, "hidden": 8}
FAKE = torch.tensor([-0.9, 0.6, 1.4])


def game_of(monkeypatch: pytest.MonkeyPatch, module: Any, options: dict[str, Any], data: Any) -> adversarial.Game:
    """The rules by which a variant's training would be played."""
    seen: list[adversarial.Game] = []

    def spy(run: Any, build: Any, optimise: Any, game: adversarial.Game) -> nn.Module:
        seen.append(game)
        return nn.Identity()

    monkeypatch.setattr(adversarial, "train", spy)
    module.train(testing.memory_run(module.describe(), data, {**TINY, **options}))
    return seen[0]


@pytest.mark.parametrize(
    ("module", "options"),
    [(lsgan, {"norm": "batch"}), (fgan, {"norm": "batch"}), (lsgan, {"norm": "none"}), (fgan, {"norm": "layer"})],
)
def test_batch_norm_in_d_takes_two_passes_for_images_alone(
    monkeypatch: pytest.MonkeyPatch, module: Any, options: dict[str, Any]
) -> None:
    assert game_of(monkeypatch, module, options, testing.toy_images()).apart == (options["norm"] == "batch")
    assert not game_of(monkeypatch, module, options, testing.toy_points()).apart


def test_lsgan_has_both_codings_of_the_paper() -> None:
    binary = lsgan_model.objective(LsganOptions())
    pearson = lsgan_model.objective(LsganOptions(coding="pearson"))
    torch.testing.assert_close(binary.generator(FAKE, FAKE), 0.5 * (FAKE - 1).square().mean())
    torch.testing.assert_close(pearson.generator(FAKE, FAKE), 0.5 * FAKE.square().mean())
    torch.testing.assert_close(
        pearson.discriminator(FAKE, FAKE), 0.5 * ((FAKE - 1).square() + (FAKE + 1).square()).mean()
    )


@pytest.mark.parametrize(("divergence", "value"), [("kl", FAKE), ("reverse-kl", -torch.exp(-FAKE))])
def test_fgan_plays_for_the_divergence_that_its_option_names(
    monkeypatch: pytest.MonkeyPatch, divergence: str, value: torch.Tensor
) -> None:
    game = game_of(monkeypatch, fgan, {"divergence": divergence}, testing.toy_images())
    torch.testing.assert_close(game.objective.generator(FAKE, FAKE), -value.mean())


def test_fgans_generator_may_minimise_the_bound_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    game = game_of(monkeypatch, fgan, {"heuristic": False}, testing.toy_images())
    torch.testing.assert_close(game.objective.generator(FAKE, FAKE), -torch.exp(FAKE - 1).mean())


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (2,)])
def test_the_usual_pair_makes_and_judges_any_form(shape: tuple[int, ...]) -> None:
    g, d = usual_pair(shape, 3, width=4, hidden=8, norm="batch")
    x = g(torch.randn(4, 3))
    assert x.shape == (4, *shape)
    assert isinstance(d, Judge)
    assert d(x).shape == (4,)
