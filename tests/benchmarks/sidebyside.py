"""What the benchmark scripts share: one compute thread, interleaved timing, throw-away generators, Markdown tables.

Import this before anything that computes: it sets the environment variables that BLAS and OpenMP read once.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

Work = Callable[[], object]
Rates = dict[str, list[float]]


def rates(works: Mapping[str, Work], *, rounds: int = 9, seconds: float = 0.25) -> Rates:
    """Calls per second of each work, round by round: A, B, …, A, B, …; one part takes about ``seconds``.

    Each work is called a few times before the first round.
    """
    calls = {name: _calls_in(work, seconds) for name, work in works.items()}
    found: Rates = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            found[name].append(calls[name] / seconds_of(work, calls[name]))
    return found


def _calls_in(work: Work, seconds: float) -> int:
    """How many calls fill ``seconds``; warms the work up on the way."""
    work()
    seconds_of(work, 3)
    once = seconds_of(work, 3) / 3
    return max(3, round(seconds / once))


def seconds_of(work: Work, calls: int) -> float:
    """How long so many calls take."""
    begin = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - begin


def ratio(found: Rates, ours: str, theirs: str) -> float:
    """Median over the rounds of ours ÷ theirs; both halves of each quotient were measured back to back."""
    return statistics.median(a / b for a, b in zip(found[ours], found[theirs], strict=True))


def spread(found: Rates, ours: str, theirs: str) -> str:
    """Smallest and largest of the quotients whose median ``ratio`` gives."""
    quotients = [a / b for a, b in zip(found[ours], found[theirs], strict=True)]
    return f"{min(quotients):.2f}–{max(quotients):.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table: the first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine(*distributions: str) -> str:
    """One line: processor, cores, Python and the versions of ``distributions``."""
    import platform
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in distributions)
    return f"{_processor()}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text("utf-8").splitlines() if facts.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "unknown processor")


def image_data(shape: tuple[int, int, int]) -> Any:
    """Toy images of ten classes: speed depends on the shape alone."""
    from ganzoo.testing import toy_images

    return toy_images(shape, classes=10, n=640)


def recipe(variant: str, dataset: str) -> dict[str, Any]:
    """The options that the packaged registry trains ``variant`` with on ``dataset``."""
    from ganzoo import registry

    return registry.load().recipe_options(variant, dataset)


def trained(plugin: Any, data: Any, options: Mapping[str, Any], folder: Path) -> tuple[Any, Path]:
    """The framework's generator after two steps, and the generator.onnx made of it in ``folder``."""
    from ganzoo.generator.contract import GeneratorInfo
    from ganzoo.generator.export import finalise
    from ganzoo.testing import memory_run

    variant = plugin.describe()
    run = memory_run(variant, data, {**options, "steps": 2})
    model = plugin.train(run)
    raw, path = folder / "raw.onnx", folder / f"{variant.name}-{data.spec.name}.onnx"
    plugin.export(model, raw)
    info = GeneratorInfo(
        variant=variant.name,
        backend=variant.backend,
        distribution="benchmark",
        version="0",
        dataset=data.spec.name,
        dataset_digest="",
        data=data.spec,
        latent=run.latent,
        options=dict(options),
        seed=0,
        value_range=None,
        content_hash="",
        ganzoo_version="0",
    )
    finalise(raw, path, info)
    return model, path
