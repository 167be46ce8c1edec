"""How many samples are enough: the next size, and drawing on until an error is small."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import UsageError
from ganzoo.metrics import evaluate
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.features import draw
from ganzoo.scoring.goals import FIRST, Goal, goal_note, next_size, reached
from ganzoo.scoring.scorer import draw_until, score_drawn, sets_of
from ganzoo.scoring.setup import Setup, Terms
from ganzoo.training.runs import RunFolder
from ganzoo.types import Estimate


@pytest.fixture(scope="module")
def setup(zoo: Zoo, catalogue: Registry) -> Setup:
    terms = Terms(device="cpu", metrics=("fid", "label_accuracy"))
    return api.setup_of(zoo, catalogue, "digits", terms=terms)


@pytest.mark.parametrize(
    ("excess", "size"),
    [(1.0, 1250), (1.09, 1250), (1.2, 1512), (1.5, 2362), (1.9, 3790), (2.0, 4000), (9.0, 4000)],
)
def test_the_next_size_is_a_little_beyond_what_the_error_asks_for(excess: float, size: int) -> None:
    """1.05 times the square of the excess, but a quarter more at least and four times as many at most."""
    assert next_size(1000, excess, 10_000) == size
    assert next_size(1000, excess, size - 1) == size - 1


def test_what_a_score_says_of_its_goal() -> None:
    goal = Goal("fid", 0.5, 9000)
    assert reached(None, {}, 10) == ()
    assert reached(goal, {"fid": Estimate(3.0, 0.4, 10)}, 10) == (
        "stopped at 10 samples: the standard error of fid is 0.4",
    )
    assert goal_note(goal, 10, 0.5).startswith("stopped at 10 samples")
    assert goal_note(goal, 10, 0.51) == "10 samples were not enough: the standard error of fid is still 0.51"
    assert reached(goal, {"fid": Estimate(3.0, None, 10)}, 10)[0].startswith("stopped")


def test_samples_drawn_until_a_goal_are_those_of_one_drawing(setup: Setup, labelled: RunFolder) -> None:
    """Every part of them: features, logits, classes, and where they come from."""
    generator = api.load(labelled.path, device="cpu")
    error = evaluate(sets_of(setup, draw(generator, setup.extractor, FIRST, 0)), setup.metrics)["fid"].se
    assert error is not None
    seen: list[int | None] = []
    told = Setup(
        setup.side,
        setup.extractor,
        setup.metrics,
        setup.protocol,
        progress=lambda what, done, total: seen.append(total),
    )
    goal = Goal("fid", error / 1.3, 50_000)
    drawn = draw_until(told, generator, goal)
    assert FIRST < len(drawn) < 4 * FIRST
    assert seen[-1] == len(drawn), "every part of the drawing is shown"
    assert 1774 in seen, "the second size is 1.05 · 1.3² times the first"
    whole = draw(generator, setup.extractor, len(drawn), 0)
    np.testing.assert_array_equal(drawn.extracted.features, whole.extracted.features)
    assert drawn.extracted.logits is not None
    assert whole.extracted.logits is not None
    np.testing.assert_array_equal(drawn.extracted.logits, whole.extracted.logits)
    np.testing.assert_array_equal(drawn.labels, whole.labels)
    assert (drawn.class_names, drawn.provider, drawn.sha256) == (whole.class_names, "CPU", generator.sha256)
    assert drawn.seconds is not None
    assert drawn.seconds > 0
    score = score_drawn(setup, drawn, goal)
    assert score.estimates["label_accuracy"].value > 0.9
    assert score.estimates["label_accuracy"].n == len(drawn) == score.protocol.n_fake
    assert score.notes[-1].startswith(f"stopped at {len(drawn)} samples")


def test_a_goal_that_is_met_at_once_or_never(setup: Setup, gaussian: RunFolder) -> None:
    generator = api.load(gaussian.path, device="cpu")
    assert len(draw_until(setup, generator, Goal("fid", 1e9, 50_000))) == FIRST
    error = evaluate(sets_of(setup, draw(generator, setup.extractor, FIRST, 0)), setup.metrics)["fid"].se
    assert error is not None
    assert len(draw_until(setup, generator, Goal("fid", error, 50_000))) == FIRST, "the goal itself is small enough"
    assert len(draw_until(setup, generator, Goal("fid", 1e-9, 1300))) == 1300
    assert len(draw_until(setup, generator, Goal("fid", 1e-9, 600))) == 600


def test_a_column_that_has_no_error_to_wait_for(setup: Setup, gaussian: RunFolder) -> None:
    generator = api.load(gaussian.path, device="cpu")
    with pytest.raises(UsageError) as unknown:
        draw_until(setup, generator, Goal("kid", 0.1, 50_000))
    assert unknown.value.message == "No metric in use gives the column 'kid'."
    assert unknown.value.hint == "Name it in --metrics, too."
    with pytest.raises(UsageError) as absent:
        draw_until(setup, generator, Goal("label_accuracy", 0.1, 50_000))
    assert absent.value.message == "'label_accuracy' has no standard error here to wait for."
    assert absent.value.hint == "Name another column in --until."
