from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ganzoo.leaderboard import index, rows
from ganzoo.leaderboard.index import FILE, StoreIndex
from ganzoo.sealed import write_json
from ganzoo.training.runs import REAL, SCORE, Failure, RunStore

FAILURE = Failure(variant="v", dataset="d", seed=0, quick=False, note="first", date_utc="")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """A store of three notes of failures, one of a quick bench."""
    store = RunStore(tmp_path / "runs")
    for seed, quick in ((0, False), (1, False), (1, True)):
        noted = msgspec.structs.replace(FAILURE, seed=seed, quick=quick)
        write_json(store.failure_file("d", "v", seed, quick), noted)
    return store


def notes(store: RunStore, quick: bool = False) -> list[str]:
    return [row["note"] for row in StoreIndex(store).collect(quick).rows]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are read, not taken from the index."""
    found: list[str] = []

    def read(root: Path, path: str) -> rows.Entry:
        found.append(path)
        return rows.read_entry(root, path)

    monkeypatch.setattr(index, "read_entry", read)
    return found


def test_only_what_changed_is_read_again(store: RunStore, reads: list[str]) -> None:
    assert (notes(store), notes(store, True)) == (["first", "first"], ["first"])
    assert len(reads) == 3
    write_json(store.failure_file("d", "v", 1, False), msgspec.structs.replace(FAILURE, seed=1, note="second"))
    assert notes(store) == ["first", "second"]
    assert reads[3:] == ["d/v/seed1.failed.json"]
    store.failure_file("d", "v", 0, False).unlink()
    assert notes(store) == ["second"]
    assert reads[4:] == []
    entries = [rows.read_entry(store.root, path) for path in StoreIndex(store).stamps]
    assert StoreIndex(store).collect() == rows.collected(entries, False)


def test_a_file_changed_in_its_place_is_read_again(store: RunStore, reads: list[str]) -> None:
    notes(store)
    path = store.failure_file("d", "v", 0, False)
    path.write_bytes(path.read_bytes().replace(b"first", b"tsrif"))  # as long as it was
    assert len(StoreIndex(store).collect().skipped) == 1


def test_a_score_beside_a_manifest_is_part_of_its_stamp(store: RunStore) -> None:
    folder = store.folder("d", "v", "k")
    folder.path.mkdir()
    folder.file("run.json").write_text("{}")
    before = StoreIndex(store).stamps["d/v/k"]
    folder.file(SCORE).write_text("{}")
    assert StoreIndex(store).stamps["d/v/k"] != before
    assert StoreIndex(store).stamps.keys() >= {"d/v/k", "d/v/seed0.failed.json"}


def test_the_score_of_real_samples_is_part_of_the_stamp_of_its_runs(store: RunStore) -> None:
    """Their diagnosis holds them against it."""
    folder, real = store.folder("d", "v", "k"), store.folder("d", REAL, "p")
    for made in (folder, real):
        made.path.mkdir(parents=True)
    folder.file("run.json").write_text("{}")
    before = StoreIndex(store).stamps["d/v/k"]
    real.file(SCORE).write_text("{}")
    assert StoreIndex(store).stamps["d/v/k"] != before


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_is_made_anew(content: bytes, store: RunStore, reads: list[str]) -> None:
    notes(store)
    (store.root / FILE).write_bytes(content)
    assert notes(store) == ["first", "first"]
    assert notes(store) == ["first", "first"]
    assert len(reads) == 6


def test_an_index_that_cannot_be_written_is_done_without(store: RunStore, reads: list[str]) -> None:
    (store.root / FILE).mkdir()
    assert notes(store) == ["first", "first"]
    assert notes(store) == ["first", "first"]
    assert len(reads) == 6


def test_an_index_of_other_code_is_made_anew(
    store: RunStore, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes(store)
    monkeypatch.setattr(index, "code_stamp", lambda: "another")
    notes(store)
    assert len(reads) == 6
    with sqlite3.connect(store.root / FILE) as table:
        assert table.execute("SELECT name FROM format").fetchall() == [("another",)]


def test_an_empty_store(tmp_path: Path) -> None:
    assert StoreIndex(RunStore(tmp_path / "none")).collect() == rows.Collected([], [], [])
    assert not (tmp_path / "none").exists()


def test_what_was_written_is_recalled_while_nothing_changed(store: RunStore, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.csv").write_text("a")
    StoreIndex(store).remember(out, "terms", [out / "a.csv"], ["one was damaged"])

    def recalled(terms: str = "terms", folder: Path = out) -> Any:
        return StoreIndex(store).recall(folder, terms)

    assert recalled() == ([out / "a.csv"], ["one was damaged"])
    assert recalled(terms="other terms") is None
    assert recalled(folder=tmp_path) is None
    (out / "a.csv").write_text("b")
    assert recalled() is None
    (out / "a.csv").unlink()
    assert recalled() is None
    (out / "a.csv").write_text("a")
    assert recalled() is not None
    write_json(store.failure_file("d", "v", 5, False), FAILURE)
    assert recalled() is None


def remembered(store: RunStore, out: Path) -> Any:
    """What is recalled of a file once it was noted, all in one."""
    out.mkdir(exist_ok=True)
    (out / "a.csv").write_text("a")
    StoreIndex(store).remember(out, "terms", [out / "a.csv"], [])
    return StoreIndex(store).recall(out, "terms")


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_index_recalls_nothing(content: bytes, store: RunStore, tmp_path: Path) -> None:
    assert remembered(store, tmp_path / "out") is not None
    (store.root / FILE).write_bytes(content)
    assert StoreIndex(store).recall(tmp_path / "out", "terms") is None
    remembered(store, tmp_path / "out")


def test_an_index_whose_schema_is_no_text_is_done_without(store: RunStore, tmp_path: Path) -> None:
    assert remembered(store, tmp_path / "out") is not None
    file = store.root / FILE
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE written", b"\xff\xfeEATE TABLE written"))
    assert remembered(store, tmp_path / "out") is None


def test_without_an_index_tables_are_written_each_time(store: RunStore, tmp_path: Path) -> None:
    (store.root / FILE).mkdir()
    assert remembered(store, tmp_path / "out") is None


def test_a_file_that_is_gone_already_is_not_noted(store: RunStore, tmp_path: Path) -> None:
    StoreIndex(store).remember(tmp_path, "terms", [tmp_path / "gone.csv"], [])
    assert StoreIndex(store).recall(tmp_path, "terms") is None


@pytest.mark.parametrize("place", [None, 0, 1, 2])
def test_a_damaged_note_recalls_nothing(place: int | None, store: RunStore, tmp_path: Path) -> None:
    assert remembered(store, tmp_path / "out") is not None
    with sqlite3.connect(store.root / FILE) as table:
        ((result,),) = table.execute("SELECT result FROM written").fetchall()
        values = msgspec.json.decode(result)
        if place is not None:
            values[place] = 5
        for damaged in (5, None, b"{", b"[]", msgspec.json.encode(values if place is not None else {})):
            table.execute("UPDATE written SET result = ?", (damaged,))
            table.commit()
            assert StoreIndex(store).recall(tmp_path / "out", "terms") is None
