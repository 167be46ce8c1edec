"""Results of checks as text: for a pull request, for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from ganzoo.checks.base import CheckStatus, Result
from ganzoo.escaping import json_text, markdown, markdown_code

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

HEADER = ["check", "status", "why", "seconds"]
ORDER: tuple[CheckStatus, ...] = ("passed", "expected", "skipped", "failed")


def failed(results: Iterable[Result]) -> bool:
    """Whether any check failed that was not expected to."""
    return any(result.status == "failed" for result in results)


def rows(results: Sequence[Result]) -> list[list[str]]:
    """The cells of the table."""
    return [[result.id, result.status, result.why or "-", f"{result.seconds:.1f}"] for result in results]


def summary(results: Sequence[Result]) -> str:
    """One line: how many of each status, and the time."""
    counts = Counter(result.status for result in results)
    parts = [f"{counts[status]} {status}" for status in ORDER if counts[status]]
    return f"{', '.join(parts)} in {sum(result.seconds for result in results):.1f} s"


def as_json(name: str, origin: Origin, results: Sequence[Result]) -> str:
    """The results for programs, one object."""
    content = {
        "variant": name,
        "distribution": origin.distribution,
        "version": origin.version,
        "passed": not failed(results),
        "checks": results,
    }
    return json_text(msgspec.json.format(msgspec.json.encode(content)).decode())


def as_markdown(name: str, origin: Origin, results: Sequence[Result]) -> str:
    """The results as a section of a pull request."""
    from ganzoo._version import __version__

    lines = [
        f"### {markdown_code(f'ganzoo check {name}')}: {summary(results)}",
        "",
        f"{markdown(str(origin))}, ganzoo {__version__}",
        "",
        "| check | status | why | seconds |",
        "|---|---|---|---:|",
    ]
    marks = {"failed": "**failed**"}
    lines += [f"| `{r.id}` | {marks.get(r.status, r.status)} | {markdown(r.why)} | {r.seconds:.1f} |" for r in results]
    return "\n".join(lines)
