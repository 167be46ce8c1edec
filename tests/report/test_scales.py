from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from ganzoo.report.scales import TICKS, scale


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "values", [(1.0, 2.0, 3.0), (0.18, 33.0), (5.0, 5.0), (1.0, 1.2), (1e-7, 1e7), (0.3,), (999.0, 1001.0)]
)
def test_an_axis_holds_its_values_in_order_and_is_marked(values: Sequence[float], log: bool) -> None:
    axis = scale(values, 100, 300, log=log)
    places = [axis(value) for value in values]
    assert places == sorted(places) and all(100 < place < 300 for place in places)
    ticks = axis.ticks()
    assert ticks == sorted(set(ticks)) and 2 <= len(ticks) <= 2 * TICKS + 1
    assert all(axis.low <= tick <= axis.high for tick in ticks)
    assert all(len(f"{tick:g}") <= 6 for tick in ticks), "round"


def test_a_logarithmic_axis_has_equal_ratios_at_equal_distances() -> None:
    axis = scale([1.0, 100.0], 0, 1, log=True)
    assert axis(10.0) == pytest.approx((axis(1.0) + axis(100.0)) / 2)
    plain = scale([1.0, 100.0], 0, 1)
    assert plain(50.5) == pytest.approx(0.5)


@pytest.mark.parametrize("values", [(0.0, 0.0), (), (math.nan,), (math.inf, 2.0, 3.0), (-3.0, 1000.0)])
def test_any_values_have_an_axis(values: Sequence[float]) -> None:
    axis = scale(values, 0, 10, log=True)
    assert not axis.log or all(value > 0 for value in values)
    assert math.isfinite(axis(1.0)) and axis.ticks()


def test_what_lies_beyond_stands_at_an_end_and_an_axis_may_fall() -> None:
    axis = scale([1.0, 2.0], 340, 12)
    assert (axis(-1e9), axis(1e9)) == (340, 12)
    assert axis(1.0) > axis(2.0)
