"""What the soaks share: places, processes forked from one that has imported all, and what a kill must not change.

Each trial runs in a process of its own; two at a time. A trial forks the processes that it kills from itself, so they
cost no import; the workers of a bench are real ones.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import importlib.util
import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FAKES, SHIM = REPOSITORY / "tests" / "fakes", HERE / "shim"
CLOCK = "200"
"""Checkpoints come every 0.15 s."""
STEPS = 6000
REGISTRY = f"""
api = 1

[datasets.digits]
extractor = "pixels"
n_real = 300
n_fake = 300

[variants.stepper]
package = "fakes"

[variants.stepper.recipes.digits]
options = {{ steps = {STEPS} }}

[variants.gaussian]
package = "ganzoo-baselines"

[variants.gaussian.recipes.digits]
"""
FILES = {
    "run.json",
    "log.csv",
    "state.safetensors",
    "generator.onnx",
    "samples.png",
    "frames.npz",
    "score.json",
    "copies.png",
    ".lock",
}
PASSING = {"scored_utc", "samples_per_second", "bench", "attempt", "seal"}
HIDDEN = {".lock", ".index.sqlite", ".index.sqlite-journal"}
"""What may be left beside the runs of a store: a journal that a kill left is rolled back by the next one."""
"""Of score.json: what tells of the time and of the turn."""


@dataclass
class Tally:
    """What trials of one mode saw."""

    kills: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Sum up; of figures the largest counts."""
        self.kills += other.kills
        self.finished += other.finished
        self.wrong += other.wrong
        for name, value in other.figures.items():
            self.figures[name] = max(value, self.figures.get(name, 0.0))


class Bad(Exception):
    """Something that must not be."""


def prepare(root: Path) -> None:
    """Make the fakes look installed, here and in what is started from here; import all that the processes need."""
    sys.path[:0] = [str(FAKES), str(SHIM), str(root / "site")]
    helpers = importlib.import_module("helpers")
    helpers.fake_points(root / "site", ["stepper"])
    (root / "registry.toml").write_text(REGISTRY)
    os.environ |= {
        "PYTHONPATH": os.pathsep.join([str(SHIM), str(root / "site"), str(FAKES), os.environ.get("PYTHONPATH", "")]),
        "GANZOO_CACHE": str(root / "cache"),
        "GANZOO_CONFIG": str(root / "config"),
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    }
    for name in (
        *("cli.bench_", "cli.bench_view", "cli.train_", "cli.board_", "cli.progress", "api", "pictures"),
        *("leaderboard.board", "leaderboard.worker", "leaderboard.bench", "generator.engine", "scoring.scorer"),
        *("builtin", "plugin.manager", "training.run", "metrics"),
    ):
        importlib.import_module(f"ganzoo.{name}")
    for name in ("ganzoo_baselines.gaussian", "stepper", "matplotlib.figure", "safetensors.numpy", "scipy.spatial"):
        importlib.import_module(name)


def _loaded(file: Path) -> Any:
    spec = importlib.util.spec_from_file_location("soak_shim", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SHIMMED = _loaded(SHIM / "sitecustomize.py")
"""Whichever ``sitecustomize`` this interpreter itself started with."""


def fork(action: Callable[[], object], log: Path, **env: str) -> int:
    """Run an action in a process of its own, the leader of its group, its output in a file; returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    code: object = 1
    try:
        os.setsid()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number in (1, 2):
            os.dup2(out, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ |= env
        SHIMMED.install()
        code = action()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - it goes into the log, and the exit code says it
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    raise AssertionError


def command(*words: str | Path) -> Callable[[], object]:
    """``ganzoo WORDS``, to be forked."""

    def run() -> object:
        from ganzoo.cli import main

        return main([str(word) for word in words])

    return run


def ended(pid: int, seconds: float = 300.0) -> int:
    """Wait for a forked process; its exit code, below 0 for a signal. Raises Bad where it hangs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise Bad(f"process {pid} hung for {seconds:.0f} s")


def must(pid: int, log: Path, code: int = 0) -> None:
    """Wait for a forked process that has to end well. Raises Bad with the end of its output."""
    if (found := ended(pid)) != code:
        raise Bad(f"ended with {found}, not {code}: {log.read_text(errors='replace')[-600:]}")


def killed_after(pid: int, seconds: float) -> bool:
    """Kill a forked process after a while; False where it ended before."""
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)  # it is not waited for, so the pid is its own still
    return ended(pid) == -signal.SIGKILL


def family(pid: int) -> list[int]:
    """The living descendants of a process."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    parents.setdefault(int(parent), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found[1:]


def gone(pids: list[int], seconds: float = 5.0) -> float:
    """How long until none of these processes lives. Raises Bad, and kills them, where one does."""
    began = time.monotonic()
    while left := [pid for pid in pids if _alive(pid)]:
        if time.monotonic() - began > seconds:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            raise Bad(f"{len(left)} workers outlived their parent by {seconds:.0f} s")
        time.sleep(0.002)
    return time.monotonic() - began


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def outcome(folder: Path) -> dict[str, Any]:
    """What a finished run must have bit for bit, killed or not: everything but times, dates, and turns of a bench."""
    manifest = json.loads((folder / "run.json").read_bytes())
    frames = manifest["role"] == "model"
    state = (folder / "state.safetensors").read_bytes()
    arrays = 8 + int.from_bytes(state[:8], "little")
    names = ("status", "note", "steps", "parameters", "parity", "onnx_sha256", "content_hash", "options", "latent")
    found = {f"run.json {name}": manifest[name] for name in names}
    found["state.safetensors"] = hashlib.sha256(state[arrays:]).hexdigest()
    for name in ("generator.onnx", "log.csv", "samples.png", *(["frames.npz"] if frames else [])):
        found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    if (folder / "score.json").is_file():
        score = json.loads((folder / "score.json").read_bytes())
        found |= {f"score.json {name}": value for name, value in score.items() if name not in PASSING}
        found["copies.png"] = hashlib.sha256((folder / "copies.png").read_bytes()).hexdigest()
    return found


def outcomes(store: Path) -> dict[str, dict[str, Any]]:
    """Of every run of a store."""
    return {str(path.parent.relative_to(store)): outcome(path.parent) for path in sorted(store.glob("*/*/*/run.json"))}


def differences(found: Mapping[str, Any], expected: Mapping[str, Any], where: str = "") -> list[str]:
    """What is missing, too much or another, in words."""
    wrong = [f"{where}: {name} is missing" for name in expected if name not in found]
    wrong += [f"{where}: {name} should not be" for name in found if name not in expected]
    for name in set(found) & set(expected):
        if isinstance(expected[name], dict) and isinstance(found[name], dict):
            wrong += differences(found[name], expected[name], f"{where} {name}")
        elif found[name] != expected[name]:
            wrong.append(f"{where}: {name} is {str(found[name])[:200]}, not {str(expected[name])[:200]}")
    return wrong


def rows(table: Path) -> list[dict[str, str]]:
    """Of a runs.csv."""
    with table.open(newline="") as file:
        return list(csv.DictReader(file, strict=True))


def broken_rows(table: Path, expected: set[tuple[str, str]]) -> list[str]:
    """What is wrong with a runs.csv that should have one good row of each (variant, seed), beside failures."""
    good = sorted((row["variant"], row["seed"]) for row in rows(table) if row["status"] == "ok")
    return [] if good == sorted(expected) else [f"runs.csv has the good rows {good}, not {sorted(expected)}"]


def strays(*folders: Path) -> list[str]:
    """Files that no reader looks for: temporary ones that a kill left."""
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in found if path.name.startswith(".") and path.name not in HIDDEN]


@dataclass(frozen=True)
class Trial:
    """One trial: what it does in an empty folder of its own, with a seeded source of chance."""

    mode: str
    run: Callable[[Path, random.Random], Tally]


def soak(trials: Iterator[Trial], root: Path, seed: int, tallies: dict[str, Tally], lanes: int = 2) -> None:
    """Run trials, so many at a time, until there are no more; sums by mode. The folders of good ones are removed."""
    running: dict[int, tuple[Trial, Path]] = {}
    number = 0
    left: Trial | None = next(trials, None)
    while left is not None or running:
        while left is not None and len(running) < lanes:
            number += 1
            place = root / f"{number:04d}-{left.mode.replace(' ', '-')}"
            place.mkdir()
            trial, chance = left, random.Random(f"{seed} {number}")
            running[fork(lambda t=trial, p=place, c=chance: _done(t, p, c), place / "trial.log")] = (trial, place)
            left = next(trials, None)
        pid, status = os.wait()
        trial, place = running.pop(pid)
        tally = tallies.setdefault(trial.mode, Tally())
        report = place / "tally.json"
        if status or not report.is_file():
            tally.add(Tally(wrong=[f"{trial.mode}: {(place / 'trial.log').read_text(errors='replace')[-600:]}"]))
            continue
        tally.add(Tally(**json.loads(report.read_bytes())))
        if not tally.wrong:
            shutil.rmtree(place)


def _done(trial: Trial, place: Path, chance: random.Random) -> None:
    try:
        tally = trial.run(place, chance)
    except Bad as error:
        tally = Tally(wrong=[f"{trial.mode} in {place.name}: {error}"])
    (place / "tally.json").write_text(json.dumps(vars(tally)))


def table(tallies: Mapping[str, Tally], seconds: float) -> str:
    """The figures as Markdown."""
    lines = ["| mode | kills | finished and compared | wrong |", "| --- | ---: | ---: | ---: |"]
    for mode, tally in tallies.items():
        lines.append(f"| {mode} | {tally.kills} | {tally.finished} | {len(tally.wrong)} |")
    lines += [""]
    for mode, tally in tallies.items():
        lines += [f"- {mode}: {name} {value:.3g}" for name, value in tally.figures.items()]
    lines.append(f"- {seconds:.0f} s in all")
    return "\n".join(lines)


def report(tallies: Mapping[str, Tally], seconds: float, root: Path) -> int:
    """Print the figures and every fault, and remove the folder where there is none; the exit code."""
    print(table(tallies, seconds))
    wrong = [line for tally in tallies.values() for line in tally.wrong]
    for line in wrong:
        print(f"WRONG {line}")
    if wrong:
        print(f"What was seen lies in {root}.")
    else:
        shutil.rmtree(root)
    return int(bool(wrong))
