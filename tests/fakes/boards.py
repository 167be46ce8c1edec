"""Tables runs.csv for tests of what is made from them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ganzoo.columns import COLUMNS
from ganzoo.files import write_text

OK = {
    "dataset": "d",
    "status": "ok",
    "role": "model",
    "backend": "torch",
    "protocol": "p",
    "bench": "1",
    "n_fake": "99",
}


def seeds(variant: str, fid: Sequence[float | None], **cells: str) -> list[dict[str, str]]:
    """A row a seed, with this FID; None is a seed that failed. Other columns may be given for all of them."""
    rows = []
    for seed, value in enumerate(fid):
        row = OK | {
            "variant": variant,
            "seed": str(seed),
            "run": f"{variant}{seed}",
            "content_hash": f"{variant}{value}",
        }
        row |= {"status": "failed", "note": "killed"} if value is None else {"fid": str(value), "fid_se": "0.001"}
        rows.append(row | cells)
    return rows


def write_runs(folder: Path, *groups: Iterable[Mapping[str, str]]) -> Path:
    """runs.csv of these rows in a folder, which is returned."""
    text = io.StringIO()
    lines = [[row.get(name, "") for name in COLUMNS] for group in groups for row in group]
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines])
    write_text(folder / "runs.csv", text.getvalue())
    return folder
