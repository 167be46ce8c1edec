"""A power cut at every moment of a run, and of the writing of tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from power import Cut, Disk, Tree, restore

from ganzoo import files
from ganzoo.data.base import Dataset
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import toy_images
from ganzoo.training import run, runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.runs import RunFolder, RunStore

STEPS = {"steps": 6}


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps."""
    return fake_zoo.load("stepper")


def train(plugin: Plugin, root: Path, **given: Any) -> RunFolder:
    images = toy_images((1, 8, 8))
    dataset = Dataset(images.spec, images, toy_images((1, 8, 8), seed=1))
    return run.train(plugin, dataset, STEPS, store=RunStore(root), checkpoint_seconds=0, rehearsed=False, **given)


def outcome(folder: RunFolder) -> tuple[str, str, bytes]:
    state = folder.file(runs.STATE).read_bytes()
    header = 8 + int.from_bytes(state[:8], "little")  # the header also holds how long it took
    return folder.manifest().onnx_sha256, state[header:].hex(), folder.file(runs.LOG).read_bytes()


@pytest.fixture
def saves(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Disk]]:
    """Disks that are told of every checkpoint once it was saved."""
    disks: list[Disk] = []
    real = FileCheckpoints.save

    def save(self: FileCheckpoints, checkpoint: Any) -> None:
        real(self, checkpoint)
        for disk in disks:
            disk.promised = checkpoint.step

    monkeypatch.setattr(FileCheckpoints, "save", save)
    yield disks


def left(cuts: list[Cut]) -> list[tuple[str, int, Tree]]:
    """What may be left after each moment, each once."""
    found = [(f"{cut.after}, {i}", cut.promised, tree) for i, cut in enumerate(cuts) for tree in (cut.lost, cut.early)]
    return list({(tree, promised): (after, promised, tree) for after, promised, tree in found}.values())


def test_a_run_survives_a_power_cut_at_every_moment(stepper: Plugin, saves: list[Disk], tmp_path: Path) -> None:
    """It ends with the same bits, and no checkpoint is lost whose saving had returned."""
    straight = train(stepper, tmp_path / "straight")
    root = tmp_path / "watched"
    root.mkdir()
    disk = Disk(root)
    saves.append(disk)
    with disk.watched():
        train(stepper, root)
    saves.clear()
    moments = left(disk.cuts)
    assert len(moments) > 40
    for number, (after, promised, tree) in enumerate(moments):
        store = restore(tree, tmp_path / f"cut{number}")
        finished = any(each.is_finished() for each in RunStore(store).all())
        resumed: list[int] = []
        folder = train(
            stepper,
            store,
            observer=lambda event, fields, to=resumed: to.append(fields["step"]) if event == "resumed" else None,
        )
        assert outcome(folder) == outcome(straight), after
        assert finished or promised == 0 or resumed[0] >= promised, after
    assert {promised for _, promised, _ in moments} == set(range(7))


def test_a_finished_run_stays_finished(stepper: Plugin, tmp_path: Path) -> None:
    root = tmp_path / "watched"
    root.mkdir()
    disk = Disk(root)
    with disk.watched():
        train(stepper, root)
        (root / "end").mkdir()  # a last moment, after the training returned
    for number, tree in enumerate((disk.cuts[-1].lost, disk.cuts[-1].early)):
        (folder,) = RunStore(restore(tree, tmp_path / f"cut{number}")).all()
        assert folder.is_finished()
        assert folder.manifest().files == folder.hashes()


def test_a_file_that_was_written_stays_written(tmp_path: Path) -> None:
    """Whatever is replaced while a lock is held, such as runs.csv: the old content or the new, never less."""
    root = tmp_path / "watched"
    root.mkdir()
    path = root / "boards" / "runs.csv"
    contents = [f"row {i}\n".encode() * 50 for i in range(4)]
    disk = Disk(root)
    with disk.watched(), files.locked(path.parent, "folder"):
        for number, content in enumerate(contents, 1):
            files.write_bytes(path, content)
            disk.promised = number
    for after, promised, tree in left(disk.cuts):
        found = dict(tree).get("boards/runs.csv")
        assert found in (contents[promised - 1 :] if promised else [None, *contents]), after


def test_the_disk_loses_what_was_not_synced(tmp_path: Path) -> None:
    """That the tests above can fail: a rename without the syncs leaves an empty file, or the old one."""
    (tmp_path / "a").write_bytes(b"old")
    disk = Disk(tmp_path)
    with disk.watched():
        (tmp_path / "b").write_bytes(b"new!")
        (tmp_path / "b").replace(tmp_path / "a")
    (cut,) = disk.cuts
    assert cut.lost == (("a", b"old"),)
    assert cut.early == (("a", b"\0\0"),)
