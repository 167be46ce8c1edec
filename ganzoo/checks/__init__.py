"""The published list of checks that every plugin passes, and what makes them.

A check's id never changes; which checks apply is decided by what the variant's ``describe()`` declares, never by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.checks import declared, exported, inputs, reporting, trained
from ganzoo.checks.base import Check as Check
from ganzoo.checks.base import Result as Result
from ganzoo.checks.session import SECONDS as SECONDS
from ganzoo.checks.session import CheckSession as CheckSession
from ganzoo.errors import UnknownName

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo

CHECKS: tuple[Check, ...] = (
    *declared.CHECKS,
    *trained.CHECKS,
    *reporting.CHECKS,
    *exported.CHECKS,
    *inputs.CHECKS,
)


def open_session(
    name: str,
    zoo: Zoo | None = None,
    *,
    expected_failures: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
) -> CheckSession:
    """A session for the variant ``name``; nothing of the plugin is imported in this process.

    Raises UnknownName for a variant or a check that there is not, PluginError for a name claimed twice, UsageError for
    an expected failure without a reason.
    """
    ids = [check.id for check in CHECKS]
    given = {"expected_failures": expected_failures, "options": options}
    return CheckSession((zoo or _discover()).the_one(name), ids, **given, seconds=seconds)


def _discover() -> Zoo:
    from ganzoo import registry
    from ganzoo.plugin.manager import Zoo

    return Zoo.discover(registry.load())


def run_checks(
    name: str,
    zoo: Zoo | None = None,
    *,
    only: Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    seconds: float = SECONDS,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:
    """Check the variant ``name``: one result per check in the order of CHECKS, or of those in ``only``.

    Everything runs in a process of its own. ``progress`` hears of each result as it comes. Raises as ``open_session``.
    """
    chosen = list(only) or [check.id for check in CHECKS]
    known = [check.id for check in CHECKS]
    for check in chosen:
        if check not in known:
            raise UnknownName("check", check, known, "'ganzoo check --list' shows them.")
    results = []
    with open_session(name, zoo, expected_failures=expected_failures, options=options, seconds=seconds) as session:
        for check in sorted(set(chosen), key=known.index):
            results.append(session.result(check))
            progress(results[-1])
    return results
