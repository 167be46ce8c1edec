"""Runs measured as papers measured theirs: on samples of which the answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import ScoreError
from ganzoo.plugin.manager import Zoo
from ganzoo.published.measures import Tools, numbers_of, require_measurable, stacked_classes, stacked_numbers
from ganzoo.published.tables import Quantity
from ganzoo.registry import Registry
from ganzoo.training.runs import RunFolder
from tests.published.test_planning import A, table

POINTS = {name: Quantity(label=name, number=name) for name in ("modes", "hq", "mode_kl", "spread")}


@pytest.fixture(scope="module")
def repeated(tmp_path_factory: pytest.TempPathFactory, zoo: Zoo, catalogue: Registry) -> RunFolder:
    """The memoriser on the ring: its samples are the data's."""
    return api.train("memoriser", "ring", runs=tmp_path_factory.mktemp("runs"), registry=catalogue, zoo=zoo, seed=3)


@pytest.fixture(scope="module")
def tools(zoo: Zoo, catalogue: Registry) -> Tools:
    return Tools(zoo, catalogue)


def test_points_are_measured_as_in_pacgan(repeated: RunFolder, zoo: Zoo, tools: Tools) -> None:
    ring = api.dataset("ring", zoo=zoo)
    found = numbers_of(table(A, n=2500, quantities=POINTS), repeated, ring, tools)
    assert found["modes"] == 8
    assert found["hq"] == pytest.approx(1 - np.exp(-4.5), abs=0.008), "of a Gaussian in the plane within 3σ"
    assert 0 < found["mode_kl"] < 0.006
    assert found["spread"] == pytest.approx(1, abs=0.04)


def test_the_training_seed_draws_the_samples(repeated: RunFolder, zoo: Zoo, tools: Tools) -> None:
    """2,500 points of seed 3 are counted here by hand."""
    ring = api.dataset("ring", zoo=zoo)
    assert ring.mixture is not None
    points = api.load(repeated.path).sample(2500, 3)
    distance = np.linalg.norm(points[:, None] - ring.mixture.centres[None], axis=2).min(1)
    found = numbers_of(table(A, n=2500, quantities=POINTS), repeated, ring, tools)
    assert found["hq"] == (distance < 0.03).mean()


def test_scores_are_those_of_the_protocol(repeated: RunFolder, zoo: Zoo, tools: Tools) -> None:
    asked = table(A, n=600, measure="score", quantities={"c": Quantity(label="c", number="coverage")})
    found = numbers_of(asked, repeated, api.dataset("ring", zoo=zoo), tools)
    wanted = api.score(repeated.path, "ring", n=600, metrics=["coverage"], registry=tools.registry, zoo=zoo)
    assert found == {"coverage": wanted.estimates["coverage"].value}


def test_a_number_that_a_run_lacks_is_named(repeated: RunFolder, zoo: Zoo, tools: Tools) -> None:
    asked = table(A, measure="reported", quantities={"e": Quantity(label="e", number="error")})
    with pytest.raises(ScoreError, match="has no number 'error' by 'reported'; it has none"):
        numbers_of(asked, repeated, api.dataset("ring", zoo=zoo), tools)


def test_what_cannot_be_measured_is_said_before_a_training(zoo: Zoo, tools: Tools) -> None:
    variant, digits = zoo.load("memoriser").variant, api.dataset("digits", zoo=zoo)
    with pytest.raises(ScoreError, match="digits is no mixture"):
        require_measurable(table(A), variant, digits)
    with pytest.raises(ScoreError, match="memoriser reports no number 'e' of itself; it has none"):
        require_measurable(
            table(A, measure="reported", quantities={"e": Quantity(label="e", number="e")}), variant, digits
        )
    with pytest.raises(ScoreError, match="three channels"):
        require_measurable(table(A, measure="stacked"), variant, digits)
    require_measurable(table(A), variant, api.dataset("grid", zoo=zoo))


def test_classes_of_stacked_digits() -> None:
    """Each channel is as bright as its digit."""
    digits = np.array([[1, 2, 3], [0, 0, 7], [9, 9, 9]])
    x = np.broadcast_to(digits[:, :, None, None], (3, 3, 4, 5)).astype(np.float32)
    found = stacked_classes(x, lambda grey: grey.reshape(len(grey), -1)[:, 0].astype(np.int64))
    assert found.tolist() == [123, 7, 999]


def test_modes_and_divergence_of_stacked_digits() -> None:
    assert stacked_numbers(np.arange(1000).repeat(3)) == {
        "stacked_modes": 1000.0,
        "stacked_kl": pytest.approx(0, abs=1e-12),
    }
    alone = stacked_numbers(np.zeros(50, np.int64))
    assert alone == {"stacked_modes": 1.0, "stacked_kl": pytest.approx(np.log(1000))}
    assert stacked_numbers(np.array([1, 1, 2, 2]))["stacked_kl"] == pytest.approx(np.log(500))


def test_a_perfect_model_has_the_known_floor_at_26000_samples() -> None:
    """The divergence of a histogram is biased by (k − 1) / 2n, here .0194."""
    classes = np.random.default_rng(0).integers(1000, size=26_000)
    assert stacked_numbers(classes)["stacked_kl"] == pytest.approx(999 / 52_000, abs=0.002)


def test_scores_find_the_data_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zoo: Zoo, catalogue: Registry
) -> None:
    """The files lie in --data-dir alone."""
    data = tmp_path / "data"
    data.mkdir()
    x = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), dtype=np.uint8)
    np.savez(data / "mine.npz", x=x)
    monkeypatch.chdir(tmp_path)
    folder = api.train("memoriser", "npz:mine.npz", data_dir=data, runs="runs", registry=catalogue, zoo=zoo)
    quantities = {"p": Quantity(label="p", number="precision")}
    asked = table(A, n=60, data="npz:mine.npz", measure="score", quantities=quantities)
    dataset = api.dataset("npz:mine.npz", data, zoo=zoo)
    assert 0 <= numbers_of(asked, folder, dataset, Tools(zoo, catalogue, str(data)))["precision"] <= 1
