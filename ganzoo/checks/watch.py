"""What a plugin does to the process and the disk around it: global state, files written, words on stdout."""

from __future__ import annotations

import importlib
import logging
import os
import random
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.plugin import surroundings
from ganzoo.plugin.surroundings import GLOBALS, Part, functions, restore

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OTHER_WRITES = {"os.mkdir": 0, "os.remove": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1, "os.truncate": 0}
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SENTINEL = 20260101


# Global state


def snapshot() -> dict[str, Any]:
    """Everything global that a plugin must leave as it found it, by the name a reader knows it by."""
    return surroundings.snapshot(_PARTS) | _torch_state() | _tensorflow_state()


def _torch_state() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {
        "torch's global random state": torch.get_rng_state().numpy().tobytes(),
        "torch's default dtype": str(torch.get_default_dtype()),
        "torch's gradient mode": torch.is_grad_enabled(),
        "torch's deterministic mode": torch.are_deterministic_algorithms_enabled(),
    }


def _tensorflow_state() -> dict[str, Any]:
    context = sys.modules.get("tensorflow.python.eager.context")
    return {} if context is None else {"TensorFlow's global seed": context.global_seed()}


def _threads() -> dict[str, int]:
    """Threads of each linear algebra and OpenMP library, and torch's own count."""
    counts: dict[str, int] = {Path(pool.filepath).name: pool.num_threads for pool in _pools()}
    torch = sys.modules.get("torch")
    return counts | ({"torch": torch.get_num_threads()} if torch is not None else {})


def _pools() -> list[Any]:
    pools: list[Any] = importlib.import_module("threadpoolctl").ThreadpoolController().lib_controllers
    return pools


def _set_threads(counts: dict[str, int]) -> None:
    for pool in _pools():
        if (wanted := counts.get(Path(pool.filepath).name)) is not None:
            pool.set_num_threads(wanted)
    if "torch" in counts:
        sys.modules["torch"].set_num_threads(counts["torch"])


@contextmanager
def arranged(start: dict[str, Any], folder: Path, environ: dict[str, str]) -> Iterator[None]:
    """Global state as it was at the ``start`` of the process, with values that a plugin would not choose by chance.

    A plugin that was called before and set what it sets once more is seen by that. Everything is put back afterwards.
    """
    saved = snapshot()
    torch, context = sys.modules.get("torch"), sys.modules.get("tensorflow.python.eager.context")
    torch_state = torch.get_rng_state() if torch is not None else None
    start = {**start, "os.environ": {**start["os.environ"], **environ}, "the working directory": str(folder)}
    restore(_PARTS, start)
    random.seed(_SENTINEL)
    np.random.seed(_SENTINEL)
    if torch is not None:
        torch.manual_seed(_SENTINEL)
    if context is not None:
        context.set_global_seed(_SENTINEL)
    try:
        yield
    finally:
        restore(_PARTS, saved)
        if torch is not None:
            torch.set_rng_state(torch_state)


def _refill(target: Any, state: list[Any]) -> None:
    target[:] = state


def _set_handlers(state: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, state, strict=True):
        signal.signal(number, handler)


def _logger_state() -> tuple[Any, ...]:
    root = logging.getLogger()
    return root.level, list(root.handlers), root.manager.disable


def _set_logger(state: tuple[Any, ...]) -> None:
    root = logging.getLogger()
    root.level, root.handlers[:], root.manager.disable = state


_PARTS = (
    *GLOBALS,
    functions("numpy's functions", ("numpy", "numpy.random"), repaired=False),
    Part("the warnings filters", lambda: list(warnings.filters), lambda state: _refill(warnings.filters, state)),
    Part("the signal handlers", lambda: [signal.getsignal(number) for number in _SIGNALS], _set_handlers),
    Part("sys.path", lambda: list(sys.path), lambda state: _refill(sys.path, state)),
    Part("the root logger", _logger_state, _set_logger),
    Part("sys.stdout and sys.stderr", lambda: (id(sys.stdout), id(sys.stderr))),
    Part("the number of threads", _threads, _set_threads),
)


# Files


class _Audit:
    """Every path that Python code opens for writing, makes, renames or removes while it is on."""

    def __init__(self) -> None:
        self.paths: list[str] | None = None
        self._installed = False

    def install(self) -> None:
        """Once per process: an audit hook cannot be taken out again."""
        if not self._installed:
            sys.addaudithook(self._hear)
            self._installed = True

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.paths is None:
            return
        place = _OTHER_WRITES.get(event)
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
            place = 0
        if place is not None and isinstance(arguments[place], (str, bytes, os.PathLike)):
            self.paths.append(os.path.abspath(os.fsdecode(arguments[place])))  # noqa: PTH100 - it resolves no links


_audit = _Audit()


@contextmanager
def writes(allowed: Path, temporary: Path, watched: tuple[Path, ...]) -> Iterator[list[str]]:
    """Fills the list with files written outside ``allowed``, and with what is left in ``watched`` and ``temporary``."""
    _audit.install()
    found: list[str] = []
    _audit.paths = []
    try:
        yield found
    finally:
        opened, _audit.paths = _audit.paths, None
        free = (str(allowed), str(temporary), "/dev", "/proc", "/sys")
        found += [p for p in opened if not p.startswith(free) and "__pycache__" not in p]
        left = [str(p) for folder in (temporary, *watched) for p in folder.rglob("*") if p.is_file()]
        found[:] = dict.fromkeys([*found, *left])


# Words


@contextmanager
def printed() -> Iterator[Callable[[], str]]:
    """What reaches stdout inside, from Python and from native code; the function gives it afterwards."""
    sys.stdout.flush()
    saved = os.dup(1)
    caught: list[bytes] = []
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            yield lambda: b"".join(caught).decode(errors="replace")
        finally:
            sys.stdout.flush()
            os.dup2(saved, 1)
            os.close(saved)
            file.seek(0)
            caught.append(file.read())
