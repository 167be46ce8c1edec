"""Advice is an option that the variant has, with a value that it takes, and not the one it has already."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ganzoo import registry
from ganzoo.diagnosis.advice import advise
from ganzoo.diagnosis.verdicts import COLLAPSE, EXPLODING, FAILURES, OSCILLATION, PARTIAL, STRONG, VANISHING
from ganzoo.options import parse_assignments, resolve
from ganzoo.plugin.manager import Zoo
from ganzoo.types import DataSpec

DATA = {
    "image": DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10),
    "points": DataSpec(name="ring", kind="points", shape=(2,), classes=8),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_every_bundled_variant_takes_the_advice(failure: str, zoo: Zoo) -> None:
    advised = set()
    for name in sorted(registry.load().variants):
        plugin = zoo.load(name)
        given = plugin.variant.options()
        options = msgspec.structs.asdict(given)
        for kind in plugin.variant.takes:
            advice = advise(failure, name, options, role=plugin.variant.role, kind=kind)
            assert advice.text
            if advice.option:
                changed = resolve(plugin.variant.options, options, parse_assignments([advice.option]), owner=name)
                assert changed != given
                assert plugin.validate(changed, DATA[kind]) == ""
                advised.add(name)
    assert len(advised) > 15, advised


@pytest.mark.parametrize(
    ("failure", "options", "option"),
    [
        (VANISHING, {"loss": "minimax", "lr": 1e-3}, "loss=nonsaturating"),
        (VANISHING, {"loss": "hinge", "lr_g": 3e-2, "lr_d": 1e-3}, "lr_g=0.001"),
        (STRONG, {"n_critic": 5, "lr_d": 1e-3, "lr_g": 1e-4}, "n_critic=1"),
        (STRONG, {"n_critic": 1, "lr_d": 1e-3, "lr_g": 1e-4}, "lr_d=0.0001"),
        (STRONG, {"lr_d": 1e-4, "lr_g": 1e-4}, "lr_d=2.5e-05"),
        (STRONG, {"noise": "gaussian", "lr": 1e-3}, "lr=0.00025"),
        (COLLAPSE, {"lr_g": 1e-2, "lr_d": 1e-3}, "lr_g=0.001"),
        (PARTIAL, {"gamma": 0.5, "lambda_k": 1e-3, "lr": 1e-4}, "gamma=0.7"),
        (PARTIAL, {"gamma": 0.5, "lr": 1e-4}, "lr=2.5e-05"),
        (PARTIAL, {"pack": 2}, "pack=3"),
        (PARTIAL, {"pack": 4, "penalty": 10.0, "lr": True}, ""),
        (EXPLODING, {"lr_g": 0.2, "lr_d": 0.1}, "lr_g=0.02"),
        (EXPLODING, {"lr_g": 0.1, "lr_d": 0.1}, "lr_d=0.01"),
        (OSCILLATION, {"beta1": 0.9}, "beta1=0.5"),
        (OSCILLATION, {"beta1": 0.5, "penalty": "none"}, "penalty=r1"),
    ],
)
def test_the_first_option_that_helps_is_named(failure: str, options: dict[str, Any], option: str) -> None:
    assert advise(failure, "fake", options).option == option


def test_a_loss_is_spelled_as_the_variant_does() -> None:
    assert advise(VANISHING, "vanilla", {"loss": "minimax"}).option == "loss=non-saturating"


def test_a_baseline_is_left_as_it_is() -> None:
    advice = advise(COLLAPSE, "gaussian", {"lr": 1.0}, role="floor")
    assert (advice.option, advice.text.split(":")[0]) == ("", "None")


def test_who_has_no_such_option_is_told_of_others() -> None:
    for failure in FAILURES:
        advice = advise(failure, "fake", {})
        assert advice.option == ""
        assert advice.text.startswith("No option of fake is known to help. ")
