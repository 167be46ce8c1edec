"""A finished run measured as a paper measured its own: by the paper's definitions and number of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import api
from ganzoo.errors import ScoreError
from ganzoo.metrics.modes import histogram_divergence, mixture_modes

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset, Mixture
    from ganzoo.plugin.manager import Zoo
    from ganzoo.published.tables import PublishedTable
    from ganzoo.registry import Registry
    from ganzoo.training.runs import RunFolder
    from ganzoo.types import FloatArray, IndexArray, Variant

Numbers = Mapping[str, float]
DIGITS = 10
CLASSIFIER = "mnist"
"""The extractor whose logits say which digit a channel of stacked MNIST shows."""


@dataclass(frozen=True)
class Tools:
    """What measuring takes beside a run and its data: plugins, protocols, and where data files are."""

    zoo: Zoo
    registry: Registry
    data_dir: str | None = None


def numbers_of(table: PublishedTable, folder: RunFolder, dataset: Dataset, tools: Tools) -> Numbers:
    """The numbers of a finished run by name. Samples are drawn with the training's seed, so that runs share none.

    Raises ScoreError where a number of the table is not among them.
    """
    found = _MEASURES[table.measure](table, folder, dataset, tools)
    if missing := [each.number for each in table.quantities.values() if each.number not in found]:
        have = ", ".join(sorted(found)) or "none"
        raise ScoreError(f"{folder.path} has no number '{missing[0]}' by '{table.measure}'; it has {have}.")
    return found


def _mixture(table: PublishedTable, folder: RunFolder, dataset: Dataset, tools: Tools) -> Numbers:
    """modes, hq, mode_kl and spread of ``n`` points (Lin et al. 2018, section 4.1)."""
    mixture = _modes_of(dataset)
    points = api.load(folder.path).sample(table.n, folder.manifest().seed).astype(np.float64)
    estimates = mixture_modes(points, mixture.centres, mixture.std)
    return {"spread": 0.0, **{name: each.value for name, each in estimates.items()}}


def _modes_of(dataset: Dataset) -> Mixture:
    if dataset.mixture is None:
        raise ScoreError(f"{dataset.spec.name} is no mixture with known modes.")
    return dataset.mixture


def _reported(table: PublishedTable, folder: RunFolder, dataset: Dataset, tools: Tools) -> Numbers:
    """What the variant measured of itself after its training."""
    return {each.name: each.value for each in folder.manifest().reported}


def _score(table: PublishedTable, folder: RunFolder, dataset: Dataset, tools: Tools) -> Numbers:
    """Columns of ``ganzoo score`` by the dataset's own protocol, of ``n`` samples."""
    columns = [each.number for each in table.quantities.values()]
    score = api.score(
        folder.path,
        folder.manifest().data_reference,
        data_dir=tools.data_dir,
        n=table.n,
        metrics=columns,
        registry=tools.registry,
        zoo=tools.zoo,
    )
    return {name: each.value for name, each in score.estimates.items()}


def _stacked(table: PublishedTable, folder: RunFolder, dataset: Dataset, tools: Tools) -> Numbers:
    """``stacked_modes``, of 1000, and ``stacked_kl`` of ``n`` images whose channels a classifier reads (Metz 2017)."""
    generator = api.load(folder.path)
    source = tools.zoo.extractors()[CLASSIFIER].open("cpu", 1)

    def read(x: FloatArray) -> IndexArray:
        logits = source.extract(x).logits
        if logits is None:
            raise ScoreError(f"The extractor '{CLASSIFIER}' is no classifier here.")
        digits: IndexArray = logits.argmax(axis=1)
        return digits

    parts = [stacked_classes(x, read) for _, x in generator.batches(table.n, folder.manifest().seed)]
    return stacked_numbers(np.concatenate(parts))


def stacked_classes(x: FloatArray, read: Callable[[FloatArray], IndexArray]) -> IndexArray:
    """The classes 100 a + 10 b + c [N] of images [N, 3, H, W]; ``read`` says which digits grey [M, 1, H, W] show."""
    digits = read(x.reshape(-1, 1, *x.shape[2:])).reshape(-1, 3)
    classes: IndexArray = digits @ np.array([DIGITS**2, DIGITS, 1])
    return classes


def stacked_numbers(classes: IndexArray) -> Numbers:
    """Classes that any of the images [N] is in, and KL(classes ‖ uniform) in nats."""
    k = DIGITS**3
    counts = np.bincount(classes, minlength=k)
    divergence = histogram_divergence(counts, np.full(k, 1 / k))
    return {"stacked_modes": float(np.count_nonzero(counts)), "stacked_kl": divergence.value}


_MEASURES: Mapping[str, Callable[[PublishedTable, RunFolder, Dataset, Tools], Numbers]] = {
    "mixture": _mixture,
    "reported": _reported,
    "stacked": _stacked,
    "score": _score,
}


def require_measurable(table: PublishedTable, variant: Variant, dataset: Dataset) -> None:
    """Raise ScoreError where the table's measure cannot be taken of this variant on these data."""
    asked = [each.number for each in table.quantities.values()]
    known = {each.name for each in variant.reports}
    if table.measure == "reported" and (unknown := [name for name in asked if name not in known]):
        raise ScoreError(
            f"{variant.name} reports no number '{unknown[0]}' of itself; it has {', '.join(known) or 'none'}."
        )
    if table.measure == "mixture":
        _modes_of(dataset)
    if table.measure == "stacked" and dataset.spec.shape[:1] != (3,):
        raise ScoreError(f"{dataset.spec.name} has no three channels, each with a digit of its own.")
