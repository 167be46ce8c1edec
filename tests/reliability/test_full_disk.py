"""A disk that is full at every write of a training, and of the tables: one sentence, and the same bits afterwards."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_power import outcome, train

from ganzoo.errors import GanzooError, StoreError
from ganzoo.leaderboard import board
from ganzoo.leaderboard.update import update
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.registry import Registry
from ganzoo.sealed import write_json
from ganzoo.training.runs import Failure, RunStore

CALLS = ("fsync", "replace", "mkdir")
"""What fails where there is no space: a write is seen at the latest when it is synced."""


@contextmanager
def full_from(number: int) -> Iterator[list[str]]:
    """No space at the call of this number and at all after it; yields what was called."""
    called: list[str] = []

    def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **more: Any) -> Any:
            called.append(name)
            if len(called) > number:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*given, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, failing(name, getattr(os, name)))
        yield called


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps."""
    return fake_zoo.load("stepper")


def temporary(root: Path) -> list[Path]:
    return [path for path in root.rglob(".*") if path.is_file() and path.name != ".lock"]


def test_a_training_on_a_full_disk(stepper: Plugin, tmp_path: Path) -> None:
    straight = outcome(train(stepper, tmp_path / "straight"))
    with full_from(10**6) as called:
        train(stepper, tmp_path / "counted")
    assert len(called) > 30
    for number in range(len(called)):
        root = tmp_path / f"full{number}"
        try:
            with full_from(number):
                train(stepper, root)
        except GanzooError as error:
            assert "No space left on device" in error.message, number
        else:
            assert number > len(called) - 3, "only what comes after the last manifest may pass"
        assert temporary(root) == []
        assert outcome(train(stepper, root)) == straight, number


def test_tables_on_a_full_disk(catalogue: Registry, tmp_path: Path) -> None:
    """Every file of them is the old one or the new one, and a second writing makes them all new."""
    store, out = RunStore(tmp_path / "runs"), tmp_path / "out"
    failure = Failure(variant="a", dataset="digits", seed=0, quick=False, note="", date_utc="")
    write_json(store.failure_file("digits", "a", 0, False), failure)
    board.write(store, out, catalogue)
    old = {path.name: path.read_bytes() for path in out.iterdir()}
    write_json(store.failure_file("digits", "b", 0, False), failure)
    board.write(store, tmp_path / "new", catalogue)
    new = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    number = 0
    while True:
        for name, content in old.items():
            (out / name).write_bytes(content)
        try:
            with full_from(number):
                update(store, out, catalogue, False, lambda sentence: None)
            break
        except StoreError as error:
            assert "No space left on device" in str(error)
        for path in out.iterdir():
            assert path.read_bytes() in (old.get(path.name), new.get(path.name), old["runs.csv"]), path.name
        assert temporary(out) == []
        number += 1
    assert number > 8
