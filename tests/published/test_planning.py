"""What of which table is trained, with which seeds and options."""

from __future__ import annotations

import pytest

from ganzoo.errors import UnknownName, UsageError
from ganzoo.leaderboard.jobs import Job
from ganzoo.published.planning import cells, job_of, trials
from ganzoo.published.tables import Published, PublishedRow, PublishedTable, Quantity, SmallBudget

QUANTITY = {"modes": Quantity(label="modes", number="modes")}


def table(*rows: PublishedRow, small: SmallBudget | None = None, **more: object) -> PublishedTable:
    fields: dict[str, object] = {"paper": "P", "place": "T", "data": "ring", "protocol": "", "measure": "mixture"}
    fields |= {"steps": 1000, "quantities": QUANTITY, "not_small": "it takes hours."} | more
    return PublishedTable(rows=list(rows), small=small, **fields)  # type: ignore[arg-type]


A = PublishedRow(name="A", variant="a", options={"pack": 2, "norm": False})
B = PublishedRow(name="B", variant="b", small=False)
PUBLISHED = Published(
    api=1,
    tables={
        "one": table(A, B, small=SmallBudget(budget=0.01, seeds=2), options={"pack": 1, "lr": 1e-4}),
        "two": table(A),
    },
)
TEMPLATE = Job(variant="", dataset="", seed=0, runs="there")


def named(*words: object, **more: object) -> list[str]:
    found = cells(PUBLISHED, *words, **more)  # type: ignore[arg-type]
    return [f"{each.name}/{each.row.name} {each.steps} {' '.join(map(str, each.seeds))}" for each in found]


def test_all_tables_or_some_and_all_rows_or_some() -> None:
    assert named([]) == ["one/A 1000 0 1 2", "one/B 1000 0 1 2", "two/A 1000 0 1 2"]
    assert named(["two"], budget=0.1, seeds=[5]) == ["two/A 100 5"]
    assert named(["one"], ["B"]) == ["one/B 1000 0 1 2"]


def test_the_small_budget_has_its_own_seeds_and_rows() -> None:
    assert named([], budget=None) == ["one/A 10 0 1"]
    assert named([], budget=None, seeds=[3]) == ["one/A 10 3"]
    assert named(["one"], ["B"], budget=None) == ["one/B 10 0 1"], "what is named is taken"


def test_a_table_without_a_small_budget_says_why() -> None:
    with pytest.raises(UsageError, match="'two' has no small budget: it takes hours"):
        cells(PUBLISHED, ["two"], budget=None)


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="published table 'three'"):
        cells(PUBLISHED, ["three"])
    with pytest.raises(UnknownName, match="row 'C'"):
        cells(PUBLISHED, ["one"], ["C"])
    with pytest.raises(UsageError, match="--row needs the one table"):
        cells(PUBLISHED, [], ["A"])


def test_a_budget_never_cuts_to_nothing() -> None:
    assert cells(PUBLISHED, ["two"], budget=1e-9)[0].steps == 1


def test_jobs_go_seed_by_seed_with_all_that_is_set() -> None:
    found = [job_of(trial, TEMPLATE) for trial in trials(cells(PUBLISHED, [], budget=0.5, seeds=[4, 7]))]
    assert [(each.variant, each.seed) for each in found] == [(v, s) for s in (4, 7) for v in ("a", "b", "a")]
    assert found[0].options == {"pack": "2", "lr": "0.0001", "norm": "false", "steps": "500"}
    assert found[1].options == {"pack": "1", "lr": "0.0001", "steps": "500"}
    assert {(each.dataset, each.runs) for each in found} == {("ring", "there")}
    assert len({(each.cell, each.seed) for each in found}) == 6


def test_cells_of_fewer_seeds_take_fewer_trials() -> None:
    one, two = cells(PUBLISHED, ["one"], ["A"], seeds=[5]), cells(PUBLISHED, ["two"], seeds=[6, 7])
    assert [(cell.name, seed) for cell, seed in trials([*one, *two])] == [("one", 5), ("two", 6), ("two", 7)]
