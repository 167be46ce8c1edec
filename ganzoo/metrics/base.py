"""What a metric is: a pure function from feature arrays to named estimates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ganzoo.types import Estimate

Features = NDArray[np.float64]
Index = NDArray[np.int64]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.floating[Any]]
T = TypeVar("T")

Need = Literal["real", "train", "logits", "classes", "mixture", "heldout", "asked", "codes", "labels"]


@dataclass(frozen=True)
class Reference:
    """The real side of a comparison; what is derived from it is computed once and cached in ``memo``."""

    real: Features
    """Reference features [n_real, d] of the protocol; all of these are float64, or float32 as networks give them."""
    train: Features
    """Features of every training sample [n_train, d]; memorisation is measured against these."""
    heldout: Features
    """Features of held-out real samples [n_heldout, d]."""
    labels: NDArray[np.int64] | None = None
    """Class labels [n_real] of the reference, None where there are none."""
    classes: int = 0
    centres: Features | None = None
    """Mode centres [k, d] of a mixture whose points are their own features."""
    std: float = 0.0
    """Isotropic standard deviation of each of those modes."""
    train_labels: NDArray[np.int64] | None = None
    """Class labels [n_train], None where there are none."""
    heldout_labels: NDArray[np.int64] | None = None
    """Class labels [n_heldout], likewise."""
    class_names: tuple[str, ...] = ()
    """Of each of ``classes``; none where they are called by their numbers."""
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def class_name(self, label: int) -> str:
        """What the class of a label is called."""
        return self.class_names[label] if self.class_names else str(label)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Compute a quantity of the reference alone on first use, then return the cached one."""
        if key not in self.memo:
            self.memo[key] = make()
        value: T = self.memo[key]
        return value


@dataclass(frozen=True)
class Sets:
    """One scoring: a reference, generated features [n_fake, d] and, from classifiers, logits [n_fake, k].

    Features may be float32: ``metrics.arrays.checked`` widens what a metric computes with.
    """

    reference: Reference
    fake: Features
    logits: NDArray[np.float64] | None = None
    seed: int = 0
    asked: NDArray[np.int64] | None = None
    """The class label each sample was asked to have [n_fake], from a conditional generator."""
    codes: NDArray[np.int64] | None = None
    """The categorical code each sample was drawn with [n_fake], from a generator that has one."""

    def has(self, need: Need) -> bool:
        """Whether what a metric needs is there."""
        return {
            "real": len(self.reference.real) > 0,
            "train": len(self.reference.train) > 0,
            "logits": self.logits is not None,
            "classes": self.logits is not None
            and self.reference.labels is not None
            and self.logits.shape[-1] == self.reference.classes,
            "mixture": self.reference.centres is not None,
            "heldout": len(self.reference.heldout) > 0,
            "asked": self.asked is not None,
            "codes": self.codes is not None,
            "labels": self.reference.train_labels is not None and self.reference.heldout_labels is not None,
        }[need]


@dataclass(frozen=True)
class Influence:
    """How every row moves a metric's value, to first order: the error of a difference of two models needs the rows.

    The total error is √(var(fake)/m + var(real)/n + second). The standard error is the same, or, where it is ``given``
    the reference, without var(real)/n. ``real`` is None where the value does not depend on the reference's rows.
    """

    value: float
    fake: Features
    """Influence [m] of each generated row, in the order of the features; only its variance matters, not its mean."""
    real: Features | None = None
    """Influence [n] of each reference row."""
    second: float = 0.0
    """Variance that the first order misses, as of KID between equal laws; negative where the rows hold too much."""
    given: bool = False
    """Whether the standard error takes the reference as it is."""


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as the harness knows it. ``compute`` returns one estimate per name in ``columns``."""

    name: str
    summary: str
    columns: tuple[str, ...]
    compute: Callable[[Sets], dict[str, Estimate]]
    needs: tuple[Need, ...] = ()
    version: int = 1
    better: Literal["lower", "higher", "neither"] = "neither"
    influence: Callable[[Sets], dict[str, Influence]] | None = None
    """Columns whose difference between two models on one reference gets a paired standard error."""
    on_request: bool = False
    """Computed only where it is named ('--metrics'): costly, or of use to few."""
