"""Checking one plugin from outside: a child process per plugin, a time limit per check, a culprit for every death."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.checks.base import LONGEST, CheckStatus, Result, shortened
from ganzoo.checks.child import Answer, CheckJob, Request
from ganzoo.errors import UnknownName, UsageError
from ganzoo.processes import ONE_THREAD, Child, python

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

SECONDS = 300.0
"""Of one check: compiling for every form of data takes a minute and a half on a machine that has other work, too."""


class CheckSession:
    """The checks of one plugin. Each is made once, when it is asked for; ``close`` when done.

    ``expected_failures`` maps a check's id to the reason why it may fail; ``options`` wins over the small options that
    the checks train with; ``seconds`` is the limit of each check.
    """

    def __init__(
        self,
        origin: Origin,
        ids: Iterable[str],
        *,
        expected_failures: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._origin = origin
        self._ids = tuple(ids)
        self._expected = dict(expected_failures or {})
        _require_reasons(self._expected, self._ids)
        self._options = dict(options or {})
        self._seconds = seconds
        self._folder: Path | None = None
        self._child: Child | None = None
        self._results: dict[str, Result] = {}
        self._fatal: list[str] = []

    def __enter__(self) -> CheckSession:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child process and remove its files; results stay."""
        if self._child is not None:
            self._child.end()
            self._child = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def result(self, check: str) -> Result:
        """Make the check ``check``, or give what it gave."""
        if check not in self._results:
            started = time.perf_counter()
            status, why = self._judged(check, *self._ask(check))
            self._results[check] = Result(check, status, why, round(time.perf_counter() - started, 3))
        return self._results[check]

    def _judged(self, check: str, status: CheckStatus, why: str) -> tuple[CheckStatus, str]:
        reason = self._expected.get(check)
        if reason is None or status == "skipped":
            return status, why
        if status == "failed":
            return "expected", f"{reason} ({why})"
        return "failed", f"unexpectedly passed: it was expected to fail, since {reason}"

    def _ask(self, check: str) -> tuple[CheckStatus, str]:
        if self._child is None:
            self._child = self._started()
        answer, stage, reason = _asked(self._child, Request(check, self._fatal), self._seconds)
        if answer is None:
            self._child.end()
            self._child = None
            if stage == check:
                self._fatal.append(check)
                return "failed", reason
            return self._blocked(stage, reason)
        if answer.kind == "passed":
            return "passed", ""
        if answer.kind == "inapplicable":
            return "skipped", answer.text
        if answer.kind == "blocked":
            return self._blocked(answer.text, f"it needs '{answer.text}'")
        if answer.kind == "refused":
            raise UsageError(answer.text)
        return "failed", answer.text

    def _blocked(self, owner: str, why: str) -> tuple[CheckStatus, str]:
        """A check that cannot be made is skipped, provided that the one to blame does fail."""
        if self.result(owner).status == "passed":
            return "failed", why
        return "skipped", f"it needs '{owner}'"

    def _started(self) -> Child:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="ganzoo-check-"))
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        return _start(CheckJob(self._origin, str(folder), self._options))


def _require_reasons(expected: Mapping[str, str], ids: Iterable[str]) -> None:
    for check, reason in expected.items():
        if check not in ids:
            raise UnknownName("check", check, ids, "'ganzoo check --list' shows them.")
        if not reason.strip():
            raise UsageError(f"The expected failure of '{check}' has no reason.", "Say why it fails.")


def _start(job: CheckJob) -> Child:
    child = Child(python("ganzoo.checks.child"), cwd=job.folder, env={**ONE_THREAD, **os.environ}, listens=True)
    child.send(msgspec.json.encode(job))
    return child


def _asked(child: Child, request: Request, seconds: float) -> tuple[Answer | None, str, str]:
    """The answer and the last stage; where there is none because the process died or took too long, the reason."""
    stage, until = request.id, time.monotonic() + seconds
    child.send(msgspec.json.encode(request))
    while True:
        try:
            line = child.line(max(0.0, until - time.monotonic()))
        except TimeoutError:
            return None, stage, f"it took more than {seconds:.0f} s and was ended"
        if not line:
            return None, stage, _died(child)
        answer = msgspec.json.decode(line, type=Answer)
        if answer.kind != "stage":
            return answer, stage, ""
        stage = answer.text


def _died(child: Child) -> str:
    """How the process ended, with the last line of its stderr."""
    code, last = child.wait(), child.last_words()
    how = signal.Signals(-code).name if code < 0 else f"code {code}"
    return f"the process ended with {how}" + (f": {shortened(last, LONGEST)}" if last else "")
