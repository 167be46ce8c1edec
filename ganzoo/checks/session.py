"""Checking one plugin from outside: a child process per plugin, a time limit per check, a culprit for every death."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.checks.base import CheckStatus, Result
from ganzoo.checks.child import Answer, CheckJob, Request
from ganzoo.errors import UnknownName, UsageError
from ganzoo.leaderboard.worker import ONE_THREAD

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

SECONDS = 120.0
CODE = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from ganzoo.checks.child import main; main()"


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
        self._child: _Child | None = None
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
            self._child = self._start()
        answer, stage = self._child.ask(Request(check, self._fatal), self._seconds)
        if answer.kind == "passed":
            return "passed", ""
        if answer.kind == "inapplicable":
            return "skipped", answer.text
        if answer.kind == "blocked":
            return self._blocked(answer.text, f"it needs '{answer.text}'")
        if answer.kind == "refused":
            raise UsageError(answer.text)
        if not self._child.ended:
            return "failed", answer.text
        self._child = None
        if stage == check:
            self._fatal.append(check)
            return "failed", answer.text
        return self._blocked(stage, answer.text)

    def _blocked(self, owner: str, why: str) -> tuple[CheckStatus, str]:
        """A check that cannot be made is skipped, provided that the one to blame does fail."""
        if self.result(owner).status == "passed":
            return "failed", why
        return "skipped", f"it needs '{owner}'"

    def _start(self) -> _Child:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="ganzoo-check-"))
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        return _Child(CheckJob(self._origin, str(folder), self._options))


def _require_reasons(expected: Mapping[str, str], ids: Iterable[str]) -> None:
    for check, reason in expected.items():
        if check not in ids:
            raise UnknownName("check", check, ids, "'ganzoo check --list' shows them.")
        if not reason.strip():
            raise UsageError(f"The expected failure of '{check}' has no reason.", "Say why it fails.")


class _Child:
    """The process, and a thread that reads its answers."""

    def __init__(self, job: CheckJob) -> None:
        path = [entry or str(Path.cwd()) for entry in sys.path]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-c", CODE, msgspec.json.encode(path).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=job.folder,
            env={**ONE_THREAD, **os.environ},
            start_new_session=True,  # so that it can be ended with all that it started
        )
        self._answers: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.ended = False
        self._send(job)

    def ask(self, request: Request, seconds: float) -> tuple[Answer, str]:
        """The answer, and the check to blame where there is none because the process died or took too long."""
        stage, until = request.id, time.monotonic() + seconds
        self._send(request)
        while True:
            try:
                line = self._answers.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                self.end()
                return Answer("failed", f"it took more than {seconds:.0f} s and was ended"), stage
            if not line:
                return Answer("failed", self._died()), stage
            answer = msgspec.json.decode(line, type=Answer)
            if answer.kind != "stage":
                return answer, stage
            stage = answer.text

    def end(self) -> None:
        """Kill the process and what it started."""
        self.ended = True
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]  # both pipes were asked for

    def _died(self) -> str:
        """How the process ended, with the last thing it said."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        self.end()
        how = signal.Signals(-code).name if code < 0 else f"code {code}"
        return f"the process ended with {how}" + (f": {lines[-1][:200]}" if lines else "")

    def _send(self, message: CheckJob | Request) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it is dead: the reader will say so
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):  # closed under our hands by ``end``
            for line in self._process.stdout:
                self._answers.put(line)
        self._answers.put(b"")
