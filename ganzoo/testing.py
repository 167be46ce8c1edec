"""Tools for plugin authors' tests: a training run that lives in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import latents
from ganzoo.compat import latent_spec, require_compatible
from ganzoo.data.base import Split
from ganzoo.loop import Checkpoints, Loop
from ganzoo.options import resolve
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, Variant


def toy_images(shape: tuple[int, int, int] = (1, 8, 8), classes: int = 3, n: int = 192, seed: int = 0) -> Split:
    """Small labelled images [n, C, H, W]: class k is a bright vertical band at its own place, plus noise."""
    rng = latents.generator(seed, "toy images")
    y = np.arange(n, dtype=np.int64) % classes
    x = rng.integers(0, 40, (n, *shape))
    width = max(1, shape[2] // classes)
    for label in range(classes):
        x[y == label, :, :, label * width : (label + 1) * width] += 200
    return Split(DataSpec(name="toy", kind="image", shape=shape, classes=classes), x.astype(np.uint8), y)


def toy_points(n: int = 256, seed: int = 0) -> Split:
    """Points [n, 2] from two narrow modes at (±1, 0)."""
    rng = latents.generator(seed, "toy points")
    x = rng.normal(0, 0.05, (n, 2))
    x[:, 0] += np.where(np.arange(n) % 2, 1.0, -1.0)
    return Split(DataSpec(name="toy-points", kind="points", shape=(2,)), x.astype(np.float32))


def memory_run(
    variant: Variant,
    data: Split,
    options: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    checkpoint_seconds: float = 1e9,
) -> Loop:
    """A run for ``variant`` on ``data`` without a run folder; pass ``checkpoints`` to test a resume.

    Raises the same errors as ``ganzoo train``: UnknownName, OptionError, Incompatible.
    """
    resolved = resolve(variant.options, options or {}, owner=variant.name)
    require_compatible(variant, data.spec)
    return Loop(
        data=data,
        options=resolved,
        seed=seed,
        latent=latent_spec(variant, resolved, data.spec),
        checkpoints=checkpoints,
        checkpoint_seconds=checkpoint_seconds,
    )


def onnx_difference(plugin: Any, model: Any, run: Loop, path: Path, n: int = 32) -> float:
    """Export ``model`` to ``path`` and return the largest absolute difference between it and the native ``sample``."""
    import onnxruntime

    plugin.export(model, path)
    inputs = latents.samples(run.latent, seed=1, start=0, count=n)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (x,) = session.run(None, inputs)
    native = plugin.sample(model, inputs)
    if native.shape != (n, *run.data.spec.shape):
        raise AssertionError(f"sample returned {native.shape}, expected {(n, *run.data.spec.shape)}")
    return float(np.abs(native - x).max())


def interrupt_and_resume(
    plugin: Any, variant: Variant, data: Split, options: Mapping[str, Any], stop_after: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Train once without and once with a stop after ``stop_after`` steps; return both final states.

    A plugin that resumes bit for bit returns equal arrays under equal names.
    """
    from ganzoo.errors import Interrupted
    from ganzoo.loop import MemoryCheckpoints

    straight, stopped = MemoryCheckpoints(), MemoryCheckpoints()
    plugin.train(memory_run(variant, data, options, checkpoints=straight))
    run = memory_run(variant, data, options, checkpoints=stopped)
    _stop_at(run, stop_after)
    try:
        plugin.train(run)
    except Interrupted:
        plugin.train(memory_run(variant, data, options, checkpoints=stopped))
    else:
        raise AssertionError("the run was asked to stop and did not")
    if straight.last is None or stopped.last is None:
        raise AssertionError("the plugin never handed its state to run.steps")
    return dict(straight.last.arrays), dict(stopped.last.arrays)


def _stop_at(run: Loop, step: int) -> None:
    draw = run.indices

    def counting(batch: int, tick: int, ticks: int | None = None) -> Any:
        if run.steps_done >= step:
            run.request_stop("the test")
        return draw(batch, tick, ticks)

    run.indices = counting  # type: ignore[method-assign]  # the hook into the loop that every plugin passes through
