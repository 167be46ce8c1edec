"""What a comparison leaves: docs/reports/parity.md, and every number in parity.csv beside it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from ours import TOOLS
from recipes import RECIPES
from verdict import Verdict

from ganzoo.metrics.parity_profiles import builtin_profiles

HEAD = """\
# Parity with other tools

`ganzoo score --profile NAME` gives the number that another tool would give. This page is written by `make peers`: it
puts the real tools, from PyPI at the versions below, into an environment of their own, calls their own functions on
features that this repository draws (`tests/peers/recipes.py`), and sets ganzoo's numbers beside theirs. Continuous
integration compares ganzoo with the numbers stored on the way (`tests/peers/numbers.json`), without the tools.

**equal** is a relative difference of at most 1e-6 (for FID, or 1e-12 of both traces: equal sets are at zero, and
rounding is all that is left). Most differences are far smaller. The other verdicts:

- **within rounding**: further apart than 1e-6, within what the tool's own arithmetic loses. For FID with no more rows
  than features, the square roots of eigenvalues that should be zero, up to 1e-5; ganzoo's route has no such
  eigenvalues. For KID, float32 sums over a million kernel values, up to 2e-7 of the mean kernel value, however small
  the distance; where the tool sums with NumPy ganzoo sums alike and the bits are equal, torch sums in another order.
  For precision and recall where features lie so far from zero that float32 squared distances hold no correct digit,
  up to 0.02.
  For CMMD, the subtraction of kernel means near 1 in float64, up to 1e-11. For clipped coverage, a calibration curve
  that either side reads off in steps of one sample.
- **other rule**: where samples are copies they lie exactly on the surface of balls. seqme counts these as inside for
  clipped coverage; the authors' code, and ganzoo, do not.
- **both refuse**: the tool raises an exception, ganzoo an error in one sentence.
- **tool gives nan**, **tool fails**: ganzoo's number stands alone.

StyleGAN2-ADA and ADM are on no index: their column comes from their formulas, written out a second time with
`scipy.linalg.sqrtm` and torch (`tests/peers/literal.py`). prdc, vendi-score and seqme are compared with ganzoo's own
`precision`, `recall`, `density`, `coverage` (k = 5), `vendi`, `cmmd`, `cmmd_unbiased`, `clipped_density` and
`clipped_coverage`. The code for FD∞, MIND, FLD and realism is on no index: tests hold them against a second writing of
their formulas (`tests/metrics/test_fd_infinity.py`, `test_sliced.py`, `test_fld.py`, `test_realism.py`).
"""

DEFECTS = """\
## What is not reproduced

Found while reading these tools and their relatives; none is repeated here.

- **float64 that is float32**: torch-fidelity's `text_to_dtype("float64")` returns float32, so asking it for more
  precision changes nothing. ganzoo keeps covariances, traces and eigenvalues in float64 throughout.
- **NaN from p · log p**: StyleGAN's and ADM's Inception Score is NaN once one probability underflows in float32 (a gap
  of 104 between two logits; the data set *outlier*). ganzoo's profiles count such a class as nothing.
- **A float32 mean over many rows**: clean-fid, torch-fidelity and ADM add float32 rows one by one. The profiles
  reproduce it, as it moves their number (1.6e-4 of it on *offset*); ganzoo's own `fid` uses float64 means.
- **Square roots of non-symmetric matrices**: `scipy.linalg.sqrtm` and `eigvals` of S1 S2 turn rounding into imaginary
  parts, checked in some tools and dropped in others, and into 1e-6 of FID when rows are few. `sqrtm(disp=False)`,
  which pytorch-fid and clean-fid call, is deprecated in SciPy 1.17 and gone in 1.18: `make peers` pins SciPy below it.
- **The 1e-6 on the diagonal** that pytorch-fid, clean-fid and ADM add where a square root is not finite: with the
  SciPy above none of these data sets makes it happen, constant and collapsed features included; ganzoo needs none.
- **Unseeded subsets**: KID of clean-fid, StyleGAN and torchmetrics and IS of torchmetrics change from call to call.
  The profiles give the number for a stated seed.
- **A standard deviation that reads like an error**: the spread over splits or overlapping subsets does not shrink with
  the sample. The profiles show no error there; ganzoo's own scores have theirs.
- **Broken on current NumPy**: torch-fidelity's PPL and its conditional generators raise with NumPy 2.
- **Vendi**: `score_X` ignores its `q`, and `intdiv_X` calls a function that does not exist; ganzoo takes q as given.
- **Index errors of relatives**: dgm-eval gives the first generated set the Inception Score of the real one,
  compare_gan's KID mixes up block bounds, alpha-precision's authenticity uses synthetic indices on real rows, FLD stops
  at 250 000 rows. No code of theirs is used.
- **Files counted twice** where `jpg` and `JPG` are globbed on a file system that ignores case (clean-fid,
  cmmd-pytorch), **a forgotten `eval()`** (pytorch-fid's `InceptionV3()` starts in training mode), and **two numbers for
  one model** from unrounded and from 8-bit images (clean-fid): the border is a file in ganzoo, an ONNX graph that
  always sees 8-bit images, and folders list each file once.
- **Statistics without n**: files of other tools hold `mu` and `sigma` alone, so no bias can be corrected and none
  merged. ganzoo writes n beside them.
"""


@dataclass(frozen=True)
class Row:
    """One number of one tool on one data set, and ours."""

    data: str
    tool: str
    column: str
    theirs: float | str
    ours: float | str
    verdict: Verdict


def page(rows: list[Row], versions: dict[str, str]) -> str:
    """Return the page as Markdown; nothing in it depends on when it was made."""
    return "\n".join([HEAD, _versions(versions), _summary(rows), data_sets(), DEFECTS])


def data_sets() -> str:
    """Return what the data sets are, and how large."""
    lines = ["## The data sets\n", "Every number of every tool on each is in [parity.csv](parity.csv).\n"]
    lines += [_line(["data", "what it is", "real", "generated", "width"])]
    lines += [_line(["---", "---", "---:", "---:", "---:"])]
    for name, recipe in RECIPES.items():
        case = recipe()
        sizes = (len(case.real), len(case.fake), case.real.shape[1])
        lines.append(_line([name, " ".join((recipe.__doc__ or "").split()), *map(str, sizes)]))
    return "\n".join(lines) + "\n"


def numbers(rows: list[Row]) -> str:
    """Return every number as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["data", "tool", "score", "theirs", "ours", "difference", "verdict", "why"])
    for row in rows:
        shown = [_number(row.theirs), _number(row.ours), _difference(row)]
        writer.writerow([row.data, row.tool, row.column, *shown, row.verdict.word, row.verdict.why])
    return buffer.getvalue()


def _versions(versions: dict[str, str]) -> str:
    named = ", ".join(f"{package} {number}" for package, number in versions.items())
    written = ", ".join(
        f"{each.name} ({each.tool_version})" for each in builtin_profiles() if each.name in ("stylegan", "adm")
    )
    return f"Versions: {named}. Written from sources: {written}.\n"


def _summary(rows: list[Row]) -> str:
    words = sorted({row.verdict.word for row in rows}, key=lambda word: (word != "equal", word))
    lines = ["## In short\n", _line(["tool", "numbers", *words]), _line(["---"] + ["---:"] * (len(words) + 1))]
    for tool in TOOLS:
        counts = Counter(row.verdict.word for row in rows if row.tool == tool)
        lines.append(_line([tool, str(sum(counts.values())), *(str(counts[word] or "") for word in words)]))
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(value: float | str) -> str:
    if isinstance(value, str):
        return value.partition(":")[0] if ":" in value else "refused"
    return "0" if abs(value) < 1e-10 else f"{value:.7g}"


def _difference(row: Row) -> str:
    """Return the relative difference as a bound: digits that are rounding alone would change from run to run."""
    if isinstance(row.theirs, str) or isinstance(row.ours, str) or row.theirs != row.theirs:
        return ""
    gap = abs(row.ours - row.theirs)
    if gap == 0 or abs(row.theirs) < 1e-10:
        return "0" if gap == 0 else "< 1e-10 absolute"
    relative = gap / abs(row.theirs)
    bounds = [bound for bound in (1e-12, 1e-9, 1e-7, 1e-6) if relative < bound]
    return f"< {bounds[0]:.0e}" if bounds else f"{relative:.0e}"
