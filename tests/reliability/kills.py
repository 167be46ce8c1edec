"""SIGKILL in every place: what is run again to the end must be the same, bit for bit, as what was never killed.

``python tests/reliability/kills.py`` prints how often each mode was killed and what was wrong; exit code 1 where
anything was. ``--kills N`` sets the least number per mode, ``--modes`` chooses, ``--seed`` draws other moments.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from harness import Bad, Tally, Trial, command, ended, fork, must

EXPECTED = {("stepper", "0"), ("stepper", "1"), ("real", "0")}
ALL = 50
"""From so many kills on every file event is tried."""
FEW = 5
"""Kills of one run, one after the other, before it may end."""
BEFORE = {"score": "train", "board": "bench"}
"""What starts from the store that something else left."""
FRAMEWORKS = {"dcgan": 150, "wgan": 60, "infogan": 100, "vanilla": 400, "cgan": 300, "wgan-gp": 150}
"""Variants, and how many steps take them a second or two."""
INSIDE = (("state.safetensors", 1), ("state.safetensors", 3), (".raw.onnx", 1), (".raw.onnx", 2), (".new.onnx", 2))
"""Where else those are killed: before the n-th event of a file whose name has this text."""


class Kills:
    """The trials; they share a store in which nothing was killed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lone = root / "lone"
        self.lone.mkdir()
        self.seconds: dict[str, float] = {}

    def train(self, place: Path) -> Callable[[], object]:
        """``ganzoo train``."""
        return command(
            *("train", "stepper", "--data", "digits", "--no-score", "--runs", place / "runs"),
            *("--registry", self.root / "registry.toml"),
        )

    def score(self, place: Path) -> Callable[[], object]:
        """The scoring part of a worker: its run is trained."""

        def job() -> object:
            import msgspec

            from ganzoo.leaderboard import worker

            return worker.main(msgspec.json.encode(self._job(place)).decode())

        return job

    def _job(self, place: Path) -> object:
        from ganzoo.leaderboard.jobs import Job

        book = str(self.root / "registry.toml")
        return Job(variant="stepper", dataset="digits", seed=0, runs=str(place / "runs"), registry=book, bench=1)

    def bench(self, place: Path) -> Callable[[], object]:
        """``ganzoo bench``: three workers, two at a time."""
        return command(
            *("bench", "stepper", "--data", "digits", "--seeds", "0,1", "--jobs", "2", "--runs", place / "runs"),
            *("--out", place / "out", "--registry", self.root / "registry.toml"),
        )

    def board(self, place: Path) -> Callable[[], object]:
        """What a bench does after its last job."""

        def write() -> None:
            from ganzoo import registry
            from ganzoo.leaderboard import board
            from ganzoo.training.runs import RunStore

            board.write(RunStore(place / "runs"), place / "out", registry.load(self.root / "registry.toml"))

        return write

    def never_killed(self, modes: list[str]) -> None:
        """Make what the others are compared with, and learn how long it takes and what it does to files."""
        first = {mode.partition(" ")[0].replace("group", "bench") for mode in modes}
        first |= {BEFORE[name] for name in first & set(BEFORE)}
        for name in ("train", "score", "bench", "board"):
            if name not in first:
                continue
            place = self.lone / name
            place.mkdir()
            self.before(name, place)
            began = time.monotonic()
            must(self.start(name, place, SOAK_TRACE=str(self.lone / f"{name}.events")), place / "log")
            self.seconds[name] = time.monotonic() - began

    def start(self, name: str, place: Path, **env: str) -> int:
        """Fork one of the above; file events below its folder count."""
        action: Callable[[Path], Callable[[], object]] = getattr(self, name)
        cache = {"GANZOO_CACHE": str(place / "cache")} if name == "score" else {}
        return fork(action(place), place / "log", SOAK_CLOCK=harness.CLOCK, SOAK_ROOT=str(place), **cache, **env)

    def events(self, name: str) -> int:
        """How often ``name`` touches files."""
        return len((self.lone / f"{name}.events").read_text().splitlines())

    def before(self, name: str, place: Path) -> None:
        """Put there what ``name`` starts from."""
        if name in BEFORE:
            shutil.copytree(self.lone / BEFORE[name] / "runs", place / "runs")

    def compared(self, name: str, place: Path) -> list[str]:
        """Run to the end, and say what differs from what was never killed."""
        must(self.start(name, place), place / "log")
        wrong = harness.differences(harness.outcomes(place / "runs"), harness.outcomes(self.lone / name / "runs"), name)
        if name in ("bench", "board"):
            wrong += harness.broken_rows(place / "out" / "runs.csv", EXPECTED)
        if name == "board":
            wrong += [
                f"board: {path.name} differs"
                for path in sorted((self.lone / name / "out").iterdir())
                if path.read_bytes() != (place / "out" / path.name).read_bytes() and path.name != "runs.csv.bak"
            ]
        return wrong

    def at_random(self, name: str, most: int) -> Callable[[Path, random.Random], Tally]:
        """Kill it at random moments, up to ``most`` times; then let it end."""

        def run(place: Path, chance: random.Random) -> Tally:
            self.before(name, place)
            kills = 0
            while kills < most and harness.killed_after(
                self.start(name, place), chance.uniform(0.02, self.seconds[name])
            ):
                kills += 1
            return Tally(kills, 1, self.compared(name, place))

        return run

    def at_event(self, name: str, number: int, half: bool) -> Callable[[Path, random.Random], Tally]:
        """Kill it before its n-th file event, with ``half`` of what it wrote last."""

        def run(place: Path, chance: random.Random) -> Tally:
            self.before(name, place)
            code = ended(self.start(name, place, SOAK_KILL=str(number), SOAK_HALF=str(int(half))))
            if code not in (0, -signal.SIGKILL):
                raise Bad(f"event {number}: ended with {code}: {(place / 'log').read_text()[-600:]}")
            return Tally(int(code != 0), 1, self.compared(name, place))

        return run

    def workers(self, place: Path, chance: random.Random) -> Tally:
        """Kill the workers of one bench, each at a random moment; the bench notes it, and the next makes it good."""
        bench = self.start("bench", place)
        at: dict[int, float] = {}
        kills = 0
        while os.waitid(os.P_PID, bench, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            for pid in harness.family(bench):
                at.setdefault(pid, time.monotonic() + chance.uniform(0.1, 0.6 * self.seconds["bench"]))
                if time.monotonic() > at[pid]:
                    os.kill(pid, signal.SIGKILL)
                    at[pid] = float("inf")
                    kills += 1
            time.sleep(0.01)
        code = ended(bench)
        failed = [row["note"] for row in harness.rows(place / "out" / "runs.csv") if row["status"] == "failed"]
        wrong = [f"a killed worker is noted as '{note}'" for note in failed if "killed by signal 9" not in note]
        if code != (1 if failed else 0):
            wrong.append(f"the bench ended with {code} and {len(failed)} failures")
        return Tally(kills, 1, wrong + self.compared("bench", place))

    def parents(self, most: int, *, group: bool) -> Callable[[Path, random.Random], Tally]:
        """Kill a bench at random moments, alone or with all its workers in the same moment; then let it end."""

        def run(place: Path, chance: random.Random) -> Tally:
            kills, longest = 0, 0.0
            for _ in range(most):
                bench = self.start("bench", place)
                time.sleep(chance.uniform(0.05, self.seconds["bench"]))
                others = harness.family(bench)
                for pid in [bench, *(others if group else [])]:
                    (os.killpg if group else os.kill)(pid, signal.SIGKILL)
                if ended(bench) != -signal.SIGKILL:
                    break
                kills += 1
                longest = max(longest, harness.gone(others))
            wrong = [] if group else self._blamed(place)
            return Tally(kills, 1, wrong + self.compared("bench", place), {"seconds until workers were gone": longest})

        return run

    def framework(self, variant: str) -> Callable[[Path, random.Random], Tally]:
        """Kill the training of a real GAN at random and where it hurts, again and again; then let it end."""

        def start(place: Path, **env: str) -> int:
            words = ["train", variant, "--data", "digits", "--set", f"steps={FRAMEWORKS[variant]}", "--no-score"]
            code = [sys.executable, "-c", "from ganzoo.cli import main; main()", *words, "--runs", str(place / "runs")]
            watch = {"SOAK_CLOCK": harness.CLOCK, "SOAK_ROOT": str(place)}
            # Frameworks have threads, which no fork survives.
            return fork(lambda: os.execve(code[0], code, {**os.environ, **watch, **env}), place / "log")

        def run(place: Path, chance: random.Random) -> Tally:
            lone = place / "lone"
            lone.mkdir()
            began = time.monotonic()
            must(start(lone), lone / "log")
            seconds, kills, inside = time.monotonic() - began, 0, 0
            timed, aimed = place / "timed", place / "aimed"  # a kill that comes too late leaves nothing to aim at
            timed.mkdir()
            aimed.mkdir()
            for _ in range(2):
                kills += harness.killed_after(start(timed), chance.uniform(0.3, 0.9) * seconds)
            for match, number in INSIDE:
                half = str(chance.randrange(2))
                code = ended(start(aimed, SOAK_MATCH=match, SOAK_KILL=str(number), SOAK_HALF=half))
                if code not in (0, -signal.SIGKILL):
                    raise Bad(f"{match} {number}: ended with {code}: {(aimed / 'log').read_text()[-600:]}")
                inside += code != 0
            wrong: list[str] = []
            for each in (timed, aimed):
                must(start(each), each / "log")
                wrong += harness.differences(harness.outcomes(each / "runs"), harness.outcomes(lone / "runs"), variant)
            return Tally(kills + inside, 2, wrong, {"kills inside checkpoint or export": inside})

        return run

    @staticmethod
    def _blamed(place: Path) -> list[str]:
        manifests = [path.read_text() for path in place.glob("runs/*/*/*/run.json")]
        return ["a run whose bench was killed is marked as failed" for text in manifests if '"failed"' in text]


def trials(soak: Kills, modes: list[str], least: int, seen: Mapping[str, Tally]) -> Iterator[Trial]:
    """Of each mode until at least ``least`` kills came together; every file event, or as many where that is few."""
    few = min(FEW, least)
    repeated = {
        "train": soak.at_random("train", few),
        "score": soak.at_random("score", few),
        "bench worker": soak.workers,
        "bench parent": soak.parents(few, group=False),
        "group": soak.parents(few, group=True),
    }
    for mode in modes:
        if mode in repeated:
            for _ in range(least):
                if mode not in seen or seen[mode].kills < least:
                    yield Trial(mode, repeated[mode])
        elif mode in FRAMEWORKS:
            yield Trial(mode, soak.framework(mode))
        else:
            name = mode.partition(" ")[0]
            events = soak.events(name)
            step = 1 if least >= ALL else max(1, events // least)
            for number in range(1, events + 1, step):
                yield Trial(mode, soak.at_event(name, number, half=bool(number // step % 2)))


MODES = [
    *FRAMEWORKS,
    "train",
    "score",
    "bench worker",
    "bench parent",
    "group",
    *(f"{name} at every file event" for name in ("train", "score", "board")),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    modes = given.modes.split(",")
    began = time.monotonic()
    root = Path(tempfile.mkdtemp(prefix="ganzoo-kills-"))
    harness.prepare(root)
    soak = Kills(root)
    soak.never_killed(modes)
    tallies: dict[str, Tally] = {}
    harness.soak(trials(soak, modes, given.kills, tallies), root, given.seed, tallies)
    return harness.report(tallies, time.monotonic() - began, root)


if __name__ == "__main__":
    sys.exit(main())
