"""What a score tells: modes lost, samples too much alike, samples copied.

Every threshold is held against what real samples score and against the standard errors of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ganzoo.diagnosis.verdicts import COLLAPSE, MEMORISATION, NARROW, PARTIAL, Sign, Sure
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.diagnosis.case import Sampled

BEYOND = 3.0
"""Standard errors beyond which a difference is no chance: of a hundred sound runs with ten such looks each, one or two
would be thought otherwise."""
PER_MODE = 10
"""Samples near the modes of a mixture, for each mode, from which on its modes are counted: of one with its fair share,
ten are all absent once in 22,000 times."""
UNREAL = 0.5
"""Precision over that of real samples below which classes of samples are guesses: most look like nothing real."""
ALIKE, FORGOTTEN = 0.9, 0.1
"""Repeats from which on, and recall over that of real samples up to which, a generator has a few samples only."""
FEW = 0.25
"""Part of the way from 1 to what real samples have, up to which the effective number of different samples is that of a
collapse: BEGAN with 4 to 6 of 10 digits has 0.4 of it, and every other bundled GAN more."""
REPEATED, LOST = 0.3, 0.2
"""Repeats, which are 0.05 of real samples, and the recall lost, beyond which samples are too much alike: the largest of
the bundled GANs that are sound are 0.21 and 0.18 on digits."""
NARROW_SPREAD = 0.75
"""Of modes' widths over those of the data, which sampling alone does not change. Every bundled GAN that keeps all modes
of the ring with their shares is below 1, most below this."""
USUAL = 0.05
"""Share of duplicates, and of repeats, of samples that copy nothing: by definition."""
COPIED = 0.1
"""Duplicates from which on samples are copies: twice the usual share; 0.057 is the most of a bundled GAN."""
TOO_NEAR = -3.0
"""``ct`` below which samples lie nearer to training samples than held-out ones do: a z value."""


def signs(case: Sampled) -> Iterator[Sign]:
    """What is wrong with the samples, by their score."""
    lost = [sign for rule in (_alike, _different, _modes, _shares) if (sign := rule(case))]
    collapsed = [sign for sign in lost if sign.failure == COLLAPSE]
    yield from collapsed or lost
    if not collapsed:
        yield from filter(None, [_spread(case) if case.has("spread") else _recall(case)])
    yield from filter(None, [_copies(case)])


def blind(case: Sampled) -> Iterator[str]:
    """What the score cannot tell."""
    if not case.has("modes"):
        yield "The score has no modes, so that lost ones cannot be told."
    elif not _countable(case):
        near = 100 * case.ours["hq"].value
        yield f"Only {near:.2g} % of the points lie near a mode: too few to tell which modes are lost."
    if not case.has("spread") and not (case.has("repeats", "recall") and "recall" in case.real):
        yield "Under-dispersion wants repeats and recall, with those of real samples: 'ganzoo bench' scores them."
    if case.realness() < UNREAL:
        precision = case.ours["precision"].value
        yield f"Why few samples look real (precision is {precision:.2g}), but for the verdicts above."
    if not case.has("duplicates") and not case.has("memorised", "memorised_heldout"):
        yield "Memorisation wants a dataset with held-out samples."


def beyond(gap: float, *errors: float | None) -> bool | None:
    """Whether a gap is above 0 by more than chance; None where an error is not known."""
    if any(error is None for error in errors):
        return None
    return gap > BEYOND * math.hypot(*(error or 0.0 for error in errors))


def _sure(seen: bool | None, best: Sure = "certain") -> Sure:
    return best if seen else "possible"


def _countable(case: Sampled) -> bool:
    """Whether enough samples lie near the modes of a mixture; those of classes are counted over all samples."""
    near = case.ours.get("hq")
    return near is None or near.value * near.n >= PER_MODE * case.modes


def _known(case: Sampled) -> bool:
    """Whether the modes of samples are more than a guess; a mixture counts those alone that are near to one."""
    return case.has("hq") or case.realness() >= UNREAL


def _alike(case: Sampled) -> Sign | None:
    if case.alike:
        return Sign(COLLAPSE, "certain", ("All samples have the same features.",))
    if not case.has("repeats", "recall") or "recall" not in case.real:
        return None
    repeats, recall, usual = case.ours["repeats"], case.ours["recall"], case.real["recall"].value
    if repeats.value < ALIKE or recall.value > FORGOTTEN * usual:
        return None
    return Sign(COLLAPSE, _sure(beyond(repeats.value - USUAL, repeats.se)), (_repeats(repeats), _recalled(case)))


def _different(case: Sampled) -> Sign | None:
    """An effective number of different samples near 1, at which all are the same."""
    if not case.has("vendi") or "vendi" not in case.real or case.real["vendi"].value <= 1:
        return None
    ours, usual = case.ours["vendi"], case.real["vendi"]
    bound = 1 + FEW * (usual.value - 1)
    if ours.value >= bound:
        return None
    text = f"Samples are worth {ours.value:.3g}{_error(ours)} different ones, real samples {usual.value:.3g} (vendi)."
    return Sign(COLLAPSE, _sure(beyond(bound - ours.value, ours.se, usual.se or 0.0)), (text,))


def _modes(case: Sampled) -> Sign | None:
    """Modes that no sample reaches; below half of them it has collapsed, as on a model card."""
    if not case.has("modes") or not _countable(case) or case.ours["modes"].value >= case.modes:
        return None
    found = case.ours["modes"]
    collapsed = found.value < case.modes / 2
    bound = case.modes / 2 if collapsed else float(case.modes)
    seen = beyond(bound - found.value, found.se) if _known(case) else None
    evidence = [f"Samples reach {found.value:g}{_error(found)} of {case.modes} modes."]
    if not _known(case):
        evidence.append(_unreal(case))
    return Sign(COLLAPSE if collapsed else PARTIAL, _sure(seen), tuple(evidence))


def _shares(case: Sampled) -> Sign | None:
    """Shares of modes further from the data's than the loss of one mode would take them: -ln(1 - 1/k) nats."""
    if not case.has("mode_kl") or not _countable(case) or case.modes < 2:
        return None
    ours, usual = case.ours["mode_kl"], case.real.get("mode_kl", Estimate(0.0, 0.0))
    bound = -math.log(1 - 1 / case.modes)
    if ours.value - usual.value <= bound:
        return None
    seen = beyond(ours.value - usual.value - bound, ours.se, usual.se or 0.0) if _known(case) else None
    evidence = [
        f"The modes' shares are as far from the data's as if more than one of {case.modes} was lost: mode_kl is "
        f"{ours.value:.3g}{_error(ours)}, and {bound:.3g} where one is lost."
    ]
    if not _known(case):
        evidence.append(_unreal(case))
    return Sign(PARTIAL, _sure(seen, "likely"), tuple(evidence))


def _spread(case: Sampled) -> Sign | None:
    spread = case.ours["spread"]
    if spread.value >= NARROW_SPREAD:
        return None
    text = f"The modes of the samples are {spread.value:.2g}{_error(spread)} times as wide as those of the data."
    return Sign(NARROW, _sure(beyond(NARROW_SPREAD - spread.value, spread.se)), (text,))


def _recall(case: Sampled) -> Sign | None:
    """Samples near to each other that leave out some of the data."""
    if not case.has("repeats", "recall") or "recall" not in case.real:
        return None
    repeats, recall, usual = case.ours["repeats"], case.ours["recall"], case.real["recall"]
    if repeats.value < REPEATED or usual.value - recall.value < LOST:
        return None
    seen = beyond(repeats.value - USUAL, repeats.se) and beyond(usual.value - recall.value, recall.se, usual.se or 0.0)
    return Sign(NARROW, _sure(seen, "likely"), (_repeats(repeats), _recalled(case)))


def _copies(case: Sampled) -> Sign | None:
    if case.has("duplicates") and case.ours["duplicates"].value >= COPIED:
        found = case.ours["duplicates"]
        text = (
            f"{_percent(found)} of the samples are copies of training samples, or nearly; of samples that copy nothing "
            f"{100 * USUAL:.0f} % are."
        )
        return Sign(MEMORISATION, _sure(beyond(found.value - COPIED, found.se)), (text, *_nearer(case)))
    nearer = _nearer(case)
    if nearer and case.has("ct") and case.ours["ct"].value < TOO_NEAR:
        ct = case.ours["ct"]
        text = f"They lie nearer to training samples than held-out ones do: ct is {ct.value:.2g}{_error(ct)}."
        return Sign(MEMORISATION, "possible", (*nearer, text))
    return None


def _nearer(case: Sampled) -> tuple[str, ...]:
    if not case.has("memorised", "memorised_heldout"):
        return ()
    ours, usual = case.ours["memorised"], case.ours["memorised_heldout"]
    if not beyond(ours.value - usual.value, ours.se, usual.se):
        return ()
    return (
        f"{_percent(ours)} of the samples are nearer to a training sample than its own neighbour is; of held-out ones "
        f"{_percent(usual)}.",
    )


def _repeats(repeats: Estimate) -> str:
    return f"{_percent(repeats)} of the samples repeat another one, or nearly; of real samples {100 * USUAL:.0f} % do."


def _recalled(case: Sampled) -> str:
    ours, usual = case.ours["recall"], case.real["recall"]
    return f"Recall is {ours.value:.2g}{_error(ours)}, of real samples {usual.value:.2g}."


def _unreal(case: Sampled) -> str:
    return f"Few samples look real (precision is {case.ours['precision'].value:.2g}), so that their modes are a guess."


def _percent(share: Estimate) -> str:
    error = "" if share.se is None else f" ± {100 * share.se:.1g}"
    return f"{100 * share.value:.3g}{error} %"


def _error(found: Estimate) -> str:
    return "" if found.se is None else f" ± {found.se:.1g}"
