"""Error rates, thresholds and their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from ganzoo.rating.journal import Judgement
from ganzoo.rating.questions import CHECK, REAL
from ganzoo.rating.results import raters, results
from tests.rating.conftest import study_of
from tests.rating.test_journal import judged


def answers(source: str, wrong: int, of: int, block: str = "") -> list[Judgement]:
    fake = source != REAL
    return [judged(0, source=source, fake=fake, said_fake=fake != (i < wrong), block=block) for i in range(of)]


def checks(passed: int, of: int) -> list[Judgement]:
    return [judged(0, part="check", source=CHECK, fake=True, said_fake=i < passed) for i in range(of)]


def rater(good: int, bad: int, real: int, n: int = 20) -> list[Judgement]:
    """So many errors in n images of each source."""
    return [*answers("good", good, n), *answers("bad", bad, n), *answers(REAL, real, n), *checks(4, 4)]


def test_the_human_error_is_the_mean_of_both_shares() -> None:
    good, bad = results(study_of(), {"anna": rater(10, 2, 6)})
    assert (good.variant, good.value, good.fake_error, good.real_error) == ("good", 0.4, 0.5, 0.3)
    assert (bad.variant, bad.value) == ("bad", 0.2)
    assert (good.raters, good.judgements, good.mode) == (1, 20, "untimed")
    assert good.low < good.value < good.high


def test_practice_and_checks_do_not_count() -> None:
    session = rater(10, 2, 6)
    practice = [judged(0, part="practice", source="good", said_fake=False)] * 50
    assert results(study_of(), {"anna": [*practice, *session]}) == results(study_of(), {"anna": session})


@pytest.mark.parametrize(("passed", "of", "counts"), [(4, 4, True), (3, 4, True), (2, 4, False), (0, 0, False)])
def test_who_does_not_attend_is_left_out(passed: int, of: int, counts: bool) -> None:
    session = [each for each in rater(10, 2, 6) if each.part != "check"] + checks(passed, of)
    assert raters({"anna": session})[0].attentive is counts
    assert bool(results(study_of(), {"anna": session})) is counts
    both = results(study_of(), {"anna": session, "berta": rater(0, 0, 0)})
    assert both[0].raters == 1 + counts


def test_a_model_that_nobody_has_seen_yet_has_no_row() -> None:
    session = [*answers("good", 1, 5), *answers(REAL, 1, 5), *checks(1, 1)]
    assert [each.variant for each in results(study_of(), {"anna": session})] == ["good"]


def test_none_in_twenty_is_not_certain() -> None:
    good, _ = results(study_of(), {"anna": rater(0, 2, 0)})
    assert (good.value, good.low) == (0, 0)
    assert 0.01 < good.high < 0.1


def test_raters_who_differ_widen_the_interval() -> None:
    alike = results(study_of(), {str(i): rater(10, 0, 0) for i in range(4)})[0]
    apart = results(study_of(), {str(i): rater(20 * (i % 2), 0, 0) for i in range(4)})[0]
    assert alike.value == apart.value == 0.25
    assert apart.high - apart.low > 2 * (alike.high - alike.low)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Ten raters with rates of their own: 95 % intervals hold the mean rate in 90 to 100 % of 200 studies."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        rates = random.beta(6, 14, size=(10, 2))
        wrong = random.binomial(20, rates)
        sessions = {str(i): rater(int(fake), 0, int(real)) for i, (fake, real) in enumerate(wrong)}
        good = results(study_of(), sessions)[0]
        held += good.low <= 0.3 <= good.high
    assert held >= 180


def test_results_are_the_same_again_and_in_any_order_of_raters() -> None:
    sessions = {"anna": rater(10, 2, 6), "berta": rater(4, 1, 2)}
    assert results(study_of(), sessions) == results(study_of(), dict(reversed(sessions.items())))


def timed(block: str, right: Sequence[bool]) -> list[Judgement]:
    return [judged(0, source=block, fake=True, said_fake=each, block=block, exposure=500) for each in right]


def test_the_threshold_is_the_mean_over_raters_of_modal_exposures() -> None:
    study = study_of("timed", 50)
    fast, slow = [True] * 50, [False] * 50
    one = {"anna": timed("good", fast) + checks(1, 1)}
    (row,) = results(study, one)
    assert (row.value, row.raters, row.judgements) == (100, 1, 50)
    assert math.isnan(row.low)
    assert math.isnan(row.high)
    (row,) = results(study, one | {"berta": timed("good", slow) + checks(1, 1)})
    assert row.value == 550
    assert (row.low, row.high) == (100, 1000)


def test_a_block_that_is_not_whole_has_no_threshold_and_a_second_round_is_a_new_staircase() -> None:
    study = study_of("timed", 50)
    assert results(study, {"anna": timed("good", [True] * 49) + checks(1, 1)}) == []
    (row,) = results(study, {"anna": timed("good", [True] * 50 + [False] * 50) + checks(1, 1)})
    assert row.value == 550
