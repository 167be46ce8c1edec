"""Samples made to fail in one known way, scored as a generator's are: what the diagnosis calls them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from diagnosed import manifest

from ganzoo import api
from ganzoo.data.mixtures import ring_mixture
from ganzoo.diagnosis import samples as rules
from ganzoo.diagnosis.case import sampled
from ganzoo.diagnosis.verdicts import COLLAPSE, MEMORISATION, NARROW, PARTIAL
from ganzoo.scoring.protocol import Score
from ganzoo.types import DataSpec

COMMON = ("vendi", "precision", "recall", "modes", "mode_kl", "repeats")
METRICS = {"ring": (*COMMON, "hq", "spread"), "digits": (*COMMON, "memorised", "duplicates", "ct")}
N = 400
RING = DataSpec(name="ring", kind="points", shape=(2,), classes=8)


def points(seed: int, modes: int = 8, spread: float = 1.0, weights: list[float] | None = None) -> np.ndarray:
    """Draws of the ring's law, of its first ``modes`` alone, or narrowed, or with other shares."""
    rng, law = np.random.default_rng(seed), ring_mixture()
    y = rng.choice(modes, N, p=weights)
    return (law.centres[y] + spread * law.std * rng.normal(size=(N, 2))).astype(np.float32)


def images(rows: np.ndarray) -> np.ndarray:
    """N rows of the digits' training set, drawn from some of its rows."""
    x = api.dataset("digits").train.x
    return x[np.random.default_rng(0).choice(rows, N)]


def scored(x: np.ndarray, data: str, folder: Path) -> Score:
    np.savez(folder / "x.npz", x=x)
    return api.score(f"npz:{folder / 'x.npz'}", data, n=N, metrics=METRICS[data])


@cache
def floor(data: str, folder: Path) -> Score:
    """Real samples that no generator made: fresh ones of the ring, the held-out ones of digits."""
    return scored(points(99) if data == "ring" else api.dataset("digits").heldout.x[:N], data, folder)  # type: ignore[union-attr]


Found = Callable[[np.ndarray, str], dict[str, str]]


@pytest.fixture
def found(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Found:
    """What is named of samples, and how sure it is."""
    base = tmp_path_factory.getbasetemp()

    def name(x: np.ndarray, data: str) -> dict[str, str]:
        given = manifest(data=RING) if data == "ring" else manifest()
        known = sampled(given, scored(x, data, tmp_path), floor(data, base))
        signs = sorted(rules.signs(known), key=lambda sign: sign.sure, reverse=True)
        return {sign.failure: sign.sure for sign in signs}

    return name


@pytest.mark.parametrize("seed", range(2))
def test_fresh_draws_of_the_law_get_a_clean_bill(found: Found, seed: int) -> None:
    assert found(points(seed), "ring") == {}


@pytest.mark.parametrize(
    ("x", "failure", "sure"),
    [
        (points(1, modes=1), COLLAPSE, "certain"),
        (points(1, modes=3), COLLAPSE, "possible"),
        (points(1, modes=5), PARTIAL, "certain"),
        (points(1, weights=[0.65, *[0.05] * 7]), PARTIAL, "likely"),
        (points(1, spread=0.4), NARROW, "certain"),
        (np.repeat(points(1)[:1], N, axis=0), COLLAPSE, "certain"),
    ],
    ids=["one mode", "three modes", "five modes", "uneven modes", "narrow modes", "one point"],
)
def test_points_made_to_fail(found: Found, x: np.ndarray, failure: str, sure: str) -> None:
    assert found(x, "ring") == {failure: sure}


def test_images_of_some_classes_alone(found: Found) -> None:
    heldout = api.dataset("digits").heldout
    assert heldout is not None
    assert heldout.y is not None
    for classes, failure in ((7, PARTIAL), (2, COLLAPSE)):
        x = heldout.x[heldout.y < classes]
        assert found(x[np.arange(N) % len(x)], "digits")[failure] == "certain"


def test_training_images_are_copies(found: Found) -> None:
    assert found(images(np.arange(1347)), "digits")[MEMORISATION] == "certain"


def test_images_alike_in_all_classes_are_too_much_alike(found: Found) -> None:
    """Means of forty training images of one class: each class is there, and little of what differs within it."""
    train, rng = api.dataset("digits").train, np.random.default_rng(0)
    assert train.y is not None
    x = [train.x[rng.choice(np.flatnonzero(train.y == k % 10), 40)].mean(axis=0) for k in range(N)]
    assert found(np.stack(x).astype(np.uint8), "digits") in ({NARROW: "likely"}, {COLLAPSE: "certain"})
