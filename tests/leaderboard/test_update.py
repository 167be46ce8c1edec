from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ganzoo import registry
from ganzoo.leaderboard import board
from ganzoo.leaderboard.update import update
from ganzoo.sealed import write_json
from ganzoo.training.runs import Failure, RunStore

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")
OTHER = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\nrank_by = "kid"\n', "here")
FAILURE = Failure(variant="v", dataset="d", seed=0, quick=False, note="", date_utc="")


def test_tables_are_written_where_anything_changed_and_damage_is_told_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, out = RunStore(tmp_path / "runs"), tmp_path / "out"
    write_json(store.failure_file("d", "v", 0, False), FAILURE)
    store.failure_file("d", "v", 1, False).write_bytes(b"")
    writes, told = [], []
    real = board.write

    def write(*given: object, **more: object) -> list[Path]:
        writes.append(given)
        return real(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(board, "write", write)
    first = update(store, out, BOOK, False, told.append)
    assert update(store, out, BOOK, False, told.append) == first
    assert len(writes) == 1
    assert len(told) == 2
    assert told[0] == told[1]
    assert "seed1.failed.json is damaged" in told[0]
    (out / "d.md").write_text("by hand")
    update(store, out, BOOK, False, told.append)
    assert (out / "d.md").read_text() != "by hand"
    update(store, out, OTHER, False, told.append)
    update(store, out, OTHER, True, told.append)
    write_json(store.failure_file("d", "v", 2, False), FAILURE)
    update(store, out, OTHER, True, told.append)
    assert len(writes) == 5


def test_tables_of_quick_runs_are_of_quick_runs(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    for seed, quick in ((4, False), (5, True)):
        write_json(store.failure_file("d", "v", seed, quick), msgspec.structs.replace(FAILURE, seed=seed, quick=quick))
    for quick, seeds in ((True, ["5"]), (False, ["4"])):
        update(store, tmp_path / f"{quick}", BOOK, quick, lambda text: None)
        assert list(board.read_runs(tmp_path / f"{quick}")["seed"]) == seeds
