"""Rules on the score, over every row of the committed leaderboards: which are named, and whom no verdict may meet."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

from ganzoo.columns import MEASURED
from ganzoo.diagnosis import samples as rules
from ganzoo.diagnosis.case import Sampled
from ganzoo.diagnosis.verdicts import MEMORISATION
from ganzoo.types import Estimate

RUNS = Path(__file__).resolve().parents[2] / "leaderboards" / "runs.csv"
NEAR = 1.5
"""FID over that of real samples up to which a row is as good as real by what no rule looks at."""
COVERED = 0.75
"""Coverage over that of real samples from which on it is so on points, where FID says nothing."""
Row = dict[str, str]


def rows() -> list[Row]:
    with RUNS.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["status"] == "ok"]


def estimates(row: Row) -> dict[str, Estimate]:
    return {
        name: Estimate(
            float(row[name]), float(row[f"{name}_se"]) if row.get(f"{name}_se") else None, int(row["n_fake"])
        )
        for name in MEASURED
        if row[name]
    }


def floors(table: list[Row]) -> dict[str, Row]:
    return {row["protocol"]: row for row in table if row["variant"] == "real"}


def named(row: Row, floor: Row) -> dict[str, str]:
    score = Sampled(estimates(row), estimates(floor), round(float(floor["modes"])))
    signs = sorted(rules.signs(score), key=lambda sign: sign.sure, reverse=True)
    return {sign.failure: sign.sure for sign in signs}


def as_good_as_real(row: Row, floor: Row) -> bool:
    if row["hq"]:
        return float(row["coverage"]) >= COVERED * float(floor["coverage"])
    return float(row["fid"]) <= NEAR * float(floor["fid"])


def tally() -> tuple[Counter[str], Counter[str]]:
    """Verdicts that are certain or likely, by name: of all rows of models, and of those as good as real."""
    table = rows()
    real = floors(table)
    every, alarms = Counter[str](), Counter[str]()
    for row in table:
        if row["role"] != "model" or row["protocol"] not in real:
            continue
        floor = real[row["protocol"]]
        sure = [failure for failure, how in named(row, floor).items() if how != "possible"]
        every.update(["rows", *sure])
        if as_good_as_real(row, floor):
            alarms.update(["rows", *sure])
    return every, alarms


def test_no_row_as_good_as_real_is_called_ill() -> None:
    every, alarms = tally()
    assert every["rows"] >= 90
    assert alarms["rows"] >= 6
    assert set(alarms) == {"rows"}


def test_real_samples_are_in_good_health() -> None:
    for floor in floors(rows()).values():
        assert named(floor, floor) == {}


def test_only_who_copies_is_said_to_copy() -> None:
    table = rows()
    real = floors(table)
    copying = {row["variant"] for row in table if MEMORISATION in named(row, real[row["protocol"]])}
    assert copying == {"memoriser"}


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_began_is_known_to_lose_modes(seed: str) -> None:
    table = rows()
    (row,) = [row for row in table if (row["variant"], row["dataset"], row["seed"]) == ("began", "digits", seed)]
    found = named(row, floors(table)[row["protocol"]])
    assert "certain" in (found.get("partial collapse"), found.get("mode collapse"))


if __name__ == "__main__":  # python tests/diagnosis/test_board.py: the figures of docs/diagnose.md
    table = rows()
    real = floors(table)
    counts = Counter[str]()
    for row in table:
        for failure, how in named(row, real[row["protocol"]]).items():
            counts[f"{row['dataset']:8} {row['variant']:10} {failure} ({how})"] += 1
    lines = [
        *sorted(f"{line} {n}" for line, n in counts.items()),
        f"all: {dict(tally()[0])}",
        f"as real: {dict(tally()[1])}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
