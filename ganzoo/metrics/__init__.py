"""Metrics of protocol ``ganzoo-1``: pure functions from feature arrays to estimates with standard errors."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.errors import PluginError, ScoreError
from ganzoo.metrics.base import Metric, Reference, Sets
from ganzoo.types import Estimate

__all__ = ["Metric", "Reference", "Sets", "builtin_metrics", "evaluate"]


def builtin_metrics() -> list[Metric]:
    """Return the metrics that come with ganzoo, in the order of a row's columns."""
    from ganzoo.metrics.classwise import INTRA_FID
    from ganzoo.metrics.clipped import CLIPPED
    from ganzoo.metrics.cmmd import CMMD
    from ganzoo.metrics.control import CODE_ERROR, LABEL_ACCURACY
    from ganzoo.metrics.copying import CT, DUPLICATES, MEMORISED, MEMORISED_HELDOUT
    from ganzoo.metrics.fd_infinity import FD_INFINITY
    from ganzoo.metrics.fid import FID
    from ganzoo.metrics.fld import FLD
    from ganzoo.metrics.inception import IS
    from ganzoo.metrics.kid import KID
    from ganzoo.metrics.membership import MEMBERSHIP
    from ganzoo.metrics.modes import CLASS_MODES, MIXTURE_MODES
    from ganzoo.metrics.neighbours import NEIGHBOUR_SCORES
    from ganzoo.metrics.realism import REALISM
    from ganzoo.metrics.regions import REGION_MODES
    from ganzoo.metrics.repeats import REPEATS
    from ganzoo.metrics.sliced import SLICED
    from ganzoo.metrics.utility import UTILITY
    from ganzoo.metrics.vendi import VENDI

    quality = [FID, IS, KID, NEIGHBOUR_SCORES, MIXTURE_MODES, CLASS_MODES, REGION_MODES, VENDI]
    copying = [REPEATS, MEMORISED, MEMORISED_HELDOUT, DUPLICATES, CT]
    control = [LABEL_ACCURACY, CODE_ERROR]
    on_request = [INTRA_FID, UTILITY, CMMD, FD_INFINITY, SLICED, REALISM, CLIPPED, FLD, MEMBERSHIP]
    return [*quality, *copying, *control, *on_request]


def evaluate(
    sets: Sets, metrics: Sequence[Metric], *, refused: dict[str, ScoreError] | None = None
) -> dict[str, Estimate]:
    """Run the metrics whose needs are met and return their columns.

    Of metrics that share a column the first that can run gives it (mixtures come before classes). A metric
    may leave out a column that is undefined for these samples. Raises ScoreError for samples that cannot be scored by
    some metric (where ``refused`` is given: notes it there by the metric's name, and goes on) and PluginError for a
    metric that returns columns it does not declare.
    """
    results: dict[str, Estimate] = {}
    for metric in metrics:
        if not all(sets.has(need) for need in metric.needs) or not results.keys().isdisjoint(metric.columns):
            continue
        try:
            estimates = metric.compute(sets)
        except ScoreError as error:
            if refused is None:
                raise
            refused[metric.name] = error
            continue
        if not estimates.keys() <= set(metric.columns):
            raise PluginError(
                f"Metric '{metric.name}' returned {sorted(estimates)}, but declares {sorted(metric.columns)}."
            )
        results.update(estimates)
    return results
