"""What is most likely to help: for each failure, the first option in order that the variant has and does not use yet.

Rules of thumb, each with its source: none is proven for a given run. An option of another variant of the same name and
kind is understood alike. Numbers are changed by factors, so that they stay within bounds that begin at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.diagnosis.verdicts import (
    COLLAPSE,
    EXPLODING,
    MEMORISATION,
    NARROW,
    OSCILLATION,
    OVERFITTED,
    PARTIAL,
    STRONG,
    VANISHING,
    Advice,
)
from ganzoo.types import Kind

Chosen = Mapping[str, Any]
NewValue = Callable[[Any, Chosen], Any]
"""A new value from the present one and from all options; None where the present one is as good."""


@dataclass(frozen=True)
class Remedy:
    """An option to change, and why that helps."""

    option: str
    change: NewValue
    why: str
    takes: tuple[Kind, ...] = ("image", "points")


def _divided(by: float) -> NewValue:
    return lambda value, options: float(f"{value / by:.3g}") if _number(value) and value > 0 else None


def _at_most(most: float) -> NewValue:
    return lambda value, options: most if _number(value) and value > most else None


def _instead(of: Any, new: Any) -> NewValue:
    return lambda value, options: new if type(value) is type(of) and value == of else None


def _like(other: str) -> NewValue:
    """The other network's rate, where this one is the faster."""
    return lambda value, options: options[other] if _number(options.get(other)) and value > options[other] else None


def _where_faster(other: str, by: float) -> NewValue:
    """A part of this network's rate, where it is the faster."""
    return lambda value, options: _divided(by)(value, options) if value > options.get(other, value) else None


def _one_more(most: int) -> NewValue:
    return lambda value, options: value + 1 if isinstance(value, int) and value < most else None


def _with(name: str, change: NewValue) -> NewValue:
    """A change that is meant for variants that have another option, too: options of one name may be several things."""
    return lambda value, options: change(value, options) if name in options else None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_SLOWER_G = Remedy("lr_g", _like("lr_d"), "G then moves no faster than D, which has to follow it.")
_SLOWER_D = Remedy("lr_d", _like("lr_g"), "D then learns no faster than G.")
_ONCE = (
    Remedy("n_critic", _at_most(1), "D then has one step for each of G's."),
    Remedy("k", _at_most(1), "D then has one step for each of G's."),
)
_LOG_LOSS = (
    Remedy("loss", _instead("minimax", "nonsaturating"), "Its gradient is large where D is sure (Goodfellow 2014)."),
)
_NOISE = Remedy("noise", _instead(0.0, 0.1), "Noise on what D sees makes real and fake overlap (Sønderby 2017).")
_R1 = Remedy("penalty", _instead("none", "r1"), "A penalty on D's slope at the data damps the game (Mescheder 2018).")
_SLOWER = (
    Remedy("lr_g", _divided(4), "Smaller steps of G are easier for D to follow."),
    Remedy("lr", _divided(4), "Smaller steps let each network follow the other."),
)
_AUGMENT = (
    Remedy("augment", _instead("none", "translation+cutout"), "D sees few in many forms (Zhao 2020).", ("image",)),
    Remedy("dropout", _instead(0.0, 0.3), "A D with dropout knows training samples less well."),
)
_BEGAN = Remedy("gamma", _with("lambda_k", _instead(0.5, 0.7)), "gamma is BEGAN's diversity ratio (Berthelot 2017).")
_DIVERSE = (
    _BEGAN,
    Remedy("beta", _with("generators", lambda value, options: 10 * value), "The classifier holds generators apart."),
    Remedy("pack", _one_more(4), "A D that sees more samples at once sees that they are alike (Lin 2018)."),
    Remedy("z_dim", lambda value, options: 2 * value if value < 2 else None, "One number cannot reach separate modes."),
)

_REMEDIES: dict[str, tuple[Remedy, ...]] = {
    COLLAPSE: (*_LOG_LOSS, _SLOWER_G, _SLOWER_D, *_DIVERSE, *_SLOWER, _R1),
    PARTIAL: (*_DIVERSE, _SLOWER_G, _SLOWER_D, *_LOG_LOSS, _R1, *_SLOWER),
    STRONG: (
        *_ONCE,
        *_LOG_LOSS,
        _SLOWER_D,
        _NOISE,
        Remedy("lr_d", _divided(4), "D then learns more slowly."),
        *_SLOWER,
    ),
    OVERFITTED: (*_AUGMENT, *_ONCE, Remedy("steps", lambda value, options: value // 2 or None, "It ends earlier.")),
    VANISHING: (*_LOG_LOSS, _SLOWER_G, *_ONCE, _SLOWER_D, _NOISE, *_SLOWER),
    EXPLODING: (
        Remedy("lr_g", _where_faster("lr_d", 10), "G's steps are too large."),
        Remedy("lr_d", _divided(10), "D's steps are too large."),
        Remedy("lr", _divided(10), "The steps are too large."),
    ),
    OSCILLATION: (
        Remedy("beta1", _at_most(0.5), "Momentum keeps the two going round (Gidel 2019)."),
        _R1,
        *_SLOWER,
    ),
    NARROW: (
        _BEGAN,
        Remedy("truncation", lambda value, options: 1.0 if value < 1 else None, "Truncated styles vary less."),
        Remedy("lambda_cat", _divided(10), "Codes that must be recognised keep the samples of each alike."),
        _R1,
        *_DIVERSE[1:],
        *_SLOWER,
    ),
    MEMORISATION: (*_AUGMENT, Remedy("steps", lambda value, options: value // 2 or None, "It ends before it copies.")),
}

_OTHERS = {
    COLLAPSE: "A variant made against it: pacgan, unrolled or r3gan.",
    PARTIAL: "A variant made against it: pacgan, unrolled or r3gan.",
    NARROW: "Longer training, or a variant with a penalty on D: dragan, r3gan or wgan-gp.",
    STRONG: "A variant whose D is held back: sngan, wgan-gp or r3gan.",
    VANISHING: "A loss that does not saturate, as that of wgan-gp or lsgan.",
    EXPLODING: "A variant with bounded slopes of D: sngan or r3gan.",
    OSCILLATION: "A variant with a penalty on D: dragan or r3gan.",
    OVERFITTED: "More training samples.",
    MEMORISATION: "More training samples.",
}


def advise(failure: str, variant: str, options: Chosen, *, role: str = "model", kind: Kind = "image") -> Advice:
    """What to change of a run with these options on data of this kind."""
    if role in ("floor", "ceiling"):
        return Advice(text=f"None: {variant} is a baseline, which is shown because it does so.")
    for remedy in _REMEDIES[failure]:
        if remedy.option not in options or kind not in remedy.takes:
            continue
        value = remedy.change(options[remedy.option], options)
        if value is not None:
            value = _spelled(variant, value)
            setting = f"{remedy.option}={_text(value)}"
            return Advice(text=f"{setting}, now {_text(options[remedy.option])}. {remedy.why}", option=setting)
    return Advice(text=f"No option of {variant} is known to help. {_OTHERS[failure]}")


def _spelled(variant: str, value: Any) -> Any:
    """A value as the variant calls it: the bundled ones call one loss by two names."""
    return "non-saturating" if (variant, value) == ("vanilla", "nonsaturating") else value


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
