"""The built-in extension: datasets, extractors, metrics and observers, through the hooks that everybody uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ganzoo.plugin.hookspecs import hookimpl

if TYPE_CHECKING:
    from ganzoo.data.base import Source
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.plugin.observers import Observers


@hookimpl
def register_datasets() -> list[Source]:
    """digits, ring, grid, mnist, fashion-mnist, cifar10, npz:FILE, folder:DIR."""
    from ganzoo.data.builtin import builtin_sources

    return builtin_sources()


@hookimpl
def register_extractors() -> list[ExtractorSource]:
    """The shipped classifiers, points as they are, and pooled pixels for data without a classifier."""
    from ganzoo.extractors.base import builtin_extractors

    return builtin_extractors()


@hookimpl
def register_metrics() -> list[Metric]:
    """FID, IS, KID, precision/recall, density/coverage, Vendi, modes, memorisation, control."""
    from ganzoo.metrics import builtin_metrics

    return builtin_metrics()


@hookimpl
def run_event(event: str, run: dict[str, Any]) -> None:
    """Tell the observers that were switched on: csv, tensorboard, mlflow."""
    _observers()(event, run)


@cache
def _observers() -> Observers:
    """Those of this process; they hold the files that are open between two events."""
    from ganzoo.plugin.observers import Observers

    return Observers()
