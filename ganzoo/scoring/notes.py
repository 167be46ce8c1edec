"""What a reader must know before believing a number: too few samples, collapsed samples, metrics left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ganzoo.labels import all_known, called
from ganzoo.metrics.regions import CLUSTERS
from ganzoo.metrics.vendi import SAMPLES

if TYPE_CHECKING:
    from ganzoo.metrics import Metric, Reference, Sets
    from ganzoo.scoring.features import Drawn
    from ganzoo.types import Estimate

FEW = 200
"""Below so many samples a side, neighbour and kernel statistics say little."""
FEW_PER_CLASS = 20


_NEEDS = {
    "real": "reference samples",
    "train": "training samples",
    "logits": "an extractor with logits",
    "classes": "an extractor with logits for the classes of a labelled reference",
    "mixture": "a mixture whose modes are known",
    "heldout": "held-out samples",
    "asked": "samples of classes that were asked for",
    "codes": "a generator with a categorical code",
    "labels": "labels of training and held-out samples",
}


def cautions(
    sets: Sets, estimates: Mapping[str, Estimate], metrics: Sequence[Metric], wanted: frozenset[str]
) -> tuple[str, ...]:
    """One sentence per column that means little for these sets, and per column of ``wanted`` that was not computed."""
    found = [text for column, rule in _RULES.items() if column in estimates and (text := rule(sets))]
    if len(sets.fake) and bool((sets.fake == sets.fake[0]).all()):
        found.append("all samples have the same features")
    found += [
        f"{column}: left out, as {lacking(sets, metrics, column)}" for column in sorted(wanted - estimates.keys())
    ]
    return tuple(found)


def lacking(sets: Sets, metrics: Sequence[Metric], column: str) -> str:
    """Why a column was not computed."""
    needs = [need for metric in metrics if column in metric.columns for need in metric.needs if not sets.has(need)]
    if not needs:
        return "it is not defined for these samples"
    return "it needs " + " and ".join(dict.fromkeys(_NEEDS[need] for need in needs))


def _fid(sets: Sets) -> str:
    n, d = len(sets.fake), sets.fake.shape[1]
    if n <= d:
        return f"fid: {n} samples for {d} features: the covariance is singular and the bias large"
    real = len(sets.reference.real)
    if 0 < real <= d:
        return f"fid: {real} reference samples for {d} features: its covariance is singular"
    return ""


def _unbiased(sets: Sets) -> str:
    n, d = min(len(sets.fake), len(sets.reference.real)), sets.fake.shape[1]
    return f"fid_unbiased: wants 8 samples per feature on either side, but has {n} for {d}" if n < 8 * d else ""


def _inception(sets: Sets) -> str:
    n, k = len(sets.fake), 0 if sets.logits is None else sets.logits.shape[1]
    return f"is: {n} samples in ten splits for {k} classes: biased down" if n < 10 * k else ""


def _pairs(column: str) -> Callable[[Sets], str]:
    def rule(sets: Sets) -> str:
        n = min(len(sets.fake), len(sets.reference.real))
        return f"{column}: only {n} samples a side" if n < FEW else ""

    return rule


def _vendi(sets: Sets) -> str:
    n = len(sets.fake)
    return f"vendi: grows with n; {n} samples do not compare with {SAMPLES}" if n < SAMPLES else ""


def _modes(sets: Sets) -> str:
    n, k = len(sets.fake), sets.reference.classes
    few = f"modes: {n} samples for {k} classes" if n < FEW_PER_CLASS * k else ""
    return "; ".join(filter(None, (few, _whose_modes(sets))))


def _whose_modes(sets: Sets) -> str:
    """What modes are, where they are neither components of a mixture nor the classes of a classifier."""
    reference, logits = sets.reference, sets.logits
    if reference.centres is not None or sets.has("classes"):
        return ""
    if reference.labels is None:
        return f"modes: of {CLUSTERS} clusters of the reference, which has no labels"
    classifier = "has no classifier" if logits is None else f"knows {logits.shape[1]} classes"
    return f"modes: by the nearest class mean, as the extractor {classifier}, the data have {reference.classes}"


_RULES: dict[str, Callable[[Sets], str]] = {
    "fid": _fid,
    "fid_unbiased": _unbiased,
    "is": _inception,
    "kid": _pairs("kid"),
    "precision": _pairs("precision, recall, density, coverage"),
    "vendi": _vendi,
    "modes": _modes,
}


def foreign_classes(drawn: Drawn, reference: Reference) -> tuple[str, ...]:
    """A note where a generator was asked for other classes than those of the reference."""
    if not drawn.sha256 or drawn.labels is None or not reference.classes:
        return ()
    if all_known(drawn.class_names, reference.class_names):
        return ()
    asked, real = drawn.classes, reference.classes
    if asked != real:
        return (
            f"the generator's {asked} classes are not the {real} of the reference: what was asked of it is left out",
        )
    if not any(name.isdecimal() for name in (*called(drawn.class_names, asked), *reference.class_names)):
        return (f"the generator's {asked} classes have other names than those of the reference: told by number",)
    return ()
