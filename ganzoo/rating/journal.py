"""A rater's judgements on the disk: a line each, written and synced before the next image is shown."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path

import msgspec

from ganzoo.errors import StoreError, UsageError
from ganzoo.rating.questions import Question

SUFFIX = ".jsonl"
LONGEST = 60
_MEND = "Cut the file before that line; the rater goes on from there."
_OF_A_FILE = re.compile(r"[^A-Za-z0-9_-]+")


class Judgement(Question, frozen=True, kw_only=True):
    """What a rater said of one image."""

    rater: str
    number: int
    """Of the question, from 0."""
    said_fake: bool
    seconds: float
    """From the showing of the image to the answer."""
    exposure: int | None
    """Milliseconds for which the image was to be shown; None without a limit."""
    shown: float | None
    """Milliseconds for which the browser showed it; screens show whole frames."""
    date_utc: str

    @property
    def right(self) -> bool:
        """Whether the answer was right."""
        return self.fake == self.said_fake


def rater_name(text: str) -> str:
    """A rater's name as it is kept. Raises UsageError for none, or one that is too long."""
    name = " ".join(text.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise UsageError(f"A rater's name has 1 to {LONGEST} letters.", "Give another one.")
    return name


class Journal:
    """The file of one rater.

    A line that a kill cut short was never answered to: it is removed. Raises StoreError where anything else is not
    what was written, or is of another rater.
    """

    def __init__(self, folder: Path, rater: str) -> None:
        self.path = folder / f"{_file_name(rater)}{SUFFIX}"
        self.judgements = read(self.path) if self.path.is_file() else []
        if self.judgements and self.judgements[0].rater != rater:
            raise StoreError(f"{self.path} is of the rater {self.judgements[0].rater}.", "Give another name.")
        self._mend()

    def append(self, judged: Judgement) -> None:
        """Write one judgement. Raises StoreError where it cannot be kept."""
        before = self.path.stat().st_size if self.path.is_file() else 0
        try:
            with self.path.open("ab") as file:
                file.write(msgspec.json.encode(judged) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with suppress(OSError):
                os.truncate(self.path, before)
            raise StoreError(f"Cannot write {self.path}: {error.strerror or error}.") from error
        self.judgements.append(judged)

    def _mend(self) -> None:
        if self.path.is_file():
            content = self.path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(self.path, whole)


def read(path: Path) -> list[Judgement]:
    """All whole lines of a rater's file. Raises StoreError."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    found = []
    for number, line in enumerate(lines):
        try:
            found.append(msgspec.json.decode(line, type=Judgement))
        except msgspec.MsgspecError as error:
            raise StoreError(f"{path} is damaged: line {number + 1} is no judgement ({error}).", _MEND) from error
        if found[-1].number != number:
            raise StoreError(f"{path} is damaged: line {number + 1} is of image {found[-1].number + 1}.", _MEND)
    return found


def read_all(folder: Path) -> dict[str, list[Judgement]]:
    """The judgements of every rater of a study, by name. Raises StoreError."""
    found = [read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    return {judged[0].rater: judged for judged in found if judged}


def _file_name(rater: str) -> str:
    """A name as that of a file; what is no plain letter, and what differs by case alone, gives way to a hash."""
    plain = _OF_A_FILE.sub("-", rater).lower()
    digest = hashlib.sha256(rater.encode()).hexdigest()[:8]
    return rater if plain == rater else f"{plain[:40]}-{digest}"
