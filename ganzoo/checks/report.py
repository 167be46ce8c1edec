"""Results and the catalogue of checks as text: for a pull request, for programs, for the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from ganzoo.checks.base import Check, CheckStatus, Result

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

HEADER = ["check", "status", "why", "seconds"]
ORDER: tuple[CheckStatus, ...] = ("passed", "expected", "skipped", "failed")
PAGE = "docs/plugins/checks.md"


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
    return msgspec.json.format(msgspec.json.encode(content)).decode()


def as_markdown(name: str, origin: Origin, results: Sequence[Result]) -> str:
    """The results as a section of a pull request."""
    from ganzoo._version import __version__

    lines = [
        f"### `ganzoo check {name}`: {summary(results)}",
        "",
        f"{origin}, ganzoo {__version__}",
        "",
        "| check | status | why | seconds |",
        "|---|---|---|---:|",
    ]
    marks = {"failed": "**failed**"}
    lines += [f"| `{r.id}` | {marks.get(r.status, r.status)} | {_cell(r.why)} | {r.seconds:.1f} |" for r in results]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that a table of Markdown shows as it is."""
    for character in ("\\", "|", "`", "*", "_", "<"):
        text = text.replace(character, f"\\{character}")
    return text


def page(checks: Iterable[Check]) -> str:
    """The reference page of the checks, which is this text to the letter."""
    entries = [
        f"### {each.id}\n\n{each.summary}\n\nFor {each.applies_to}. When it fails: {each.remedy}\n" for each in checks
    ]
    return _INTRODUCTION + "\n".join(entries)


_INTRODUCTION = """# The checks

<!-- Made by ganzoo.checks.report.page from ganzoo.checks.CHECKS; a test holds the two together. -->

`ganzoo check NAME` tries a plugin on toy data and says which rules it keeps. Which checks apply is decided by what
`describe()` declares, never by name. An id never changes once it is published; new checks may be added.

```sh
ganzoo check gaussian
ganzoo check gaussian --only parity --only dynamic-batch
ganzoo check gaussian --markdown
ganzoo check --list
```

A check is `passed`, `failed`, `skipped` (it does not apply, or needs another one that fails) or `expected`: it failed,
and that was announced with a reason. An announced failure that passes is a failure. The exit code is 1 where any
check failed.

```sh
ganzoo check gaussian --expect parity="no reason at all"  # exit 1
```

All runs on the CPU in one process of its own with one compute thread. A plugin that ends that process, or takes longer
than `--timeout` for one check, has failed that check; the others go on in a new process. Training takes at most 6
steps, in chunks of at most 2, on 48 samples. Whole-number options are set to 8, or as near to it as their defaults and
bounds allow; `--set name=value` gives others.

In the tests of a package, the same checks are one test each:

```python
from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("gaussian", expected_failures={})
def test_checks(check):
    check()
```

`expected_failures={"id": "reason"}` and `options={...}` are what `--expect` and `--set` are on the command line.

## Catalogue

"""
