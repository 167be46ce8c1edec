"""runs.csv itself: read strictly, extended, and rewritten so that nothing anybody put there is lost."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.columns import COLUMNS
from ganzoo.errors import StoreError
from ganzoo.escaping import csv_cell, csv_text, plain
from ganzoo.files import write_bytes
from ganzoo.leaderboard.rows import OLDEST_LAST

RUNS_FILE, BACKUP, LOCK = "runs.csv", "runs.csv.bak", ".lock"
_MARKERS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")
FEWEST = 5
"""Cells of a header that was cut at commas all the same: fewer speak of another delimiter."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class RunsTable:
    """The header and the rows of a runs.csv, as the file has them; unknown columns stand where they stood."""

    header: list[str]
    rows: list[list[str]]

    def known(self) -> list[list[str]]:
        """The text of each row in the order of ``COLUMNS``; "" where an older file has no such column."""
        places = [self.header.index(name) if name in self.header else -1 for name in COLUMNS]
        return [["" if i < 0 else csv_text(row[i]) for i in places] for row in self.rows]

    def extended(self, rows: list[dict[str, str]]) -> RunsTable:
        """The old rows, untouched, then those of ``rows`` that are not there yet, with nothing in unknown columns.

        What a spreadsheet would take for a formula is written as text; a row is known however it was written. A row of
        which the note alone is another is the same row: later versions may say more in it.
        """
        header = self.header + [name for name in COLUMNS if name not in self.header]
        blank = [""] * (len(header) - len(self.header))
        stored = {_identity(cells) for cells in self.known()}
        fresh = [row for row in rows if _identity([row[name] for name in COLUMNS]) not in stored]
        added = [[csv_cell(row.get(name, "")) for name in header] for row in fresh]
        return RunsTable(header, [*(row + blank for row in self.rows), *added])

    def last_bench(self) -> int:
        """The highest number of a bench; 0 where there is none."""
        place = COLUMNS.index("bench")
        return max((int(cells[place]) for cells in self.known() if cells[place].isdecimal()), default=0)

    def text(self) -> str:
        """CSV with LF line ends."""
        return "".join(_line(cells) for cells in [self.header, *self.rows])


def _identity(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells of a row in the order of ``COLUMNS``, without its note."""
    return tuple(plain(cell) for name, cell in zip(COLUMNS, cells, strict=True) if name != "note")


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)  # with both, a cell that holds either is quoted
    return text.getvalue().removesuffix("\r\n") + "\n"


def read(folder: Path) -> RunsTable:
    """The runs.csv of a leaderboards folder; an empty table where there is none.

    Columns were only ever added at the end, so a file of an older version is read too. Raises StoreError where the
    file is anything but such a table: to guess would mean to lose rows when it is written again.
    """
    path = folder / RUNS_FILE
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is no folder of leaderboards but a file.", "Name another one with --out.")
    if not path.exists():
        return RunsTable(list(COLUMNS), [])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror or error}.") from error
    return _Reader(path).table(content)


def write(folder: Path, table: RunsTable) -> Path:
    """Replace runs.csv where its content changes, and keep what it replaces as runs.csv.bak until the next time."""
    path, new = folder / RUNS_FILE, table.text().encode()
    old = path.read_bytes() if path.is_file() else None
    if old != new:
        if old is not None:
            write_bytes(folder / BACKUP, old)
        write_bytes(path, new)
    return path


class _Reader:
    """Takes one file's bytes apart; every complaint names the file and the line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def table(self, content: bytes) -> RunsTable:
        header, *rows = self._cells(self._text(content))
        self._check_header(*header)
        for line, row in rows:
            if len(row) != len(header[1]):
                raise self._wrong(line, f"has {len(row)} cells, but the header has {len(header[1])}")
        return RunsTable(header[1], [row for _, row in rows])

    def _wrong(self, line: int, what: str) -> StoreError:
        return StoreError(
            f"{self._path} is no leaderboard: line {line} {what}.",
            "Mend it or move it away, then try again; the file was not changed.",
        )

    def _text(self, content: bytes) -> str:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self._wrong(line, f"has a byte 0x{content[error.start]:02x} that is not UTF-8") from error
        if not text.strip():
            raise self._wrong(1, "is empty where the header should be")
        if (place := text.find("\0")) >= 0:
            raise self._wrong(text.count("\n", 0, place) + 1, "has a NUL character")
        return text

    def _cells(self, text: str) -> list[tuple[int, list[str]]]:
        """Each row with the line that it begins on; empty lines are passed over."""
        csv.field_size_limit(max(csv.field_size_limit(), len(text)))
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        found: list[tuple[int, list[str]]] = []
        line = 1
        try:
            for row in reader:
                if row and row[0].startswith(_MARKERS):
                    raise self._wrong(line, f"is a conflict marker of a merge ({row[0][:7]})")
                found += [(line, row)] if row else []
                line = reader.line_num + 1
        except csv.Error as error:
            raise self._wrong(line, f"begins a row that is no CSV ({error})") from error
        return found

    def _check_header(self, line: int, header: list[str]) -> None:
        names = list(COLUMNS)
        for sign, called in _DELIMITERS.items():
            if len(header) < FEWEST and set(names) & set(header[0].split(sign)) and sign in header[0]:
                raise self._wrong(line, f"is separated by {called} instead of commas")
        oldest = names.index(OLDEST_LAST) + 1  # the first version ended here
        known = [name for name in header if name in names]
        expected = names[: max(len(set(known)), oldest)]
        missing = [name for name in expected if name not in known]
        if missing:
            raise self._wrong(line, f"is not the header of {RUNS_FILE}: it lacks the column '{missing[0]}'")
        twice = [name for i, name in enumerate(header) if name in header[:i]]
        if twice:
            raise self._wrong(line, f"has the column '{twice[0]}' twice")
        if known != expected:
            moved = next(a for a, b in zip(known, expected, strict=True) if a != b)
            raise self._wrong(line, f"is not the header of {RUNS_FILE}: the column '{moved}' is out of its place")
