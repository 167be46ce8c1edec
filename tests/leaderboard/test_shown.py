from __future__ import annotations

import os
from pathlib import Path

import pytest

from ganzoo import files, registry
from ganzoo.errors import StoreError, UnknownName
from ganzoo.leaderboard import aggregate, board, page, shown
from ganzoo.leaderboard.rows import COLUMNS

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")
BY_KID = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\nrank_by = "kid"\n', "here")


def write(out: Path, fid: float) -> None:
    """A table of two models with two seeds each."""
    cells = {"dataset": "d", "status": "ok", "role": "model", "protocol": "p", "bench": "1", "extractor": "pixels@1"}
    made = [
        {**cells, "variant": name, "seed": str(seed), "fid": str(fid + seed + step), "kid": str(seed - step)}
        for step, name in enumerate(("a", "b"))
        for seed in (0, 1)
    ]
    lines = [",".join(COLUMNS), *(",".join(row.get(name, "") for name in COLUMNS) for row in made)]
    files.write_text(out / "runs.csv", "\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "boards"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The columns by which boards were aggregated, not taken from the cache."""
    found: list[str] = []
    real = aggregate.aggregate

    def aggregated(table: object, dataset: str, rank_by: str, total: bool) -> object:
        found.append(rank_by)
        return real(table, dataset, rank_by, total)  # type: ignore[arg-type]

    monkeypatch.setattr(aggregate, "aggregate", aggregated)
    return found


def test_a_board_is_worked_out_once(tmp_path: Path, made: list[str]) -> None:
    write(tmp_path, 1.0)
    first = shown.shown(tmp_path, "d", BOOK)
    found = aggregate.aggregate(board.read_runs(tmp_path), "d", "fid", False)
    assert (first.header, first.rows) == page.shown_table(found)
    assert first.extractor == "pixels@1"
    assert "caution" in first.remarks[0].lower() or "pixels" in first.remarks[0]
    made.clear()
    assert shown.shown(tmp_path, "d", BOOK) == first
    assert made == []


def test_whatever_it_follows_from_makes_another(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 1.0)
    first = shown.shown(tmp_path, "d", BOOK)
    assert shown.shown(tmp_path, "d", BY_KID).rows != first.rows
    shown.shown(tmp_path, "d", BOOK, total=True)
    write(tmp_path, 2.0)
    assert shown.shown(tmp_path, "d", BOOK).rows != first.rows
    monkeypatch.setattr(shown, "code_stamp", lambda: "another")
    shown.shown(tmp_path, "d", BOOK)
    assert made == ["fid", "kid", "fid", "fid", "fid"]


def test_a_damaged_cache_is_worked_out_again(tmp_path: Path, made: list[str], cache: Path) -> None:
    write(tmp_path, 1.0)
    first = shown.shown(tmp_path, "d", BOOK)
    (file,) = cache.iterdir()
    file.write_text(file.read_text().replace("1", "2"))
    assert shown.shown(tmp_path, "d", BOOK) == first
    file.write_bytes(b"")
    assert shown.shown(tmp_path, "d", BOOK) == first
    assert len(made) == 3


def test_a_cache_that_cannot_be_used_costs_time_alone(tmp_path: Path, made: list[str], cache: Path) -> None:
    write(tmp_path, 1.0)
    cache.parent.write_text("a file")
    assert shown.shown(tmp_path, "d", BOOK) == shown.shown(tmp_path, "d", BOOK)
    assert len(made) == 2


def test_the_cache_forgets_the_oldest(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "KEPT", 2)
    for fid in range(4):
        write(tmp_path, fid)
        shown.shown(tmp_path, "d", BOOK)
    assert len(list(cache.iterdir())) == 2


def test_the_newest_stay_in_the_cache_whatever_they_are_called(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "KEPT", 2)
    cache.mkdir(parents=True)
    for name, when in (("a", 9e9), ("z", 1.0)):
        (cache / f"{name}.json").write_text("")
        os.utime(cache / f"{name}.json", (when, when))
    write(tmp_path, 1.0)
    shown.shown(tmp_path, "d", BOOK)
    names = {path.stem for path in cache.iterdir()}
    assert (len(names), "a" in names, "z" in names) == (2, True, False)


def test_a_board_is_shown_where_the_cache_cannot_be_tidied(tmp_path: Path, cache: Path) -> None:
    """Another process took a file away between two looks, as this link has lost its file."""
    cache.mkdir(parents=True)
    (cache / "gone.json").symlink_to(tmp_path / "nowhere")
    write(tmp_path, 1.0)
    assert shown.shown(tmp_path, "d", BOOK).rows


def test_rows_that_are_left_out_are_remarked(tmp_path: Path) -> None:
    write(tmp_path, 1.0)
    line = (tmp_path / "runs.csv").read_text().splitlines()[1]
    newer = dict(zip(COLUMNS, line.split(","), strict=True)) | {"protocol": "q", "bench": "2", "variant": "c"}
    with (tmp_path / "runs.csv").open("a") as file:
        file.write(",".join(newer.values()) + "\n")
    found = shown.shown(tmp_path, "d", BOOK)
    assert found.remarks[-1] == "4 rows scored under other protocols are left out (p)."


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="leaderboard in"):
        shown.shown(tmp_path, "d", BOOK)
    write(tmp_path, 1.0)
    with pytest.raises(UnknownName, match=r"'e'.*There is: d"):
        shown.shown(tmp_path, "e", BOOK)
    (tmp_path / "runs.csv").write_text("x")
    with pytest.raises(StoreError, match="no leaderboard"):
        shown.shown(tmp_path, "d", BOOK)
