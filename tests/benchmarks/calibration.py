"""How well the standard errors are calibrated: prints the tables of docs/reports/calibration.md (about 40 s).

python tests/benchmarks/calibration.py
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fakes"))

import known_laws as usual  # noqa: E402 - the threads and the path come first
import requested_laws as requested  # noqa: E402 - likewise
from pairs import difference_settings  # noqa: E402 - likewise
from simulation import calibrate  # noqa: E402 - likewise


def main() -> None:
    """Print the three tables."""
    print_scores()
    print()
    print_totals()
    print()
    print_differences()


def print_scores() -> None:
    """Print one line per column and setting."""
    print("| column | error by | setting | coverage of 95 % | mean SE / SD |")
    print("|---|---|---|---|---|")
    methods = usual.METHODS | requested.METHODS
    for setting in (*usual.settings(), *requested.requested_settings()):
        for column, found in calibrate(setting).items():
            ratio = f"{found.ratio:.2f}" if found.ratio < 100 else "values never differ"
            print(f"| `{column}` | {methods[column]} | {setting.name} | {found.coverage:.1%} | {ratio} |")


def print_totals() -> None:
    """Print one line per column and setting whose reference is drawn anew."""
    print("| column | setting | coverage by the standard error | by the total error | mean total error / SD |")
    print("|---|---|---|---|---|")
    for setting in (*usual.total_settings(), *requested.requested_total_settings()):
        given = calibrate(replace(setting, total=False))
        for column, found in calibrate(setting).items():
            cover = f"{given[column].coverage:.1%} | {found.coverage:.1%}"
            print(f"| `{column}` | {setting.name} | {cover} | {found.ratio:.2f} |")


def print_differences() -> None:
    """Print one line per metric and pair of models."""
    print("| difference of | models | coverage of 95 % | mean SE / SD | were z not shared | were nothing shared |")
    print("|---|---|---|---|---|---|")
    for setting in difference_settings():
        found = calibrate(setting)
        for column in ("fid", "kid"):
            kept, others = found[column], [found[f"{column} {how}"].ratio for how in ("unpaired", "apart")]
            wider = " | ".join(f"{ratio:.2f}" for ratio in others)
            print(f"| `{column}` | {setting.name} | {kept.coverage:.1%} | {kept.ratio:.2f} | {wider} |")


if __name__ == "__main__":
    main()
