"""The small functions behind a board: formatting, intervals, ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from ganzoo import board
from ganzoo.registry import Registry


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (12.345, 0.678, "12.35 ± 0.68"),
        (12.345, 3.2, "12.3 ± 3.2"),
        (123.4, 45.6, "123 ± 46"),
        (1234.5, 456.7, "1234 ± 457"),
        (0.0123456, 0.000789, "0.01235 ± 0.00079"),
        (5.0, float("nan"), "5"),
        (0.123456, float("nan"), "0.123"),
        (10.0, 0.0, "10"),
        (0.0, 0.0, "0"),
        (float("nan"), 1.0, ""),
    ],
)
def test_plus_minus(value: float, half: float, text: str) -> None:
    assert board.plus_minus(value, half) == text


@pytest.mark.parametrize(("values", "wanted"), [((), math.nan), ((3.0,), math.nan), ((1.0, 1.0), 0.0)])
def test_half_width_of_few_values(values: Sequence[float], wanted: float) -> None:
    assert board.half_width(np.array(values)) == pytest.approx(wanted, nan_ok=True)


def test_rank_by_coverage_turns_the_order(catalogue: Registry) -> None:
    assert catalogue.rank_by("ring") == "coverage"
    frame = pd.DataFrame(
        {
            "role": ["model"] * 3,
            "seeds": [2, 2, 2],
            "coverage": [0.2, 0.9, 0.88],
            "coverage_ci": [0.01, 0.05, 0.05],
        }
    )
    assert board._ranks(frame, "coverage") == ["3", "1", "1"]


def test_a_wide_interval_lifts_no_model_past_better_ones() -> None:
    """It shares the rank of the best model of the group that it meets, and those behind keep their places."""
    frame = pd.DataFrame(
        {"role": ["model"] * 4, "seeds": [3] * 4, "fid": [9.0, 1.0, 3.0, 2.0], "fid_ci": [0.1, 0.1, 5.0, 0.1]}
    )
    assert board._ranks(frame, "fid") == ["4", "1", "2", "2"]
