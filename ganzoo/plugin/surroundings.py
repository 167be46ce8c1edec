"""What all modules of a process share, taken down before foreign code runs, compared and put back after it."""

from __future__ import annotations

import importlib
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ENVIRONMENT = "os.environ"
_NOT_PATCHES = ("environ", "__warningregistry__", "_inst")
_SHOWN = 3


class Part(NamedTuple):
    """One thing that is shared: how its state is read, as something that can be compared, and how it is put back."""

    name: str
    """As a reader knows it."""
    take: Callable[[], Any]
    put: Callable[[Any], None] | None = None
    """None: it is only looked at."""


def snapshot(parts: Sequence[Part]) -> dict[str, Any]:
    """The state of every part by its name."""
    return {part.name: part.take() for part in parts}


def restore(parts: Sequence[Part], states: dict[str, Any]) -> None:
    """Put every part back that can be."""
    for part in parts:
        if part.put is not None:
            part.put(states[part.name])


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of what differs, with details where they help. What was not there before has not changed."""
    found = []
    for name, value in before.items():
        now = after[name]
        if isinstance(value, dict):
            grown = set(now) - set(value) if name == ENVIRONMENT else set()
            keys = sorted(grown | {key for key in value if now.get(key) != value[key]})
            found += [f"{name} ({', '.join(keys[:_SHOWN])})"] if keys else []
        elif now != value:
            found.append(name)
    return found


def functions(name: str, modules: Sequence[str], *, repaired: bool) -> Part:
    """What the modules hold by ``module.name``, of those that are loaded; ``repaired``: patches are undone."""

    def take() -> dict[str, tuple[int, Any]]:
        # By identity: comparing arrays or modules by what they hold would be another question.
        loaded = {module: vars(sys.modules[module]) for module in modules if module in sys.modules}
        return {
            f"{module}.{key}": (id(value), value)
            for module, held in loaded.items()
            for key, value in held.items()
            if key not in _NOT_PATCHES
        }

    def put(state: dict[str, tuple[int, Any]]) -> None:
        now = take()
        for key, (identity, value) in state.items():
            if key not in now or now[key][0] != identity:
                module, _, attribute = key.rpartition(".")
                vars(sys.modules[module])[attribute] = value

    return Part(name, take, put if repaired else None)


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def _set_folder(folder: str) -> None:
    if folder and _folder() != folder:
        os.chdir(folder)


def _set_environment(state: dict[str, str]) -> None:
    if dict(os.environ) != state:
        os.environ.clear()
        os.environ.update(state)
        tempfile.tempdir = None  # it is read from the environment again


def _numpy() -> Any:
    return importlib.import_module("numpy")  # where it is not needed it costs nothing


def _numpy_state() -> Any:
    name, keys, *rest = _numpy().random.get_state()
    return name, keys.tobytes(), *rest


def _set_numpy_state(state: Any) -> None:
    name, keys, *rest = state
    _numpy().random.set_state((name, _numpy().frombuffer(keys, "uint32"), *rest))


GLOBALS = (
    Part("the working directory", _folder, _set_folder),
    Part(ENVIRONMENT, lambda: dict(os.environ), _set_environment),
    Part("random's global state", random.getstate, random.setstate),
    Part("numpy.random's global state", _numpy_state, _set_numpy_state),
    Part("numpy's error settings", lambda: _numpy().geterr(), lambda state: _numpy().seterr(**state)),
)
"""What decides where files go and which numbers come out, without anybody handing it on."""
