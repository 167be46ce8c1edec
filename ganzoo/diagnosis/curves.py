"""What a log tells: a discriminator that has won, gradients that vanish or explode, a lead that changes hands.

A loss is compared with its own balance or with its own beginning, never with a number alone. Columns: ``d_loss``,
``g_loss``; norms of gradients are those with ``grad`` in their names, ``d_grad`` and ``g_grad`` above all; ``d_real``,
``d_fake`` and ``d_heldout`` are D's mean outputs of training, generated and held-out samples.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.diagnosis.verdicts import COLLAPSE, EXPLODING, OSCILLATION, OVERFITTED, STRONG, VANISHING, Sign, Sure
from ganzoo.training.divergence import SUSPICIOUS

if TYPE_CHECKING:
    from ganzoo.diagnosis.case import Traces

WON, WINNING = 0.02, 0.1
"""D's loss over its balance below which it has won, or seems to: a cross-entropy of 0.03 and 0.14, at which D gives
the right answer 99 % and 93 % of its belief."""
LEARNS = 0.5
"""Precision over that of real samples from which on G learns in spite of a strong D."""
STEPLESS = 1e-6
"""A norm of G's gradient at which the parts of some 10,000 weights are 1e-8, the ε of Adam: it no longer moves them."""
FADED = 1e-3
"""A gradient's norm at the end over that at the beginning."""
SLOPE = 0.01
"""Size of a minimax loss below which its slope, 1 - exp(g_loss), is less than one hundredth of what it may be."""
IN_DOUBT = 0.5
"""D's loss over its balance above which it is in doubt, or fooled (above 1)."""
LEADS = 2
"""Changes from a D that is nearly sure to one in doubt or back, from which on both go round in circles: once is a
training that found its way. No sound run of the bundled zoo comes below ``WINNING`` after its first quarter."""
OVERFIT = 0.6
"""Share of the way from training to generated samples at which D's outputs of held-out ones lie: r_v of Karras et al.
2020 (eq. 1), who hold it at 0.6 by augmenting more above."""

_ENDED = (
    (r"all its samples are the same", COLLAPSE, ""),
    (r"is saturated", VANISHING, "The slope of tanh at its ends is 0."),
    (r"became (nan|-?inf)|exploded|not finite|times as far out as", EXPLODING, ""),
)
"""How a run may end by itself (``ganzoo.training.divergence``), and what that is."""


def signs(case: Traces) -> Iterator[Sign]:
    """What is wrong with the training, by how it ended and by its curves."""
    yield from _ended(case)
    if case.curves.told:
        for rule in (_growing, _vanishing, _strong, _overfitted, _oscillating):
            yield from filter(None, [rule(case)])


def blind(case: Traces) -> Iterator[str]:
    """What the log cannot tell."""
    if case.manifest.role != "model":
        return
    if not case.curves.told:
        yield f"The log has {case.curves.rows} rows: too few to judge its curves by."
    elif not case.curves.has("d_loss"):
        yield "The log has no d_loss: it cannot tell whether D has won, nor whether the two go round in circles."
    elif case.loss.balance is None:
        unsaid = "An unknown loss (run.json of an older ganzoo does not say which)"
        kind = f"A {case.loss.name} loss" if case.loss.name else "This loss" if case.manifest.about else unsaid
        yield f"{kind} has no bound or balance that is known: its curve cannot tell whether D has won."
    if case.curves.told and not case.curves.called("grad"):
        yield "The log has no gradients: that they vanish or explode can be told by the losses alone."


def _ended(case: Traces) -> Iterator[Sign]:
    if case.manifest.status != "diverged":
        return
    for pattern, failure, why in _ENDED:
        if re.search(pattern, case.manifest.note):
            note = case.manifest.note.split(". ")[0].rstrip(".")
            yield Sign(failure, "certain", (f"The run was ended: {note}.", *filter(None, [why])))
            return


def _growing(case: Traces) -> Sign | None:
    curves = case.curves
    for name in [*curves.called("grad"), *curves.called("loss")]:
        first, last = curves.early(name), curves.late(name)
        least = 1.0 if "loss" in name else 0.0  # losses that begin near 0, as critics' do, count as beginning at 1
        if last > SUSPICIOUS * max(least, first) and last > 1.0:
            text = f"{name} has grown from {first:.3g} to {last:.3g}: sound runs multiply it by less than ten."
            return Sign(EXPLODING, "likely", (text,))
    return None


def _vanishing(case: Traces) -> Sign | None:
    curves = case.curves
    if curves.has("g_grad"):
        first, last = curves.early("g_grad"), curves.late("g_grad")
        if last < STEPLESS:
            return Sign(VANISHING, "certain", (f"The norm of G's gradient is {last:.2g} at the end.",))
        if last < FADED * first:
            return Sign(VANISHING, "likely", (f"The norm of G's gradient has gone from {first:.2g} to {last:.2g}.",))
    if case.loss.saturates and curves.has("g_loss") and curves.late("g_loss") < SLOPE:
        slope = -math.expm1(-curves.late("g_loss"))
        text = f"G's loss is {curves.late('g_loss'):.2g} from its end: its slope there is {slope:.1g} of at most 1."
        return Sign(VANISHING, "likely", (text,))
    return None


def _strong(case: Traces) -> Sign | None:
    balance = case.loss.balance
    if balance is None or not case.curves.has("d_loss"):
        return None
    level = case.curves.late("d_loss") / balance
    learns = case.sampled is not None and case.sampled.has("precision") and case.sampled.realness() >= LEARNS
    if level >= WINNING or learns:
        return None
    evidence = [
        f"D's loss is {100 * level:.2g} % of what it is where D cannot tell real from fake: it is sure of nearly all."
    ]
    sure: Sure = "likely" if level < WON else "possible"
    if case.sampled is not None and case.sampled.has("precision"):
        sure = "certain" if level < WON else "likely"
        evidence.append(f"G has not learnt: precision is {case.sampled.ours['precision'].value:.2g}.")
    return Sign(STRONG, sure, tuple(evidence))


def _overfitted(case: Traces) -> Sign | None:
    if not case.curves.has("d_real", "d_fake", "d_heldout"):
        return None
    real, fake, heldout = (
        float(case.curves.columns[name][-(case.curves.rows // 4) :].mean())
        for name in ("d_real", "d_fake", "d_heldout")
    )
    if real == fake or (share := (real - heldout) / (real - fake)) < OVERFIT:
        return None
    text = (
        f"D takes held-out samples for fakes: its mean outputs are {real:.3g} of training samples, {heldout:.3g} of "
        f"held-out ones and {fake:.3g} of generated ones, {100 * min(share, 9.99):.0f} % of the way."
    )
    return Sign(OVERFITTED, "likely", (text,))


def _oscillating(case: Traces) -> Sign | None:
    balance = case.loss.balance
    if balance is None or not case.curves.has("d_loss"):
        return None
    levels = case.curves.after_start("d_loss") / balance
    leads = [level < WINNING for level in levels if level < WINNING or level > IN_DOUBT]
    changes = sum(one != other for one, other in itertools.pairwise(leads))
    if changes < LEADS:
        return None
    text = (
        f"The lead changes {changes} times between a D that is nearly sure (d_loss {balance * levels.min():.2g}) and "
        f"one in doubt (d_loss {balance * levels.max():.2g}, where knowing nothing gives {balance:.3g})."
    )
    return Sign(OSCILLATION, "likely" if changes > LEADS else "possible", (text,))
