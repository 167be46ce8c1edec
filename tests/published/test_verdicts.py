"""Verdicts, held against hand computations and scipy's own tests of samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ganzoo.published.tables import Printed, printed
from ganzoo.published.verdicts import (
    AGREES,
    ALONE,
    DIFFERS,
    FAILED,
    ORDER,
    REDUCED,
    UNPRINTED,
    Beside,
    mean_of,
    order_agreement,
    p_value,
    verdicts,
)
from tests.published.test_planning import A, table

TEN = table(A, trials=10, error="standard error")


def beside(*values: float, theirs: str = "6.3 ± 0.5", budget: float = 1.0, failed: int = 0) -> Beside:
    return Beside(mean_of(values), printed(theirs) if theirs else None, budget, failed)


def words(*numbers: Beside, **more: object) -> list[str]:
    return [verdict for verdict, _ in verdicts(table(A, **{"trials": 10, "error": "standard error"} | more), numbers)]


def exact(value: float, error: float | None) -> Printed:
    """As printed with all digits."""
    return Printed("", value, error, 0.0)


def test_means() -> None:
    found = mean_of([6.0, 8.0, 10.0])
    assert (found.value, found.seeds) == (8.0, 3)
    assert found.se == pytest.approx(2 / math.sqrt(3))
    assert mean_of([5.0]).se is None
    assert math.isnan(mean_of([]).value)


def test_two_samples_are_welchs_test() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(6, 1, 5), rng.normal(7, 2, 10)
    error = float(theirs.std(ddof=1) / math.sqrt(10))
    wanted = stats.ttest_ind(ours, theirs, equal_var=False).pvalue
    assert p_value(mean_of(ours.tolist()), exact(float(theirs.mean()), error), TEN) == pytest.approx(wanted)
    deviation = table(A, trials=10, error="standard deviation")
    theirs_as_deviation = exact(float(theirs.mean()), float(theirs.std(ddof=1)))
    assert p_value(mean_of(ours.tolist()), theirs_as_deviation, deviation) == pytest.approx(wanted)


def test_a_number_without_error_is_the_test_of_one_sample() -> None:
    ours = [6.0, 7.5, 8.0]
    wanted = stats.ttest_1samp(ours, 5.0).pvalue
    assert p_value(mean_of(ours), exact(5.0, None), TEN) == pytest.approx(wanted)


def test_an_error_of_unknown_many_runs_leaves_our_degrees_of_freedom() -> None:
    found = p_value(mean_of([6.0, 8.0]), exact(5.0, 1.0), table(A))
    assert found == pytest.approx(2 * stats.t.sf(2 / math.sqrt(2), 1))


def test_rounding_in_print_is_granted() -> None:
    assert p_value(mean_of([5.4, 5.4]), printed("5"), TEN) == 1.0
    assert p_value(mean_of([5.6, 5.6]), printed("5"), TEN) == 0.0
    assert p_value(mean_of([5.6, 5.6]), printed("5.6"), TEN) == 1.0


def test_agreement_and_difference() -> None:
    assert words(beside(6, 7, 6)) == [AGREES]
    assert words(beside(1, 1, 2)) == [DIFFERS]


def test_all_numbers_of_a_table_are_tested_together() -> None:
    one = beside(6.0, 7.0, 8.0, theirs="3.60")
    p = p_value(one.ours, printed("3.60"), TEN)
    assert 0.025 < p < 0.05
    assert words(one) == [DIFFERS]
    assert verdicts(TEN, [one, beside(6, 7, 6)])[0] == (AGREES, pytest.approx(2 * p))
    assert words(one, beside(6, 7, budget=0.1)) == [DIFFERS, REDUCED], "what is not tested counts for nothing"


def test_what_is_not_compared_says_why() -> None:
    assert words(beside(6, 7, budget=0.5)) == [REDUCED]
    assert words(beside(6)) == [ALONE]
    assert words(beside(6, 7, failed=1)) == [FAILED]
    assert words(beside(6, 7, theirs="")) == [UNPRINTED]
    assert words(beside(6, 7), compare="order") == [ORDER]
    assert words(beside(6, 7, budget=0.5), compare="order") == [REDUCED]
    assert words(beside(failed=2)) == [FAILED]


def test_orders() -> None:
    found = order_agreement([1, 2, 3, 4], [10, 20, 30, 40])
    assert found is not None
    assert (found.tau, found.p, found.rows) == (pytest.approx(1.0), pytest.approx(1 / 24), 4)
    reverse = order_agreement([4, 3, 2, 1], [10, 20, 30, 40])
    assert reverse is not None
    assert reverse.tau == pytest.approx(-1.0)
    assert order_agreement([1, 2], [1, 2]) is None
    assert order_agreement([1, 1, 1], [1, 2, 3]) is None
