"""How long the command line takes to start, against the two libraries that it stands on.

    python tests/benchmarks/startup.py

Each command is a fresh process with its output thrown away; the commands take turns, and the medians over the rounds
are shown with their ratio to ``python -c "import click, pluggy"`` of the same Python. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
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


# With this set nothing that was not compiled at installation would ever be, and every start would compile ganzoo anew.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def starts_per_second(command: list[str]) -> float:
    """One over the seconds of one process, from start to end."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    return 1 / (time.perf_counter() - begin)


def _milliseconds(values: list[float]) -> str:
    return f"{1000 / statistics.median(values):.0f}"


def main() -> None:
    """Measure all commands in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    print(machine("click", "pluggy", "rich", "msgspec"), end="\n\n")
    for command in COMMANDS.values():
        starts_per_second(command)
    found: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            found[name].append(starts_per_second(command))
    rows = [
        [f"`{name}`", _milliseconds(values), f"{ratio(found, BASE, name):.2f}", spread(found, BASE, name)]
        for name, values in found.items()
    ]
    print(table(("command", "median, ms", "ratio", "range"), rows))


if __name__ == "__main__":
    main()
