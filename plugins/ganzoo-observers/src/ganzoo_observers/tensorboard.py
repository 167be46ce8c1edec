"""TensorBoard's event files, by tensorboardX: tensorboard's own writer imports TensorFlow where there is one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter


class TensorBoardObserver:
    """``tensorboard/`` in the run's folder: the scalars of every step. See it: tensorboard --logdir runs."""

    def __init__(self, folder: Path) -> None:
        # One file per attempt; two attempts may begin in one second, of which the file's name is made.
        self._writer = SummaryWriter(str(folder / "tensorboard"), filename_suffix=f".{os.getpid()}")

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Add the scalars of a step."""
        if event != "step":
            return
        for name, value in run["scalars"].items():
            self._writer.add_scalar(name, value, run["step"])
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
