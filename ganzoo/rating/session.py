"""One study at work: which image each rater is to see, and the only way to answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ganzoo.errors import StoreError
from ganzoo.files import LOCK, make_folder
from ganzoo.rating.images import Images
from ganzoo.rating.journal import Journal, Judgement, rater_name
from ganzoo.rating.questions import Question, questions
from ganzoo.rating.staircase import exposures
from ganzoo.rating.study import Study
from ganzoo.training.runs import utc_now

MOST_ROUNDS = 1000


@contextmanager
def sole_use(folder: Path) -> Iterator[None]:
    """Hold a study's folder. Raises StoreError where another process has it."""
    import filelock

    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        make_folder(folder)
        with lock:
            yield
    except filelock.Timeout as error:
        raise StoreError(f"Another 'ganzoo rate' is at work in {folder}.", "Use its page, or stop it.") from error
    except OSError as error:
        raise StoreError(f"Cannot use the folder {folder}: {error.strerror or error}.") from error


class RatingSession:
    """What the page asks and says; safe to be used by several threads."""

    def __init__(self, study: Study, folder: Path, images: Images) -> None:
        self.study = study
        self.images = images
        self._folder = folder
        self._guard = threading.Lock()
        self._raters: dict[str, _Rater] = {}

    def start(self, name: str) -> dict[str, Any]:
        """Where a rater stands, old or new. Raises UsageError for a name that is none, StoreError."""
        with self._guard:
            return self._rater(name).state()

    def more(self, name: str) -> dict[str, Any]:
        """Begin another round, where the last one is done."""
        with self._guard:
            rater = self._rater(name)
            rater.more()
            return rater.state()

    def judge(self, name: str, number: int, said_fake: bool, seconds: float, shown: float | None) -> dict[str, Any]:
        """Keep an answer to question ``number``, and say where the rater stands then.

        An answer to any but the question in hand, such as a second click, changes nothing: the first one counts.
        """
        with self._guard:
            rater = self._rater(name)
            told = rater.judge(number, said_fake, seconds, shown)
            return rater.state() | told

    def picture(self, name: str, number: int, mask: bool) -> bytes | None:
        """The image that a rater is to see now, or what covers it; None for any other."""
        with self._guard:
            question = self._rater(name).question(number)
        if question is None:
            return None
        return (self.images.mask if mask else self.images.png)(question.source, question.index)

    def _rater(self, name: str) -> _Rater:
        name = rater_name(name)
        if name not in self._raters:
            self._raters[name] = _Rater(self.study, Journal(self._folder, name), name, self.images.real)
        return self._raters[name]


class _Rater:
    def __init__(self, study: Study, journal: Journal, name: str, real: int) -> None:
        self._study, self._journal, self._name, self._real = study, journal, name, real
        self._rounds = 0
        self._begin_round()
        while self._done > len(self._questions) and self._rounds < MOST_ROUNDS:
            self._begin_round()

    def _begin_round(self) -> None:
        self._rounds += 1
        self._questions = questions(self._study, self._name, self._rounds, self._real)

    @property
    def _done(self) -> int:
        return len(self._journal.judgements)

    def question(self, number: int) -> Question | None:
        """The question in hand, if this is its number."""
        return self._questions[number] if number == self._done < len(self._questions) else None

    def more(self) -> None:
        if self._done >= len(self._questions) and self._rounds < MOST_ROUNDS:
            self._begin_round()

    def state(self) -> dict[str, Any]:
        """What the page may know: nothing of where the image comes from."""
        here = {"rater": self._name, "number": self._done, "total": len(self._questions)}
        question = self.question(self._done)
        if question is None:
            return here | {"done": True}
        return here | {"done": False, "practice": question.part == "practice", "exposure": self._exposure(question)}

    def judge(self, number: int, said_fake: bool, seconds: float, shown: float | None) -> dict[str, Any]:
        question = self.question(number)
        if question is None:
            return {"kept": False}
        from msgspec.structs import asdict

        judged = Judgement(
            **asdict(question),
            rater=self._name,
            number=number,
            said_fake=said_fake,
            seconds=seconds,
            exposure=self._exposure(question),
            shown=shown,
            date_utc=utc_now(),
        )
        self._journal.append(judged)
        return {"kept": True, **({"right": judged.right} if question.part == "practice" else {})}

    def _exposure(self, question: Question) -> int | None:
        """Milliseconds for which a question is to be shown; practice and attention checks as at the beginning."""
        if self._study.mode == "untimed":
            return None
        block = [each.right for each in self._journal.judgements if question.block and each.block == question.block]
        return exposures(block[len(block) - len(block) % self._study.images :])[-1]
