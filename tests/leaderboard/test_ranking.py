"""What a board says of places: intervals, who is told apart, ranges of ranks, the probability of being best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from ganzoo.columns import COLUMNS
from ganzoo.leaderboard.aggregate import aggregate
from ganzoo.leaderboard.ranking import Group, half_width, not_ranked, p_values, places, scaled
from ganzoo.registry import Registry


def groups(values: Any) -> list[Group]:
    return [Group(np.array(each, dtype=float)) for each in values]


@pytest.mark.parametrize(("values", "wanted"), [((), math.nan), ((3.0,), math.nan), ((1.0, 1.0), 0.0)])
def test_half_width_of_few_values(values: Sequence[float], wanted: float) -> None:
    assert half_width(np.array(values)) == pytest.approx(wanted, nan_ok=True)


def test_half_width_is_of_seeds_and_of_the_sampling_that_they_share() -> None:
    values = np.array([1.0, 2.0, 3.0])
    seeds = 4.302653 / math.sqrt(3)
    assert half_width(values) == pytest.approx(seeds, rel=1e-6)
    errors = np.array([1.0, 2.0, 2.0])
    assert half_width(values, errors) == pytest.approx(math.hypot(seeds, 1.959964 * math.sqrt(3)), rel=1e-6)
    assert half_width(np.array([1.0, 1.0]), np.array([0.5, 0.5])) == pytest.approx(0.979982, rel=1e-6)


def ranked(rank_by: str, **values: list[float]) -> pd.DataFrame:
    """The board of models with these values, one a seed; None is a seed that failed."""
    cells = [
        {
            "variant": name,
            "seed": str(seed),
            "status": "failed" if value is None else "ok",
            "role": "model",
            "run": f"{name}{seed}",
            rank_by: "" if value is None else str(value),
        }
        for name, column in values.items()
        for seed, value in enumerate(column)
    ]
    table = pd.DataFrame(cells, columns=list(COLUMNS), dtype="str").fillna("").assign(dataset="d")
    return aggregate(table, "d", rank_by).set_index("variant")


def said(board: pd.DataFrame, *columns: str) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(board.loc[name, list(columns)]) for name in board.index}


def test_rank_by_coverage_turns_the_order(catalogue: Registry) -> None:
    assert catalogue.rank_by("ring") == "coverage"
    found = ranked("coverage", low=[0.2, 0.21, 0.22], high=[0.9, 0.91, 0.92], near=[0.89, 0.9, 0.93])
    assert said(found, "rank", "rank_to", "behind", "best_seed") == {
        "high": ("1", "2", "", 0.92),
        "near": ("1", "2", "", 0.93),
        "low": ("3", "3", "high, near", 0.22),
    }
    assert found["p_best"].sum() == pytest.approx(1, abs=2e-4)


def test_who_scatters_is_told_apart_from_nobody_and_holds_nobody_back() -> None:
    found = ranked("fid", first=[1.0, 1.1, 0.9], third=[3.0, 3.1, 2.9], second=[2.0, 2.1, 1.9], wide=[0.7, 2.0, 17.0])
    assert said(found, "rank", "rank_to", "behind") == {
        "first": ("1", "2", ""),
        "second": ("2", "3", "first"),
        "third": ("3", "4", "first, second"),
        "wide": ("1", "4", ""),
    }


def test_what_is_not_ranked_takes_no_part() -> None:
    """One seed, a seed that failed, fewer seeds than half of the models have: shown, with the reason."""
    three = {f"m{i}": [1.0 + i, 1.1 + i, 1.2 + i] for i in range(3)}
    alone = said(ranked("fid", **three), "rank", "rank_to", "p_best")
    found = ranked("fid", **three, one=[0.1], failed=[0.1, 0.2, 0.1, None], two=[0.1, 0.2], nothing=[None])
    assert said(found.loc[list(three)], "rank", "rank_to", "p_best") == alone
    others = found.drop(list(three))
    assert said(others, "rank", "rank_to", "behind", "not_ranked") == {
        "one": ("", "", "", "one seed"),
        "failed": ("", "", "", "1 of 4 failed"),
        "two": ("", "", "", "2 seeds, others have 3"),
        "nothing": ("", "", "", "1 of 1 failed"),
    }
    assert others["p_best"].isna().all()


@pytest.mark.parametrize(
    ("seeds", "reasons"),
    [
        ([], []),
        ([0, 1], ["no seed", "one seed"]),
        ([2, 2, 5], ["", "", ""]),
        ([2, 2, 5, 5], ["", "", "", ""]),
        ([2, 5, 5], ["2 seeds, others have 5", "", ""]),
    ],
)
def test_who_has_seeds_enough(seeds: list[int], reasons: list[str]) -> None:
    assert not_ranked(seeds, [0] * len(seeds)) == reasons


def test_one_model_is_first_and_none_is_no_error() -> None:
    assert places([]) == []
    only = places(groups([[1.0, 2.0]]))
    assert [(each.rank, each.rank_to, each.behind) for each in only] == [(1, 1, ())]
    assert only[0].p_best == pytest.approx(1)


def test_places_by_hand() -> None:
    """Two models of three seeds with equal variances: pooled, four degrees of freedom, t = 0.3 / √(2 · 0.01 / 3)."""
    base = np.array([0.9, 1.0, 1.1])
    limit = float(t.ppf(0.975, 4)) * math.sqrt(2 * 0.01 / 3)
    for gap, behind in ((limit - 1e-3, ()), (limit + 1e-3, (0,))):
        assert places(groups([base, base + gap]))[1].behind == behind
    first, second = places(groups([base, base + limit + 1e-3]))
    assert (first.rank, first.rank_to, second.rank, second.rank_to) == (1, 1, 2, 2)


def test_means_without_any_scatter_are_equal_or_not() -> None:
    found = places(groups([[2.0, 2.0], [1.0, 1.0], [1.0, 1.0]]))
    assert [(each.rank, each.rank_to, each.p_best) for each in found] == [(3, 3, 0), (1, 2, 0.5), (1, 2, 0.5)]
    assert found[0].behind == (1, 2)
    assert list(p_values(np.array([0.0, 0.1]), np.zeros(2), np.full(2, 2.0))) == [1, 0]


def test_the_sampling_of_scores_can_be_all_that_there_is() -> None:
    """Seeds that agree to the last digit, on scores that are known to ± 1."""
    values = [np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.0, 2.0])]
    errors = np.ones(3)
    assert [each.rank for each in places([Group(each, errors) for each in values])] == [1, 1]
    assert [each.rank for each in places([Group(each, errors / 100) for each in values])] == [1, 2]


def test_fid_is_compared_by_its_logarithm() -> None:
    one, other = scaled([Group(np.array([1.0, 2.0]), np.array([0.1, 0.2])), Group(np.array([4.0, 4.0]))], "fid")
    assert list(one.values) == [0, math.log(2)]
    assert list(one.errors) == [0.1, 0.1], "relative errors"
    assert not len(other.errors)
    below = [Group(np.array([-1.0, 2.0]), np.array([0.1, 0.2])), Group(np.array([4.0, 4.0]))]
    assert [list(each.values) for each in scaled(below, "fid")] == [[-1.0, 2.0], [4.0, 4.0]]
    assert [list(each.values) for each in scaled(below, "kid")] == [[-1.0, 2.0], [4.0, 4.0]]
    assert [list(each.values) for each in scaled(below, "coverage")] == [[1.0, -2.0], [-4.0, -4.0]]


def test_the_probability_of_being_best_is_that_of_draws() -> None:
    """Of many seeds Student's t is normal: 200,000 draws of the means, and the share in which each is the least."""
    rng = np.random.default_rng(3)
    values = [mean + rng.standard_normal(400) * scale for mean, scale in ((0.0, 1.0), (0.05, 2.0), (0.1, 0.5))]
    found = [each.p_best for each in places(groups(values))]
    spread = np.array([max(each.std(ddof=1), 0) for each in values]) / 20
    draws = norm.rvs(np.array([each.mean() for each in values]), spread, (200_000, 3), random_state=rng)
    assert found == pytest.approx(np.bincount(draws.argmin(1), minlength=3) / 200_000, abs=0.02)


def test_many_models_have_places_too() -> None:
    """As many as cells of a grid: the chances add up, and all but the first few have none."""
    rng = np.random.default_rng(4)
    found = places(groups(np.arange(300)[:, None] + rng.standard_normal((300, 3))))
    chances = [each.p_best for each in found]
    assert sum(chances) == pytest.approx(1) and max(chances) == max(chances[:4]) and max(chances[20:]) < 1e-3


SCATTER: dict[str, Callable[[np.random.Generator, int], Any]] = {
    "alike": lambda rng, k: np.ones(k),
    "unlike": lambda rng, k: np.sqrt(4 / rng.chisquare(4, k)),
    "one wild": lambda rng, k: np.where(np.arange(k) == 0, 8.0, 1.0),
    "half of them": lambda rng, k: np.where(np.arange(k) < k // 2, 5.0, 1.0),
}


def told_apart(scatter: str, k: int, boards: int = 300) -> float:
    """The share of boards of k equal models, three seeds each, on which any two are told apart."""
    rng = np.random.default_rng(1)
    tables = [places(groups(rng.standard_normal((k, 3)) * SCATTER[scatter](rng, k)[:, None])) for _ in range(boards)]
    return float(np.mean([any(each.behind for each in table) for table in tables]))


@pytest.mark.parametrize("scatter", SCATTER)
@pytest.mark.parametrize("k", [3, 12])
def test_equal_models_are_seldom_told_apart(scatter: str, k: int) -> None:
    """On at most one board of twenty, of which 300 see 5 % ± 2.5 %, however the scatter of models differs."""
    assert told_apart(scatter, k) < 0.075


def test_sampling_that_seeds_have_in_common_tells_nobody_apart() -> None:
    """Seeds that scatter by .03 around a value that the latents moved by .1, as those of conditional models do."""
    rng = np.random.default_rng(5)

    def boards(errors: float) -> float:
        apart = 0
        for _ in range(200):
            values = 0.1 * rng.standard_normal((8, 1)) + 0.03 * rng.standard_normal((8, 3))
            apart += any(each.behind for each in places([Group(v, np.full(3, errors)) for v in values]))
        return apart / 200

    assert boards(0.1) < 0.075
    assert boards(0.0) > 0.9, "which the scatter over seeds alone does not see"


def test_what_all_models_have_in_common_tells_more_of_them_apart() -> None:
    """Twelve models, half a unit of log FID apart, scattering by 0.13: a range is four places at most."""
    rng = np.random.default_rng(2)
    values = 0.5 * np.arange(12)[:, None] + 0.13 * rng.standard_normal((12, 3))
    found = places(groups(values))
    assert all(each.rank <= i + 1 <= each.rank_to for i, each in enumerate(found)), "and each holds the true place"
    assert max(each.rank_to - each.rank for each in found) <= 3
    assert found[0].p_best > 0.95
