"""The index of a run store: what each file gave, with the stamp that it had, so that only what changed is read again.

It is a SQLite file in the store that holds nothing of its own: it can be removed at any time, and one that cannot be
read or written is done without.
"""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo import diagnosis
from ganzoo._version import __version__
from ganzoo.columns import COLUMNS
from ganzoo.files import sha256
from ganzoo.leaderboard.rows import Collected, Entry, collected, read_entry
from ganzoo.options import content_hash
from ganzoo.training.stamps import stamps

if TYPE_CHECKING:
    from ganzoo.training.runs import RunStore

FILE = ".index.sqlite"
BUSY_SECONDS = 10.0


@functools.cache
def code_stamp() -> str:
    """What changes with the code of the tables: what another version worked out is worked out anew."""
    folders = (Path(__file__), Path(diagnosis.__file__))  # rows carry verdicts in their notes
    files = [path for own in folders for path in sorted(own.parent.glob("*.py"))]
    return content_hash([__version__, COLUMNS, [(path.name, path.stat().st_mtime_ns) for path in files]])


class StoreIndex:
    """Reads a store through its index."""

    def __init__(self, store: RunStore) -> None:
        self._root = store.root
        self.stamps = dict(sorted(stamps(store.root)))

    @property
    def digest(self) -> str:
        """The hash of all stamps: between equal ones nothing was written to the store."""
        return content_hash([code_stamp(), list(self.stamps.items())])

    def recall(self, out: Path, terms: str) -> tuple[list[Path], list[str]] | None:
        """The files that were written into ``out`` by the same terms from the same store, and what was skipped.

        None where any of them, or of the store, is another by now.
        """
        with suppress(sqlite3.Error, OSError, ValueError, TypeError), closing(self._open()) as table:
            found = table.execute("SELECT result FROM written WHERE out = ?", (str(out.resolve()),)).fetchone()
            if found is None:
                return None
            key, files, skipped = msgspec.json.decode(found[0], type=tuple[str, dict[str, str], list[str]])
            if key == content_hash([self.digest, terms]) and all(sha256(out / n) == h for n, h in files.items()):
                return [out / name for name in files], skipped
        return None

    def remember(self, out: Path, terms: str, written: list[Path], skipped: list[str]) -> None:
        """Note what ``recall`` then gives."""
        with suppress(sqlite3.Error, OSError, ValueError), closing(self._open()) as table, table:
            files = {str(path.relative_to(out)): sha256(path) for path in written}
            result = msgspec.json.encode([content_hash([self.digest, terms]), files, skipped])
            table.execute("INSERT OR REPLACE INTO written VALUES (?, ?)", (str(out.resolve()), result))

    def collect(self, quick: bool = False) -> Collected:
        """The rows of the store, quick runs or full ones, as if every file had been read now."""
        known = self._load()
        fresh: dict[str, Entry] = {}
        found: list[Entry] = []
        for path, stamp in self.stamps.items():
            entry = known.get(path)
            if entry is None or entry[0] != stamp:
                fresh[path] = read_entry(self._root, path)
                found.append(fresh[path])
            else:
                found.append(entry[1])
        if fresh or known.keys() - self.stamps.keys():
            self._save(fresh, known.keys() - self.stamps.keys())
        return collected(found, quick)

    def _load(self) -> dict[str, tuple[str, Entry]]:
        with suppress(sqlite3.Error, OSError, ValueError, TypeError), closing(self._open()) as table:
            rows = table.execute("SELECT path, stamp, entry, digest FROM entries")
            decoder = msgspec.msgpack.Decoder(Entry)
            return {path: (stamp, decoder.decode(entry)) for path, stamp, entry, sum_ in rows if _sum(entry) == sum_}
        return {}

    def _save(self, fresh: dict[str, Entry], gone: set[str]) -> None:
        packed = {path: msgspec.msgpack.encode(entry) for path, entry in fresh.items()}
        rows = [(path, self.stamps[path], entry, _sum(entry)) for path, entry in packed.items()]
        for _ in range(2):  # the second time into a new file, where the first one was damaged
            try:
                with closing(self._open()) as table, table:
                    table.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)
                    table.executemany("DELETE FROM entries WHERE path = ?", [(path,) for path in gone])
                return
            except (sqlite3.DatabaseError, ValueError):  # the second, of a schema that is no text
                with suppress(OSError):
                    (self._root / FILE).unlink(missing_ok=True)
            except (sqlite3.Error, OSError):
                return

    def _open(self) -> sqlite3.Connection:
        table = sqlite3.connect(self._root / FILE, timeout=BUSY_SECONDS)
        with table:
            table.execute("CREATE TABLE IF NOT EXISTS format (name TEXT PRIMARY KEY)")
            if table.execute("SELECT name FROM format").fetchall() != [(code_stamp(),)]:
                table.execute("DROP TABLE IF EXISTS entries")
                table.execute("DROP TABLE IF EXISTS written")
                table.execute("DELETE FROM format")
                table.execute("INSERT INTO format VALUES (?)", (code_stamp(),))
            table.execute(
                "CREATE TABLE IF NOT EXISTS entries (path TEXT PRIMARY KEY, stamp TEXT, entry BLOB, digest BLOB)"
            )
            table.execute("CREATE TABLE IF NOT EXISTS written (out TEXT PRIMARY KEY, result BLOB)")
        return table


def _sum(entry: bytes) -> bytes:
    """What tells an entry from one that was damaged on the disk, which is read again."""
    return hashlib.blake2b(entry, digest_size=8).digest()
