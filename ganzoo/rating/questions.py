"""The order in which one rater sees the images of a study: it follows from the study and the rater's name alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from ganzoo import latents
from ganzoo.rating.study import POOL, Study

if TYPE_CHECKING:
    from ganzoo.types import Array

Phase = Literal["practice", "judged", "check"]
REAL, CHECK = "real", ":check"
"""What stands for the name of a model where an image is none of any; no model has such a name."""
PRACTICE = 10
"""Images whose answers a rater is told, before those that count (HYPE: a tutorial with feedback)."""
CHECK_EVERY = 20
"""Judged images to one attention check."""


class Question(msgspec.Struct, frozen=True):
    """One image and the question whether it is real."""

    part: Phase
    source: str
    """The variant, REAL, or CHECK: the word REAL or FAKE, to be answered as it says."""
    index: int
    """Which image of the source."""
    fake: bool
    """Whether "generated" is the right answer."""
    block: str = ""
    """Whose staircase the image belongs to, where the time is limited."""


def questions(study: Study, rater: str, rounds: int, real: int = POOL) -> list[Question]:
    """All questions of a rater, in order: practice, then so many rounds; ``real`` is how many real images there are.

    Those of fewer rounds are the first of those of more.
    """
    deck = _Deck(study, rater, real)
    found = _practice(study, deck)
    for number in range(rounds):
        found += _with_checks(_round(study, deck, number), deck.random(f"checks {number}"))
    return found


class _Deck:
    """A rater's images of each source, none twice before all were shown."""

    def __init__(self, study: Study, rater: str, real: int) -> None:
        self._seed = study.seed
        self._rater = rater
        self._sizes = {each.variant: POOL for each in study.models} | {REAL: real}
        self._next: dict[str, Iterator[int]] = {}

    def random(self, purpose: str) -> np.random.Generator:
        return latents.generator(self._seed, f"rate {self._rater!r}: {purpose}")

    def draw(self, part: Phase, source: str, block: str = "") -> Question:
        """The next image of a source."""
        if source not in self._next:
            self._next[source] = self._cards(source)
        return Question(part, source, next(self._next[source]), source != REAL, block)

    def _cards(self, source: str) -> Iterator[int]:
        random = self.random(f"images of {source}")
        while True:
            yield from random.permutation(self._sizes[source]).tolist()


def _practice(study: Study, deck: _Deck) -> list[Question]:
    random = deck.random("practice")
    names = [each.variant for each in study.models]
    fakes = [names[i % len(names)] for i in random.permutation(max(len(names), PRACTICE // 2))[: PRACTICE // 2]]
    found = [deck.draw("practice", source) for source in [*fakes, *[REAL] * (PRACTICE - len(fakes))]]
    return _shuffled(found, random)


def _round(study: Study, deck: _Deck, number: int) -> list[Question]:
    random = deck.random(f"round {number}")
    names = [each.variant for each in study.models]
    half = study.images // 2
    order = random.permutation(len(names))
    if study.mode == "untimed":
        fakes = [names[order[i % len(names)]] for i in range(half)]
        return _shuffled([deck.draw("judged", source) for source in [*fakes, *[REAL] * half]], random)
    blocks = [[deck.draw("judged", source, names[i]) for source in [names[i], REAL] * half] for i in order]
    return [question for block in blocks for question in _shuffled(block, random)]


def _shuffled(found: Sequence[Question], random: np.random.Generator) -> list[Question]:
    order: Array = random.permutation(len(found))
    return [found[i] for i in order]


def _with_checks(found: Sequence[Question], random: np.random.Generator) -> list[Question]:
    """Put an attention check somewhere among each so many questions, of a round at least one."""
    mixed: list[Question] = []
    for start in range(0, len(found), CHECK_EVERY):
        part = list(found[start : start + CHECK_EVERY])
        if len(part) == CHECK_EVERY or not start:
            fake = bool(random.integers(2))
            part.insert(int(random.integers(len(part) + 1)), Question("check", CHECK, int(fake), fake))
        mixed += part
    return mixed
