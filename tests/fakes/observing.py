"""An extension with an observer that writes down what it hears, one that cannot be opened, and a profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ganzoo


class Lines:
    """One JSON line per event."""

    def __init__(self, folder: Path) -> None:
        self._file = (folder / "heard.jsonl").open("a")

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Write the event down, and spoil what was handed in."""
        if event == "step" and run["step"] == 13:
            raise ValueError("thirteen")
        self._file.write(json.dumps({"event": event, **run}) + "\n")
        run.clear()

    def close(self) -> None:
        """Say that it was closed."""
        self._file.write(json.dumps({"event": "closed"}) + "\n")
        self._file.close()


def full(folder: Path) -> Lines:
    """Fail as a full disk does."""
    raise OSError("no space left")


@ganzoo.hookimpl
def register_observers() -> list[ganzoo.ObserverSource]:
    """lines, full, and one whose library is nowhere."""
    return [
        ganzoo.ObserverSource(name="lines", summary="JSON lines", open=Lines),
        ganzoo.ObserverSource(name="full", summary="a full disk", open=full),
        ganzoo.ObserverSource(
            name="elsewhere", summary="needs more", open=Lines, needs="no_such_library", install="pip install more"
        ),
    ]


def two(sets: ganzoo.Sets) -> dict[str, ganzoo.Estimate]:
    """A number that no other tool gives."""
    return {"two": ganzoo.Estimate(2.0, None, len(sets.fake))}


def broken(sets: ganzoo.Sets) -> dict[str, ganzoo.Estimate]:
    """Fail."""
    raise ZeroDivisionError("in a profile")


@ganzoo.hookimpl
def register_profiles() -> list[ganzoo.Profile]:
    """A tool whose only metric is 2."""
    metrics = (
        ganzoo.Metric(name="two", summary="2", columns=("two",), compute=two),
        ganzoo.Metric(name="broken", summary="none", columns=("broken",), compute=broken),
    )
    return [ganzoo.Profile(name="two-tool", summary="always 2", metrics=metrics, extractor="pixels")]
