"""The hooks, with their whole contract. Names and parameters here are the public plugin interface.

A variant lives in the entry-point group ``ganzoo.variants``: the entry point's name is the variant's name, its
object a light module whose functions carry ``@ganzoo.hookimpl``. Frameworks are imported inside the hooks.
An extension lives in ``ganzoo.extensions`` and adds datasets, extractors, metrics, profiles or observers. A command
lives in ``ganzoo.commands``: the entry point's name is the command's, its object a ``click.Command``. Commands have no
hook, because ``ganzoo --help`` names them without importing anybody's module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from ganzoo.plugin.entry_points import COMMANDS, EXTENSIONS, PROJECT, VARIANTS

if TYPE_CHECKING:
    from ganzoo.data.base import Source
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.metrics.parity_profiles import Profile
    from ganzoo.options import Options
    from ganzoo.plugin.observers import ObserverSource
    from ganzoo.types import Array, DataSpec, MeasureRun, TrainRun, Variant

__all__ = ["COMMANDS", "EXTENSIONS", "PROJECT", "VARIANTS", "ExtensionSpec", "VariantSpec", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class VariantSpec:
    """Hooks of one GAN; always called on one plugin alone."""

    @hookspec(firstresult=True)
    def describe(self) -> Variant:
        """Say what the variant is. Cheap and pure: no framework is imported, nothing is read or written."""
        raise AssertionError  # a specification is never called

    @hookspec(firstresult=True)
    def train(self, run: TrainRun) -> Any:
        """Train on ``run.data`` and return the framework's own generator object, ready for inference.

        A new run is rehearsed: this hook is called with a run that yields no steps and has a few of the samples, and
        what it returns is exported and checked, so that a broken export costs no training. A generator that is nothing
        before its first step is tried once more after one. Where the hook raises, it is simply trained.

        Of a model, the generator is looked at and sampled now and then while it trains, after the first step already:
        this hook is called beside the call that goes on, with a run that has a few of the samples, restores the state
        of that moment and has no steps left. Share nothing between two calls. Where the hook raises, nobody looks.
        """

    @hookspec(firstresult=True)
    def sample(self, model: Any, inputs: dict[str, Array]) -> Array:
        """Run the generator natively on ``inputs`` (``z``, and ``y``, ``c``, ``noise`` where it has them).

        Returns float32 [N, C, H, W] in [-1, 1], or [N, d] for points. It exists to prove that the ONNX file says the
        same, and shows what becomes of a model while it trains: then it is called now and then, beside the training,
        for frames of the same few latents. Where the hook raises there, the run has no more frames.
        """
        raise AssertionError  # a specification is never called

    @hookspec(firstresult=True)
    def export(self, model: Any, path: Path) -> bool:
        """Write the generator to ``path`` as one ONNX file and return True.

        Inputs ``z`` float32 [N, z_dim], ``y`` int64 [N], ``c`` float32 [N, k], ``noise`` float32 [N, maps, H, W] as the
        variant has them; output ``x`` float32 [N, C, H, W] in [-1, 1] or [N, d]. Batch axis dynamic, inference mode, no
        external data, no custom ops.
        """
        raise AssertionError  # a specification is never called

    @hookspec(firstresult=True)
    def validate(self, options: Options, data: DataSpec) -> str | None:
        """Say why these options cannot be trained on these data, in a sentence; None or "" where they can.

        May be left out. Called with your resolved options and the form of data that ``describe`` says you take, before
        a training and for every cell of a bench before the first one is trained; a sentence is shown to the user, and
        nothing is written. Cheap and pure like ``describe``: no framework is imported. An exception is a fault of the
        plugin's.
        """
        raise AssertionError  # a specification is never called

    @hookspec(firstresult=True)
    def measure(self, model: Any, run: MeasureRun) -> dict[str, Any]:
        """Measure numbers of the variant's own, once, after the training and the export; optional.

        ``model`` is what ``train`` returned, ``run`` has held-out samples beside the training's. Returns a number or an
        ``Estimate`` by name, for names declared in ``Variant.reports``. A hook that raises costs its numbers, not the
        run.
        """
        raise AssertionError  # a specification is never called


class ExtensionSpec:
    """Hooks that add to the zoo; the built-ins of ganzoo use the same ones."""

    @hookspec
    def register_datasets(self) -> list[Source]:
        """Datasets by name (``ganzoo.Source``); a source loads when it is asked for, not when it is registered."""
        raise AssertionError  # a specification is never called

    @hookspec
    def register_extractors(self) -> list[ExtractorSource]:
        """Feature extractors by name (``ganzoo.ExtractorSource``), opened when they are asked for."""
        raise AssertionError  # a specification is never called

    @hookspec
    def register_metrics(self) -> list[Metric]:
        """Metrics by name (``ganzoo.Metric``), each a pure function of arrays.

        One that raises is named in a warning and leaves its columns out; the others are not hurt.
        """
        raise AssertionError  # a specification is never called

    @hookspec
    def register_profiles(self) -> list[Profile]:
        """Profiles by name (``ganzoo.Profile``): the metrics as another tool defines them, for ``--profile NAME``."""
        raise AssertionError  # a specification is never called

    @hookspec
    def register_observers(self) -> list[ObserverSource]:
        """Observers by name (``ganzoo.ObserverSource``), for ``--observe NAME``.

        The one of a run is opened at its start, gets every event as ``run_event`` does, and is closed at its end. An
        observer's error is logged and never stops the run.
        """
        raise AssertionError  # a specification is never called

    @hookspec
    def run_event(self, event: str, run: dict[str, Any]) -> None:
        """Hear of every training run, whether or not it is asked for. Each event has ``path``, the run's folder.

        ``started``, ``finished`` and ``failed`` have variant, dataset, seed, status, note, steps and train_seconds too;
        ``step`` has step, total, seconds and scalars; ``resumed`` has step and total; ``waiting``, where a bench meets
        a run that another process has, has nothing more. Each observer gets a copy of its own. An
        observer's error is logged and never stops the run.
        """
