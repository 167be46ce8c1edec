"""When what tables are made of was written: paths of a run store, each with a stamp that changes with its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ganzoo.training.runs import FAILED, MANIFEST, REAL, SCORE


def stamps(root: Path) -> Iterator[tuple[str, str]]:
    """Run folders, scores of real samples and notes of failures, by their paths below the root, in no order.

    The stamp of a run changes with the scores of real samples, too, since its diagnosis holds it against them.
    """
    for dataset in _folders(root):
        floors = " ".join(sorted(_stamp(f"{each.path}/{SCORE}") for each in _folders(f"{dataset.path}/{REAL}")))
        for variant in _folders(dataset.path):
            with os.scandir(variant.path) as entries:
                for entry in entries:
                    path = f"{dataset.name}/{variant.name}/{entry.name}"
                    score = _stamp(f"{entry.path}/{SCORE}")
                    if variant.name == REAL:
                        found = (f"{path}/{SCORE}", score) if score else None
                    elif entry.name.endswith(FAILED):
                        found = (path, _stamp(entry.path))
                    else:
                        manifest = _stamp(f"{entry.path}/{MANIFEST}")
                        found = (path, f"{manifest} {score} {floors}") if manifest else None
                    if found:
                        yield found


def _folders(path: str | Path) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(path) as entries:
        return [entry for entry in entries if entry.is_dir()]
    return []


def _stamp(path: str) -> str:
    """What differs between a file and one that took its place, or its content since; "" where there is none."""
    try:
        about = Path(path).stat()
    except OSError:
        return ""
    return f"{about.st_mtime_ns:x}.{about.st_ctime_ns:x}.{about.st_size:x}.{about.st_ino:x}"
