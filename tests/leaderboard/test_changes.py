"""From one board to another: what changed, by more than chance, and what cannot be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

from ganzoo import registry
from ganzoo.errors import UnknownName, UsageError
from ganzoo.leaderboard.changes import Change, compared
from ganzoo.leaderboard.ranking import Group, p_of_changes
from tests.fakes.boards import seeds, write_runs

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")
Rows = Iterable[Mapping[str, str]]


def found(tmp_path: Path, old: list[Rows], new: list[Rows], *columns: str) -> dict[str, Change]:
    paths = write_runs(tmp_path / "old", *old), write_runs(tmp_path / "new", *new)
    changes = compared(*paths, BOOK, columns=columns)
    assert [each.variant for each in changes] == sorted(each.variant for each in changes)
    return {each.variant: each for each in changes}


def test_every_kind_of_change(tmp_path: Path) -> None:
    steady = [seeds(name, [4.0, 4.2, 4.4]) for name in ("steady", "same", "lost")]
    old = [
        *steady,
        seeds("up", [2.0, 2.1, 2.2]),
        seeds("down", [2.0, 2.1, 2.2]),
        seeds("one", [3.0]),
        seeds("gone", [3.0]),
    ]
    again = seeds("steady", [4.1, 4.3, 4.5]), seeds("same", [4.0, 4.2, 4.4]), seeds("lost", [4.0, 4.2, None])
    new = [
        *again,
        seeds("up", [4.0, 4.1, 4.4]),
        seeds("down", [1.0, 1.1, 1.05]),
        seeds("one", [5.0]),
        seeds("new", [3.0]),
    ]
    changes = found(tmp_path, old, new)
    assert {name: each.verdict for name, each in changes.items()} == {
        "steady": "may be chance",
        "same": "the same generators",
        "lost": "fails",
        "up": "worse",
        "down": "better",
        "one": "one seed tells nothing",
        "gone": "gone",
        "new": "new",
    }
    assert (changes["up"].before, changes["up"].after) == (pytest.approx(2.1), pytest.approx(12.5 / 3))
    assert (changes["gone"].after, changes["new"].before, changes["one"].p) == (None, None, None)
    assert changes["up"].p is not None and changes["up"].p < 1e-3
    assert changes["steady"].p is not None and changes["steady"].p > 0.05


def test_less_coverage_is_worse(tmp_path: Path) -> None:
    cells = [
        [row | {"coverage": str(base + i / 100)} for i, row in enumerate(seeds("a", [base, 2, 3]))]
        for base in (0.9, 0.4)
    ]
    (change,) = found(tmp_path, [cells[0]], [cells[1]], "coverage").values()
    assert (change.verdict, change.before, change.after) == ("worse", pytest.approx(0.91), pytest.approx(0.41))
    (change,) = found(tmp_path, [cells[1]], [cells[0]], "coverage").values()
    assert change.verdict == "better"


def test_a_row_that_was_never_scored(tmp_path: Path) -> None:
    assert found(tmp_path, [seeds("a", [None])], [seeds("a", [None])])["a"].verdict == "not scored"
    assert found(tmp_path, [seeds("a", [None])], [seeds("a", [1.0, 2.0])])["a"].verdict == "not scored"


def test_generators_of_older_tables_are_not_known_to_be_the_same(tmp_path: Path) -> None:
    rows = seeds("a", [1.0, 1.1], content_hash="")
    change = found(tmp_path, [rows], [rows])["a"]
    assert (change.verdict, change.p) == ("may be chance", 1.0)


def test_both_boards_say_how_models_scatter() -> None:
    """Two models before and after, all of one variance: pooled it has eight degrees; Holm doubles the smaller p."""
    base = np.array([0.9, 1.0, 1.1])
    before, after = [Group(base), Group(base)], [Group(base + 0.3), Group(base)]
    first, second = p_of_changes(before, after)
    assert first == pytest.approx(2 * 0.0062711, rel=1e-3), "t = 0.3 / √(2 · 0.01 / 3) = 3.674 of 8"
    assert second == 1
    assert p_of_changes([], []) == []


def test_files_and_folders_and_one_dataset_of_several(tmp_path: Path) -> None:
    other = [row | {"dataset": "e"} for row in seeds("a", [1.0, 1.1])]
    old = write_runs(tmp_path / "old", seeds("a", [1.0, 1.1]), other)
    new = write_runs(tmp_path / "new", seeds("a", [1.0, 1.1]), other, [row | {"dataset": "f"} for row in other])
    assert [each.dataset for each in compared(old / "runs.csv", new, BOOK)] == ["d", "e"]
    assert [each.dataset for each in compared(old, new, BOOK, "e")] == ["e"]
    assert [each.column for each in compared(old, new, BOOK, "e", ["kid", "is"])] == ["kid", "is"]
    with pytest.raises(UnknownName, match=r"Unknown dataset of both .* 'f'.*There is: d, e"):
        compared(old, new, BOOK, "f")
    with pytest.raises(UnknownName, match=r"Unknown metric 'fod'\. Did you mean 'fid'"):
        compared(old, new, BOOK, columns=["fod"])


def test_what_does_not_compare_is_refused(tmp_path: Path) -> None:
    old = write_runs(tmp_path / "old", seeds("a", [1.0, 1.1]))
    new = write_runs(tmp_path / "new", seeds("a", [1.0, 1.1], protocol="q"))
    with pytest.raises(UsageError, match=r"d was scored by protocol p in .*old and q in .*new: these scores do not"):
        compared(old, new, BOOK)
    elsewhere = write_runs(tmp_path / "elsewhere", seeds("a", [1.0], dataset="x"))
    with pytest.raises(UsageError, match="have no dataset in common"):
        compared(old, elsewhere, BOOK)
    with pytest.raises(UsageError, match=r"nothing is no folder of leaderboards: it has no runs\.csv"):
        compared(old, tmp_path / "nothing", BOOK)
