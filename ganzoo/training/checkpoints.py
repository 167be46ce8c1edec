"""Checkpoints on the disk: plain arrays, never pickled, each with its hash, and the one before kept beside the last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo.errors import Damaged
from ganzoo.tensors import read_tensors, write_tensors
from ganzoo.training.loop import Checkpoint
from ganzoo.training.reports import NOTHING, Told
from ganzoo.training.runs import PREVIOUS, STATE

if TYPE_CHECKING:
    from ganzoo.training.log_file import LogFile
    from ganzoo.training.runs import RunFolder

AFRESH = f"Remove {STATE} and {PREVIOUS} to start this run again."


class FileCheckpoints:
    """A loop's checkpoints in state.safetensors, with the rows of ``log`` and the variant's own numbers up to it.

    Where the last one is damaged, that before it is loaded, and says so; it is one checkpoint older, and the steps
    after it are done again with the same bits.
    """

    def __init__(self, folder: RunFolder, log: LogFile | None = None) -> None:
        self._path, self._before = folder.file(STATE), folder.file(PREVIOUS)
        self._log = log

    def stored(self) -> bool:
        """Whether there is any, sound or not."""
        return self._path.is_file() or self._before.is_file()

    def load(self) -> Checkpoint | None:
        """The last state saved that is sound. Raises Damaged where there are some, but none is."""
        damage = None
        for path in filter(Path.is_file, (self._path, self._before)):
            try:
                checkpoint, log = checked(path, damage)
            except Damaged as error:
                damage = damage or error
                continue
            if damage is not None:
                self._path.unlink(missing_ok=True)  # it must never take the place of the one before
            if self._log is not None:
                self._log.stored = log
            return checkpoint
        if damage is not None:
            raise damage
        return None

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the state; the one so far becomes the one before."""
        about = {
            "step": str(checkpoint.step),
            "seconds": repr(checkpoint.seconds),
            "cpu_seconds": repr(checkpoint.cpu_seconds),
        }
        if self._log is not None:
            about["log"] = self._log.text()
        if checkpoint.told:
            about["reports"] = msgspec.json.encode(checkpoint.told).decode()
        write_tensors(self._path, checkpoint.arrays, about, before=self._before)


def checked(path: Path, damage: Damaged | None = None) -> tuple[Checkpoint, str | None]:
    """The checkpoint in a file, and the rows of the log in it; with the ``damage`` of a later one, it says so.

    Raises Damaged.
    """
    arrays, about = read_tensors(path, AFRESH)
    try:
        # States of older versions lack the CPU time; with one thread it is the wall time of an idle machine.
        cpu = float(about["cpu_seconds" if "cpu_seconds" in about else "seconds"])
        step, seconds = int(about["step"]), float(about["seconds"])
        told = msgspec.json.decode(about["reports"], type=Told) if "reports" in about else NOTHING
    except (KeyError, ValueError) as error:
        raise Damaged(path, f"it is no state of a training ({error})", AFRESH) from error
    note = f"{damage.path.name} is damaged ({damage.what}); the checkpoint before it is used" if damage else ""
    return Checkpoint(step, seconds, arrays, cpu, note, told), about.get("log")
