"""How fast the metrics are beside the tools they replace, on the same features, in one process, on two threads.

Run by ``make peers-bench`` in the environment that holds those tools. ``--part`` names one table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

# First of all imports that compute: it sets the number of threads.
from peerside import THREADS, added_memory, features, machine, measure_child, ratio, seconds, table

N, D = 10_000, 2048
HEAD = ("theirs ÷ ours", "theirs, s", "ours, s")


def statistics_to_fid(rounds: int) -> None:
    """The distance of two Gaussian fits, theirs by the functions that their command lines call."""
    import torch
    from pytorch_fid.fid_score import calculate_frechet_distance
    from torch_fidelity.metric_fid import fid_statistics_to_metric
    from torchmetrics.image.fid import _compute_fid

    from ganzoo.metrics.fid import moments_distance, target_of
    from ganzoo.metrics.moments import moments

    real, fake = moments(features(N, seed=1)), moments(features(N, seed=2, shift=0.1))
    goal = target_of(real)
    both = [{"mu": fit.mean, "sigma": fit.covariance} for fit in (real, fake)]
    tensors = [torch.from_numpy(part) for fit in (real, fake) for part in (fit.mean, fit.covariance)]
    ours = "ours"
    works: dict[str, Callable[[], object]] = {
        ours: lambda: moments_distance(target_of(real), fake),
        "cached": lambda: moments_distance(goal, fake),
        "torch-fidelity": lambda: fid_statistics_to_metric(*both, verbose=False)["frechet_inception_distance"],
        "torchmetrics": lambda: float(_compute_fid(*tensors)),
        "pytorch-fid": lambda: calculate_frechet_distance(real.mean, real.covariance, fake.mean, fake.covariance),
    }
    values = {name: float(work()) for name, work in works.items()}  # type: ignore[arg-type]
    times = seconds(works, rounds)
    rows = [
        [
            f"{name}, {kind}",
            ratio(times, name, mine),
            f"{median(times[name]):.2f}",
            f"{median(times[mine]):.2f}",
            f"{values[name] / values[mine] - 1:+.0e}",
        ]
        for name in ("pytorch-fid", "torch-fidelity", "torchmetrics")
        for mine, kind in ((ours, "both sides given"), ("cached", "reference factored before"))
    ]
    print(f"\nFID from statistics, d = {D}\n")
    print(table(["tool, ours with", *HEAD, "difference"], rows))


def features_to_fid(rounds: int) -> None:
    """From features to the distance, against the matrix products that it cannot do without."""
    import numpy as np

    from ganzoo.metrics.fid import frechet_distance, moments_distance, target
    from ganzoo.metrics.moments import moments

    real, fake = (features(N, seed=s, shift=x).astype(np.float64) for s, x in ((1, 0.0), (2, 0.1)))
    goal = target(real)
    square = real[:D]
    works: dict[str, Callable[[], object]] = {
        "n·d² symmetric": lambda: real.T @ real,
        "n·d²": lambda: real @ square.T,
        "d³": lambda: square @ fake[:D],
        "FID, reference kept": lambda: moments_distance(goal, moments(fake)),
        "FID of both sets": lambda: moments_distance(target(real), moments(fake)),
        "FID with its error, reference kept": lambda: frechet_distance(goal, fake),
    }
    needs = {
        "FID, reference kept": (1, 0, 2),
        "FID of both sets": (2, 0, 2),
        "FID with its error, reference kept": (1, 1, 4),
    }
    for work in works.values():
        work()
    times = seconds(works, rounds)
    rows = []
    for name, counts in needs.items():
        bare = [sum(map(_times, counts, part)) for part in zip(*(times[key] for key in list(works)[:3]), strict=True)]
        quotients = sorted(a / b for a, b in zip(times[name], bare, strict=True))
        products = " + ".join(f"{count} {key}" for count, key in zip(counts, works, strict=False) if count)
        spread = f"{median(quotients):.2f} ({quotients[0]:.2f}–{quotients[-1]:.2f})"
        rows.append([name, products, spread, f"{median(times[name]):.2f}", f"{median(bare):.2f}"])
    print(f"\nFID from {N} × {D} float64 features against bare products\n")
    print(table(["", "products", "ours ÷ products", "ours, s", "products, s"], rows))


def _times(count: int, value: float) -> float:
    return count * value


def kid(rounds: int) -> None:
    """Time at full size; true errors by repetition, at a size at which a hundred repetitions are quick."""
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric

    from ganzoo.metrics.kid import kernel_distance

    real, fake = features(N, seed=1), features(N, seed=2, shift=0.1)
    works: dict[str, Callable[[], object]] = {
        "theirs": lambda: kid_features_to_metric(torch.from_numpy(real), torch.from_numpy(fake), verbose=False),
        "ours": lambda: kernel_distance(real, fake),
    }
    kernel_distance(real[:200], fake[:200])
    times = seconds(works, rounds)
    row = ["torch-fidelity", ratio(times, "theirs", "ours"), *(f"{median(times[x]):.2f}" for x in works)]
    print(f"\nKID, {N} × {D} features, theirs by its default of 100 subsets of 1000\n")
    print(table(["tool", *HEAD], [row]))
    print("\nTrue errors of KID over fresh draws of 3000 rows a side (theirs: 100 subsets of 300), in 10⁻⁶\n")
    head = [
        "",
        "truth",
        "bias of theirs",
        "bias of ours",
        "SD of theirs",
        "SD of ours",
        "RMSE ratio",
        "mean SE of ours",
    ]
    print(table(head, [_kid_errors("equal distributions", 0.0), _kid_errors("different", 0.3)]))


def _kid_errors(name: str, shift: float, draws: int = 100, n: int = 3000) -> list[str]:
    """Draw from two finite populations: the squared MMD between these is known exactly."""
    import numpy as np
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric

    from ganzoo.metrics.kid import kernel_distance

    first = features(5000, seed=1)
    second = features(5000, seed=2, shift=shift) if shift else first
    truth = _population_distance(first, second)
    draw, found = np.random.default_rng(3), []
    for _ in range(draws):
        real, fake = first[draw.integers(0, 5000, n)], second[draw.integers(0, 5000, n)]
        theirs = kid_features_to_metric(
            torch.from_numpy(real), torch.from_numpy(fake), kid_subset_size=n // 10, verbose=False
        )["kernel_inception_distance_mean"]
        ours = kernel_distance(real, fake)
        found.append((theirs, ours.value, ours.se))
    values = np.array(found) * 1e6
    bias, spread = values[:, :2].mean(axis=0) - truth * 1e6, values[:, :2].std(axis=0, ddof=1)
    errors = np.hypot(bias, spread)
    cells = [f"{b:+.1f} ± {s / draws**0.5:.1f}" for b, s in zip(bias, spread, strict=True)]
    rest = [f"{s:.1f}" for s in (*spread, errors[0] / errors[1], values[:, 2].mean())]
    rest[2] = f"{errors[0] / errors[1]:.2f}"
    return [name, f"{truth * 1e6:.1f}", *cells, *rest]


def _population_distance(x: Any, y: Any) -> float:
    import numpy as np

    if x is y:
        return 0.0
    a, b = x.astype(np.float64), y.astype(np.float64)
    means = [float(((p @ q.T / D + 1) ** 3).mean()) for p, q in ((a, a), (b, b), (a, b))]
    return means[0] + means[1] - 2 * means[2]


def prdc(rounds: int, dtype: str = "float32") -> None:
    """Precision, recall, density, coverage: time in one process, peak memory each in its own."""
    import numpy as np

    real, fake = (features(N, seed=s, shift=x).astype(dtype) for s, x in ((1, 0.0), (2, 0.1)))
    values: dict[str, Any] = {}
    works = {name: partial(_keep, values, name, _prdc_work(name, real, fake)) for name in ("theirs", "ours")}
    for name in works:
        _prdc_work(name, real[:100], fake[:100])()
    times = seconds(works, rounds)
    assert all(abs(value - values["ours"][name].value) < 1e-12 for name, value in values["theirs"].items()), values
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.save(folder / "real.npy", real)
        np.save(folder / "fake.npy", fake)
        memory = [added_memory(__file__, task, folder) for task in works]
    spent = [f"{median(times[x]):.1f}" for x in works]
    held = [f"{x:.0f}" for x in memory]
    print(f"\nPrecision, recall, density, coverage of {N} × {D} features against prdc; all four values agree\n")
    head = ["features", *HEAD, "added peak, theirs ÷ ours", "theirs, MiB", "ours, MiB"]
    print(table(head, [[dtype, ratio(times, "theirs", "ours"), *spent, f"{memory[0] / memory[1]:.1f}", *held]]))


def _keep(store: dict[str, Any], name: str, work: Callable[[], Any]) -> None:
    store[name] = work()


def _prdc_work(name: str, real: Any, fake: Any) -> Callable[[], Any]:
    from prdc import compute_prdc

    from ganzoo.metrics.neighbours import neighbour_scores

    def theirs() -> object:
        with contextlib.redirect_stdout(io.StringIO()):
            return compute_prdc(real, fake, nearest_k=5)

    return theirs if name == "theirs" else lambda: neighbour_scores(real, fake)


def _child(task: str, folder: Path) -> None:
    import numpy as np

    _prdc_work(task, features(100, 16), features(100, 16))()  # what is imported late does not count
    real, fake = np.load(folder / "real.npy"), np.load(folder / "fake.npy")
    measure_child(_prdc_work(task, real, fake))


PARTS: dict[str, Callable[[int], None]] = {
    "statistics": statistics_to_fid,
    "features": features_to_fid,
    "kid": kid,
    "prdc": prdc,
    "prdc-float64": partial(prdc, dtype="float64"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this table; may be repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=("theirs", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(THREADS)
    if arguments.child:
        _child(arguments.child, arguments.folder)
        return
    print(machine("numpy", "scipy", "torch", "torch-fidelity", "pytorch-fid", "torchmetrics", "prdc"))
    print(f"{THREADS} threads for both sides; medians of {arguments.rounds} rounds in turn (range).")
    for name in arguments.part or PARTS:
        PARTS[name](arguments.rounds)


if __name__ == "__main__":
    main()
