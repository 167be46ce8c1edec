"""Tools for plugin authors' tests: the published checks as tests, toy data, and a training run that lives in memory."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import latents
from ganzoo.checks import CHECKS, SECONDS, open_session
from ganzoo.checks.toys import memory_run, small_options, toy_images, toy_points
from ganzoo.generator import engine
from ganzoo.training.reports import Afterwards

if TYPE_CHECKING:
    from ganzoo.checks import CheckSession
    from ganzoo.data.base import Split
    from ganzoo.plugin.manager import Zoo
    from ganzoo.training.loop import Loop
    from ganzoo.types import Array, Checkpointable, MeasureRun, Variant

__all__ = [
    "Case",
    "interrupt_and_resume",
    "measure_run",
    "memory_run",
    "onnx_difference",
    "parametrize_with_checks",
    "small_options",
    "toy_images",
    "toy_points",
]


def parametrize_with_checks(
    name: str,
    expected_failures: Mapping[str, str] | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
    zoo: Zoo | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A pytest decorator: the test, which takes ``check`` and calls it, becomes one test per published check.

    ``expected_failures`` maps a check's id to the reason why it may fail: it is then an expected failure, and a failure
    if it passes. ``options`` wins over the small options that the checks train with, ``seconds`` is the limit of each
    check. A check that does not apply is skipped with its reason. Needs pytest.

        @parametrize_with_checks("linear")
        def test_checks(check):
            check()
    """
    import pytest

    shared = _Shared(
        lambda: open_session(name, zoo, expected_failures=expected_failures, options=options, seconds=seconds)
    )
    cases = [pytest.param(Case(shared, check.id, last=check is CHECKS[-1]), id=check.id) for check in CHECKS]
    return pytest.mark.parametrize("check", cases)


class _Shared:
    """The session of one decorator, opened by the first test that needs it."""

    def __init__(self, opens: Callable[[], CheckSession]) -> None:
        self._opens = opens
        self._session: CheckSession | None = None

    @property
    def session(self) -> CheckSession:
        """The session; it is closed at the latest when the process ends."""
        if self._session is None:
            self._session = self._opens()
            atexit.register(self._session.close)
        return self._session


class Case:
    """One published check as something to call in a test."""

    def __init__(self, shared: _Shared, id: str, *, last: bool) -> None:
        self.id = id
        self._shared = shared
        self._last = last

    def __call__(self) -> None:
        """Make the check; the test's outcome is the check's."""
        import pytest

        session = self._shared.session
        result = session.result(self.id)
        if self._last:
            session.close()
        if result.status == "failed":
            pytest.fail(f"{self.id}: {result.why}", pytrace=False)
        if result.status == "expected":
            pytest.xfail(result.why)
        if result.status == "skipped":
            pytest.skip(result.why)


def onnx_difference(plugin: Any, model: Any, run: Loop, path: Path, n: int = 32) -> float:
    """Export ``model`` to ``path`` and return the largest absolute difference between it and the native ``sample``."""
    plugin.export(model, path)
    inputs = latents.samples(run.latent, seed=1, start=0, count=n)
    (x,) = engine.Session(engine.read_model(path), path.name, device="cpu").run(inputs).values()
    native = plugin.sample(model, inputs)
    if native.shape != (n, *run.data.spec.shape):
        raise AssertionError(f"sample returned {native.shape}, expected {(n, *run.data.spec.shape)}")
    return float(np.abs(native - x).max())


def measure_run(run: Loop, heldout: Split) -> MeasureRun:
    """What the hook ``measure`` gets after ``run``; what was reported while it trained is ``run.told.numbers``."""
    return Afterwards(run, heldout)


def interrupt_and_resume(
    plugin: Any, variant: Variant, data: Split, options: Mapping[str, Any], stop_after: int
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Train once without and once with a stop after ``stop_after`` steps; return both final states.

    A plugin that resumes bit for bit returns equal arrays under equal names.
    """
    from ganzoo.errors import Interrupted
    from ganzoo.training.loop import MemoryCheckpoints

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
    chunks = run.chunks

    def watched(total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        for part in chunks(total, state=state, size=size):
            if run.steps_done >= step:
                run.request_stop("the test")
            yield part

    run.chunks = watched  # type: ignore[method-assign]  # the hook into the loop that every plugin passes through
