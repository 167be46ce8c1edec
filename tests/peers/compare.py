"""`make peers`: the real tools and ganzoo's profiles on equal features. Writes docs/reports/parity.md and numbers.json.

Runs in ``.venv-peers`` (requirements.txt beside this file) from the repository's root; no part of ganzoo needs it.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import literal
import ours
import tools
from recipes import RECIPES, Case
from report import Row, numbers, page
from verdict import judge

HERE = Path(__file__).resolve().parent
STORED = HERE / "numbers.json"
PAGE = HERE.parents[1] / "docs" / "reports" / "parity.md"
PACKAGES = (
    "pytorch-fid",
    "torch_fidelity",
    "clean-fid",
    "torchmetrics",
    "prdc",
    "vendi-score",
    "seqme",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
)
THEIRS = {
    "pytorch-fid": tools.pytorch_fid,
    "torch-fidelity": tools.torch_fidelity,
    "clean-fid": tools.clean_fid,
    "torchmetrics": tools.torchmetrics,
    "stylegan": literal.stylegan,
    "adm": literal.adm,
    "prdc": tools.prdc,
    "vendi-score": tools.vendi_score,
    "seqme": tools.seqme,
}
COLUMNS = {
    "prc": ("precision", "recall"),
    "prdc": ("precision", "recall", "density", "coverage"),
    "cmmd": ("cmmd", "cmmd_unbiased"),
    "clipped": ("clipped_density", "clipped_coverage"),
}
FID_ALONE = ("inception",)
"""Data sets too wide for everything else within a minute."""

Numbers = dict[str, float | str]


def theirs(tool: str, case: Case, only: str | None) -> Numbers:
    """Return a tool's columns; the message of what it raised where it fails."""
    found: Numbers = {}
    for key, measure in THEIRS[tool](case).items():
        if only not in (None, key):
            continue
        result = tools.run(measure)
        found |= result if isinstance(result, dict) else dict.fromkeys(COLUMNS.get(key, (key,)), result)
    return found


def compare(name: str) -> list[Row]:
    """Run every tool on one data set."""
    case, rows = RECIPES[name](), []
    only = "fid" if name in FID_ALONE else None
    sets = ours.sets_of(case)
    for tool in ours.TOOLS:
        if only and tool in ours.OWN:
            continue
        made = ours.numbers(tool, sets, only)
        for column, value in theirs(tool, case, only).items():
            rows.append(Row(name, tool, column, value, made[column], judge(case, column, value, made[column])))
    return rows


def main() -> None:
    """Compare everything, write page and numbers, and exit 1 where a number is not reproduced."""
    rows: list[Row] = []
    for name in RECIPES:
        started = time.perf_counter()
        rows += compare(name)
        sys.stderr.write(f"{name}: {time.perf_counter() - started:.1f} s\n")
    versions = {package: version(package) for package in PACKAGES}
    stored: dict[str, dict[str, Numbers]] = {}
    for row in rows:
        value = "nan" if row.theirs != row.theirs else row.theirs
        stored.setdefault(row.data, {}).setdefault(row.tool, {})[row.column] = value
    STORED.write_text(json.dumps({"versions": versions, "seed": ours.SEED, "numbers": stored}, indent=1) + "\n")
    PAGE.write_text(page(rows, versions))
    PAGE.with_suffix(".csv").write_text(numbers(rows))
    sys.stderr.write(f"{dict(Counter(row.verdict.word for row in rows))}\n")
    failed = [
        f"{row.data} {row.tool} {row.column}: {row.theirs!r}, ours {row.ours!r}"
        for row in rows
        if not row.verdict.passes
    ]
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
