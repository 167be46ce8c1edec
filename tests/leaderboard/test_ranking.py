"""The small functions behind a board: formatting, intervals, ranks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from ganzoo.leaderboard import board
from ganzoo.leaderboard.ranking import _p_value, better, half_width, ranks
from ganzoo.registry import Registry


@pytest.mark.parametrize(("values", "wanted"), [((), math.nan), ((3.0,), math.nan), ((1.0, 1.0), 0.0)])
def test_half_width_of_few_values(values: Sequence[float], wanted: float) -> None:
    assert half_width(np.array(values)) == pytest.approx(wanted, nan_ok=True)


def ranked(rank_by: str, **values: list[float]) -> dict[str, tuple[str, str]]:
    """Rank and ``behind`` of models with these values, one a seed."""
    cells = [
        {
            "variant": name,
            "seed": str(seed),
            "status": "ok",
            "role": "model",
            "run": f"{name}{seed}",
            rank_by: str(value),
        }
        for name, column in values.items()
        for seed, value in enumerate(column)
    ]
    table = pd.DataFrame(cells, columns=list(board.COLUMNS), dtype="str").fillna("").assign(dataset="d")
    found = board.aggregate(table, "d", rank_by).set_index("variant")
    return {name: (found.loc[name, "rank"], found.loc[name, "behind"]) for name in found.index}


def test_rank_by_coverage_turns_the_order(catalogue: Registry) -> None:
    assert catalogue.rank_by("ring") == "coverage"
    found = ranked("coverage", low=[0.2, 0.21, 0.22], high=[0.9, 0.91, 0.92], near=[0.89, 0.9, 0.93])
    assert found == {"high": ("1", ""), "near": ("1", ""), "low": ("3", "high, near")}


def test_a_wide_interval_changes_no_rank_but_its_own() -> None:
    """Nothing can be said of ``wide`` itself; but ``third``, which has a better mean, is behind two."""
    found = ranked("fid", first=[1.0, 1.1, 0.9], third=[3.0, 3.1, 2.9], second=[2.0, 2.1, 1.9], wide=[1.0, 9.0, 17.0])
    assert found == {
        "first": ("1", ""),
        "second": ("2", "first"),
        "third": ("3", "first, second"),
        "wide": ("1", ""),
    }


def test_ties_are_pairwise_not_from_a_leader_of_a_group() -> None:
    """a and b cannot be told apart, nor b and c; a and c can."""
    found = ranked("fid", a=[1.0, 1.2, 0.8, 1.1, 0.9], b=[1.0, 1.9, 1.4, 0.9, 1.8], c=[2.0, 1.7, 1.6, 1.9, 2.1])
    assert found == {"a": ("1", ""), "b": ("1", ""), "c": ("2", "a")}


def test_noise_seldom_makes_ranks() -> None:
    """Six equal models of three seeds: with Holm's correction, about one table in twenty tells any of them apart."""
    rng = np.random.default_rng(0)
    tables = [better(list(rng.standard_normal((6, 3)))) for _ in range(400)]
    assert 0.005 < np.mean([any(table) for table in tables]) < 0.075


def test_welchs_test_of_a_pair_by_hand() -> None:
    """Means 1 and 2, variances 0.01 and 0.04, three seeds each: t = 1 / √(0.05 / 3) = 7.75, 2.94 degrees, p = .005."""
    assert better([np.array([0.9, 1.0, 1.1]), np.array([1.8, 2.0, 2.2])]) == [[], [0]]
    assert better([np.array([0.9, 1.0, 1.1]), np.array([1.0, 1.2, 1.4])]) == [[], []]
    assert better([np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([2.0, 2.0])]) == [[], [0], [0]]
    assert better([np.array([1.0]), np.array([2.0, 2.0])]) == [[], []]
    assert better([]) == []


def test_a_rank_is_one_more_than_the_models_that_are_better() -> None:
    values = [np.array([float(i), float(i) + 1]) for i in range(4)]
    assert ranks(values, [[], [], [0], [0, 2]]) == [1, 1, 2, 3]
    assert ranks([values[2], np.array([1.0]), values[0]], [[2], [], []]) == [2, None, 1]


def test_nobody_stands_behind_those_that_its_interval_overlaps() -> None:
    """A poor mean that scatters is not shown to be worse: its rank is the first, and not that of the row above."""
    groups = [np.array([0.17, 0.17, 0.18]), np.array([1.0, 1.1, 1.2]), np.array([1.5, 2.4, 3.3])]
    assert better(groups) == [[], [0], []]
    assert ranks(groups, better(groups)) == [1, 2, 1]


def test_five_per_cent_is_the_limit() -> None:
    """Variances 0.01 and three seeds: t of 4 degrees passes 2.776 at a difference of 0.2267."""
    base = np.array([0.9, 1.0, 1.1])
    assert better([base, base + 0.226]) == [[], []]
    assert better([base, base + 0.228]) == [[], [0]]


def test_pairs_are_compared_by_welchs_test_and_not_by_students() -> None:
    """Few seeds that agree against many that scatter: Student's pooled variance would see a difference here."""
    few, many = np.array([0.0, 0.1]), np.array([1.0, -0.6, 1.3, -0.2, 1.2, 0.9, 0.4])
    welch, student = (ttest_ind(few, many, equal_var=equal).pvalue for equal in (False, True))
    assert _p_value(few, many) == pytest.approx(welch, rel=1e-12)
    assert abs(welch - student) > 0.1
    tight, wide = np.array([0.0, 0.01, 0.0, 0.01, 0.005]), np.array([0.9, 3.1])
    pooled = ttest_ind(tight, wide, equal_var=True).pvalue
    assert pooled < 0.05 < _p_value(tight, wide)
    assert better([tight, wide]) == [[], []]


@pytest.mark.parametrize(("second", "p"), [(1.0, 1.0), (2.0, 0.0)])
def test_without_any_spread_means_are_equal_or_not(second: float, p: float) -> None:
    assert _p_value(np.array([1.0, 1.0]), np.array([second, second, second])) == p
