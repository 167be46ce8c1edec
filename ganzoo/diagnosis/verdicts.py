"""What a diagnosis says: which failure, how sure that is, by which evidence, and what is most likely to help."""

from __future__ import annotations

from typing import Literal

import msgspec

COLLAPSE, PARTIAL, STRONG, OVERFITTED = (
    "mode collapse",
    "partial collapse",
    "discriminator too strong",
    "discriminator overfitted",
)
VANISHING, EXPLODING, OSCILLATION = "vanishing gradients", "exploding gradients", "oscillation"
MEMORISATION, NARROW = "memorisation", "under-dispersion"
FAILURES = (EXPLODING, VANISHING, STRONG, OVERFITTED, OSCILLATION, COLLAPSE, PARTIAL, NARROW, MEMORISATION)
"""Every name that a verdict may have, causes before what they lead to: the order in which verdicts are shown."""

Sure = Literal["certain", "likely", "possible"]
"""certain: the failure itself was measured, by more than three standard errors beyond its threshold, or the run ended
by it. likely: a sign of it that has no other common cause. possible: a sign that sound runs show at times, or one
whose error is not known."""


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What is most likely to help: a sentence and, where the variant has an option for it, ``name=value``."""

    text: str
    option: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One failure with its evidence, in sentences."""

    failure: str
    sure: Sure
    evidence: tuple[str, ...]
    advice: Advice


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a run, by its run folder alone; no verdict where there is no sign of trouble."""

    path: str
    variant: str
    dataset: str
    seed: int
    status: str
    verdicts: tuple[Verdict, ...]
    looked_at: tuple[str, ...]
    """What the verdicts, or there being none, rest on."""
    unseen: tuple[str, ...]
    """What could not be told and why, in sentences."""

    @property
    def note(self) -> str:
        """The verdicts on one line, without those that are only possible; "" for none."""
        named = [f"{each.failure} ({each.sure})" for each in self.verdicts if each.sure != "possible"]
        return f"diagnosis: {', '.join(named)}" if named else ""


class Sign(msgspec.Struct, frozen=True):
    """What a rule finds: a verdict that wants advice."""

    failure: str
    sure: Sure
    evidence: tuple[str, ...]
