"""Eight at once over one store and one folder of leaderboards: benches, boards and trainings.

``python tests/reliability/crowds.py`` prints what 50 rounds left; exit code 1 where a row was lost, doubled or a
phantom, a file was half or left over, or a run differs from that of a process alone. Then owners of locks are killed
while others wait, and it prints how long the lock took to change hands.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from harness import Bad, Tally, Trial, command, ended, fork, must

CROWD = ("bench 0", "bench 0", "bench 1", "board", "board", "train 0", "train 0", "train 1")
EXPECTED = {("stepper", "0"), ("stepper", "1"), ("real", "0")}
REFUSED = "Another process is working on"


class Crowds:
    """The rounds; they share a store that one process alone made."""

    def __init__(self, root: Path) -> None:
        self.book = root / "registry.toml"
        self.lone = root / "lone"
        self.lone.mkdir()

    def action(self, name: str, place: Path) -> Callable[[], object]:
        """What a member of the crowd does."""
        shared = ("--runs", place / "runs", "--registry", self.book)
        if name.startswith("bench"):
            asked = ("--data", "digits", "--seeds", name.partition(" ")[2], "--jobs", "2", "--out", place / "out")
            return command("bench", "stepper", *asked, *shared)
        if name == "board":
            return self._boards(place)
        return command("train", "stepper", "--data", "digits", "--seed", name[-1], "--no-score", *shared)

    def _boards(self, place: Path, turns: int = 10) -> Callable[[], object]:
        """Write the tables of whatever is there, and show them, again and again."""

        def run() -> None:
            from ganzoo import registry
            from ganzoo.cli import main
            from ganzoo.leaderboard import board
            from ganzoo.training.runs import RunStore

            book = registry.load(self.book)
            for _ in range(turns):
                board.write(RunStore(place / "runs"), place / "out", book)
                if harness.rows(place / "out" / "runs.csv"):
                    words = [
                        "board",
                        "digits",
                        "--out",
                        str(place / "out"),
                        "--registry",
                        str(self.book),
                    ]
                    if main(words, standalone_mode=False):
                        raise Bad("the board cannot be shown")
                time.sleep(0.1)

        return run

    def alone(self) -> None:
        """Make what every round is compared with."""
        must(fork(self.action("bench 0,1", self.lone), self.lone / "log"), self.lone / "log")

    def round(self, place: Path, chance: random.Random) -> Tally:
        """All at once, in any order, a moment apart; then what is there."""
        crowd = list(CROWD)
        chance.shuffle(crowd)
        started: list[tuple[str, int, Path]] = []
        for number, name in enumerate(crowd):
            log = place / f"{number}.log"
            started.append((name, fork(self.action(name, place), log), log))
            time.sleep(chance.uniform(0, 0.05))
        wrong: list[str] = []
        for name, pid, log in started:
            code, said = ended(pid), log.read_text(errors="replace")
            if code and not (name.startswith("train") and REFUSED in said):
                wrong.append(f"{name} ended with {code}: {said[-400:]}")
        return Tally(0, 1, wrong + self._left(place))

    def _left(self, place: Path) -> list[str]:
        wrong = harness.differences(harness.outcomes(place / "runs"), harness.outcomes(self.lone / "runs"), "store")
        found = harness.rows(place / "out" / "runs.csv")
        wrong += harness.broken_rows(place / "out" / "runs.csv", EXPECTED)
        wrong += [f"phantom row of {row['variant']} {row['seed']}" for row in found if row["status"] != "ok"]
        wrong += [f"left over: {path}" for path in harness.strays(place / "runs", place / "out")]
        wrong += [f"not expected: {path}" for path in _unexpected(place)]
        for path in [*place.glob("runs/**/*.json"), *place.glob("out/*.json")]:
            json.loads(path.read_bytes())
        before = (place / "out" / "runs.csv").read_bytes()
        must(fork(self._boards(place, 1), place / "again.log"), place / "again.log")
        if (place / "out" / "runs.csv").read_bytes() != before:
            wrong.append("written once more, with nothing new, runs.csv changed")
        return wrong

    def takeover(self, place: Path, chance: random.Random) -> Tally:
        """Kill the owner of a lock while two wait for it; one of them has it at once, then the other."""
        from ganzoo.files import locked
        from ganzoo.training.runs import RunFolder

        longest = 0.0
        for kind in ("run", "leaderboards"):
            folder = place / kind

            def hold(mark: Path, seconds: float, kind: str = kind, folder: Path = folder) -> None:
                with RunFolder(folder).lock(lambda: None) if kind == "run" else locked(folder, "folder"):
                    mark.write_text(str(time.monotonic()))
                    time.sleep(seconds)

            owner = fork(lambda h=hold, k=kind: h(place / f"{k}.owner", 600), place / "log")
            _appears(place / f"{kind}.owner")
            marks = [place / f"{kind}.{i}" for i in range(2)]
            waiting = [fork(lambda h=hold, m=mark: h(m, 0), place / "log") for mark in marks]
            time.sleep(chance.uniform(0.2, 0.6))
            if any(mark.exists() for mark in marks):
                raise Bad(f"two had the lock of the {kind} at once")
            killed = time.monotonic()
            os.kill(owner, signal.SIGKILL)
            for pid in (owner, *waiting):
                ended(pid, 20)
            longest = max(longest, *(float(mark.read_text()) - killed for mark in marks))
        return Tally(2, 1, [], {"seconds until both who waited had had the lock": longest})


def _unexpected(place: Path) -> Iterator[Path]:
    names = {"runs.csv", "runs.csv.bak", "digits.csv", "digits.md", "digits.png", "datapackage.json", ".lock"}
    yield from (path for path in (place / "out").iterdir() if path.name not in names)
    for path in (place / "runs").rglob("*"):
        if path.is_file() and path.name not in harness.FILES | harness.HIDDEN:
            yield path


def _appears(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists() or not path.read_text():
        if time.monotonic() > until:
            raise Bad(f"{path.name} did not come")
        time.sleep(0.005)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="ganzoo-crowds-"))
    harness.prepare(root)
    crowds = Crowds(root)
    crowds.alone()
    tallies: dict[str, Tally] = {}
    rounds = [Trial("eight at once", crowds.round)] * given.rounds
    harness.soak(iter(rounds), root, given.seed, tallies, lanes=1)
    locks = [Trial("owner of a lock", crowds.takeover)] * max(1, given.rounds // 2)
    harness.soak(iter(locks), root, given.seed, tallies)
    return harness.report(tallies, time.monotonic() - began, root)


if __name__ == "__main__":
    sys.exit(main())
