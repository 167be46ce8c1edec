"""The process in which one plugin is checked: a request per line on stdin, an answer per line on what was stdout.

A request is a check's id with the ids known to be fatal. Before each piece of foreign work a line names the check that
would be to blame, so that whoever finds the process dead knows the culprit.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from ganzoo.checks.base import Blocked, Inapplicable, Refused, one_line
from ganzoo.plugin.entry_points import Origin
from ganzoo.processes import answering

if TYPE_CHECKING:
    from ganzoo.checks.base import Check
    from ganzoo.checks.context import Context


class CheckJob(msgspec.Struct):
    """What the process works on; ``options`` are layered over the small ones."""

    origin: Origin
    folder: str
    options: dict[str, Any] = {}


class Request(msgspec.Struct):
    """Make one check, knowing which others end or stall the process."""

    id: str
    fatal: list[str] = []


class Answer(msgspec.Struct):
    """``stage`` is sent as often as the culprit-to-be changes; every other answer ends the request."""

    kind: Literal["stage", "passed", "failed", "blocked", "inapplicable", "refused"]
    text: str = ""


def main() -> None:
    """Answer requests until stdin ends. What anybody prints goes to stderr."""
    with answering() as write:

        def send(answer: Answer) -> None:
            write(msgspec.json.encode(answer))

        requests = iter(sys.stdin.buffer.readline, b"")
        job = msgspec.json.decode(next(requests), type=CheckJob)
        from ganzoo.checks import CHECKS
        from ganzoo.checks.context import Context

        known = {check.id: check for check in CHECKS}
        context = Context(job.origin, Path(job.folder), job.options)
        context.stage = lambda owner: send(Answer("stage", owner))
        for line in requests:
            request = msgspec.json.decode(line, type=Request)
            send(_answer(known[request.id], context, request))
    os._exit(0)  # threads that a framework started must not keep the process alive


def _answer(check: Check, context: Context, request: Request) -> Answer:
    context.current, context.fatal = check.id, set(request.fatal)
    context.stage(check.id)
    os.chdir(context.folder)
    return _outcome(lambda: _perform(check, context))


def _perform(check: Check, context: Context) -> Answer:
    if check.applies is not None and not check.applies(context.variant):
        return Answer("inapplicable", f"for {check.applies_to}")
    check.run(context)
    return Answer("passed")


def _outcome(action: Callable[[], Answer]) -> Answer:
    try:
        return action()
    except Blocked as error:
        return Answer("blocked", error.owner)
    except Inapplicable as error:
        return Answer("inapplicable", str(error))
    except Refused as error:
        return Answer("refused", str(error))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - foreign code: it is the answer
        return Answer("failed", one_line(error))
