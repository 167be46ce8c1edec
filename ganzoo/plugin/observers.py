"""Observers by name: ``--observe NAME`` and $GANZOO_OBSERVE switch on those that extensions register."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ganzoo.errors import GanzooError, UnknownName, UsageError

VARIABLE = "GANZOO_OBSERVE"


class RunObserver(Protocol):
    """Writes the events of one run somewhere."""

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Take one event, with the fields that the hook ``run_event`` documents."""

    def close(self) -> None:
        """Finish what was written."""


class ObserverSource(msgspec.Struct, frozen=True, kw_only=True):
    """An observer by name; ``open(folder)`` makes the one of a run in that folder."""

    name: str
    summary: str
    open: Callable[[Path], RunObserver]
    needs: str = ""
    """The module that it imports, where that may be missing."""
    install: str = ""
    """The command that installs it."""


def chosen() -> list[str]:
    """The names in $GANZOO_OBSERVE."""
    return [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]


def switch_on(names: Iterable[str], registered: Callable[[], Mapping[str, ObserverSource]]) -> None:
    """Have these observers write from now on, here and in the processes started from here.

    Raises UnknownName, and UsageError where an observer's library is not installed.
    """
    wanted = list(dict.fromkeys([*chosen(), *names]))
    if not wanted:
        return
    known = registered()
    for name in wanted:
        if name not in known:
            raise UnknownName("observer", name, known)
        source = known[name]
        if source.needs and importlib.util.find_spec(source.needs) is None:
            raise UsageError(
                f"The observer '{name}' needs the package {source.needs}, which is not installed.",
                f"Run: {source.install}" if source.install else "",
            )
    os.environ[VARIABLE] = ",".join(wanted)


class OpenObservers:
    """Hands the events of each run to an observer of its own, opened at the run's start and closed at its end."""

    def __init__(self, registered: Callable[[], Mapping[str, ObserverSource]]) -> None:
        self._registered = registered
        self._open: dict[tuple[str, str], RunObserver] = {}

    def tell(self, event: str, run: dict[str, Any]) -> list[GanzooError]:
        """Tell all that are switched on; one that fails hinders no other, and its error is returned."""
        failures = []
        for name in chosen():
            try:
                self._tell(name, event, deepcopy(run))
            except GanzooError as error:
                failures.append(error)
        return failures

    def _tell(self, name: str, event: str, run: dict[str, Any]) -> None:
        key = (name, run["path"])
        if event == "started" and key not in self._open:
            known = self._registered()
            if name not in known:
                raise UnknownName("observer", name, known)
            self._open[key] = known[name].open(Path(run["path"]))
        observer = self._open.get(key)
        if observer is None:
            return  # it could not be opened, of which an error was returned then
        ended = event in ("finished", "failed")
        if ended:
            del self._open[key]
        try:
            observer.write(event, run)
        finally:
            if ended:
                observer.close()
