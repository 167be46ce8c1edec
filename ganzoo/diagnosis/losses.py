"""What a discriminator's loss is where it knows nothing, and whether the generator's saturates.

A loss is compared with its own value at balance, where D gives the same answer for real and fake samples, and never
with a number alone: critics' losses have no bound, and no balance to compare with.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

LOG_2 = math.log(2)


@dataclass(frozen=True)
class Loss:
    """``balance`` is D's loss where it cannot tell real from fake, and 0 its lower bound; None: there is neither."""

    name: str
    balance: float | None = None
    saturates: bool = False
    """Whether the gradient of G's loss goes to 0 where D is sure of the fakes."""


UNKNOWN = Loss("")
_KINDS = (
    (("wasserstein", "critic"), Loss("Wasserstein")),
    (("divergence", r"\bf-", "autoencoder", "elbo", "softmax", "labelled"), UNKNOWN),
    (("relativistic-average",), Loss("relativistic average", 2 * LOG_2)),
    (("relativistic",), Loss("relativistic", LOG_2)),
    (("hinge",), Loss("hinge", 2.0)),
    (("least squares", "least-squares", "lsgan"), Loss("least squares", 0.25)),
    (("non-saturating", "nonsaturating"), Loss("non-saturating", 2 * LOG_2)),
    (("minimax",), Loss("minimax", 2 * LOG_2, saturates=True)),
    (("cross-entropy", "log loss"), Loss("cross-entropy", 2 * LOG_2)),
)
"""Words of an option's value or of a variant's facts, the telling ones first. ½ of squares: as in the paper."""


def loss_of(option: object, facts: str) -> Loss:
    """The losses of a variant, by the value of its option ``loss``, or else by what it says of itself.

    A variant with neither, or in words that are not known, gives a loss without a balance.
    """
    for text in (str(option or ""), facts):
        for words, loss in _KINDS:
            if any(re.search(word, text.lower()) for word in words):
                return loss
    return UNKNOWN
