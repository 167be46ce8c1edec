"""How long the command line takes to start, against the two libraries that it stands on.

    python tests/benchmarks/startup.py

Each command is a fresh process with its output thrown away; the commands take turns, and the medians over the rounds
are shown with their ratio to ``python -c "import click, pluggy"`` of the same Python. A second table has the same
commands with 30 plugins of others installed, and their ratio to the zoo as it is. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sidebyside import machine, ratio, spread, table

BASE = 'python -c "import click, pluggy"'
GANZOO = str(Path(sys.executable).with_name("ganzoo"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    BASE: [sys.executable, "-c", "import click, pluggy"],
    "ganzoo --version": [GANZOO, "--version"],
    "ganzoo --help": [GANZOO, "--help"],
    "ganzoo list": [GANZOO, "list"],
}
PLUGINS = 30
CROWDED = ("ganzoo --help", "ganzoo list", "ganzoo plugins --help")
MODULE = """
import ganzoo

class Options(ganzoo.Options):
    z_dim: int = 2

@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(name="{name}", backend="none", summary="one of many", paper="none", options=Options,
                          facts=ganzoo.Facts(loss="", optimiser="", update_order=""))

@ganzoo.hookimpl
def train(run): ...

@ganzoo.hookimpl
def sample(model, inputs): ...

@ganzoo.hookimpl
def export(model, path): ...
"""

# With this set nothing that was not compiled at installation would ever be, and every start would compile ganzoo anew.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def crowd(folder: Path) -> None:
    """Write distributions with a variant, an extension and a command each, as pip would leave them in ``folder``."""
    for i in range(PLUGINS):
        name = f"crowd{i:02}"
        (folder / f"{name}.py").write_text(MODULE.format(name=name))
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        points = [f"[ganzoo.{group}]\n{name} = {name}\n" for group in ("variants", "extensions", "commands")]
        (info / "entry_points.txt").write_text("\n".join(points))


def starts_per_second(command: list[str], **more: str) -> float:
    """One over the seconds of one process, from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT | more)
    return 1 / (time.perf_counter() - begin)


def _milliseconds(values: list[float]) -> str:
    return f"{1000 / statistics.median(values):.0f}"


def main() -> None:
    """Measure all commands in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    print(machine("click", "pluggy", "rich", "msgspec"), end="\n\n")
    found = in_turns({name: (command, {}) for name, command in COMMANDS.items()}, rounds)
    rows = [
        [f"`{name}`", _milliseconds(values), f"{ratio(found, BASE, name):.2f}", spread(found, BASE, name)]
        for name, values in found.items()
    ]
    print(table(("command", "median, ms", "ratio", "range"), rows), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        crowd(Path(folder))
        print(
            table(
                (f"with {PLUGINS} plugins more", "median, ms", "ratio to the zoo without", "range"),
                crowded(folder, rounds),
            )
        )


def in_turns(commands: dict[str, tuple[list[str], dict[str, str]]], rounds: int) -> dict[str, list[float]]:
    """Starts per second of each command and environment, round by round; a first one warms what is kept."""
    for command, more in commands.values():
        starts_per_second(command, **more)
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, more) in commands.items():
            found[name].append(starts_per_second(command, **more))
    return found


def crowded(folder: str, rounds: int) -> list[list[str]]:
    """Each command with the crowd beside the same command without it."""
    rows = []
    for name in CROWDED:
        command = [GANZOO, *name.split()[1:]]
        found = in_turns({"alone": (command, {}), "crowded": (command, {"PYTHONPATH": folder})}, rounds)
        values = found["crowded"]
        ratio_, range_ = f"{ratio(found, 'alone', 'crowded'):.2f}", spread(found, "alone", "crowded")
        rows.append([f"`{name}`", _milliseconds(values), ratio_, range_])
    return rows


if __name__ == "__main__":
    main()
