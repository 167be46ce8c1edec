"""ganzoo check"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.checks import Result


@click.command("check")
@click.argument("name", required=False)
@click.option("--only", multiple=True, metavar="ID", help="Make this check alone; may be given several times.")
@click.option(
    "--expect", "expected", multiple=True, metavar="ID=REASON", help="This check may fail, for this reason; repeatable."
)
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="An option to train with; repeatable.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=120.0, show_default=True, help="Seconds for each check."
)
@click.option("--json", "style", flag_value="json", help="Print the results as JSON.")
@click.option("--markdown", "style", flag_value="markdown", help="Print a table for a pull request.")
@click.option("--list", "listing", is_flag=True, help="Show the checks and whom they are for.")
def command(
    name: str | None,
    only: tuple[str, ...],
    expected: tuple[str, ...],
    assignments: tuple[str, ...],
    timeout: float,
    style: str | None,
    listing: bool,
) -> None:
    """Check a plugin against the published list of checks.

    Trains it for a few steps on toy data, in a process of its own. Exit code 1 where a check fails.
    """
    from ganzoo.checks import CHECKS, report, run_checks
    from ganzoo.options import parse_assignments

    if listing:
        rows = [[check.id, check.applies_to, check.summary] for check in CHECKS]
        echo_block(common.table(["check", "for", "what must hold"], rows))
        return
    if name is None:
        raise click.UsageError("Name the variant to check; 'ganzoo list' shows them.")
    _, zoo = common.open_zoo()
    origin, reasons = zoo.the_one(name), _reasons(expected)
    results = run_checks(
        name,
        zoo,
        only=only,
        expected_failures=reasons,
        options=parse_assignments(assignments),
        seconds=timeout,
        progress=_show,
    )
    if style == "json":
        echo_block(report.as_json(name, origin, results))
    elif style == "markdown":
        echo_block(report.as_markdown(name, origin, results))
    else:
        echo_block(common.table(report.HEADER, report.rows(results)))
        echo(f"{name} ({origin}): {report.summary(results)}")
    if report.failed(results):
        _advise([result for result in results if result.id not in reasons])
        raise click.exceptions.Exit(1)


def _show(result: Result) -> None:
    """One line as each check ends."""
    echo(f"{result.status:<8}  {result.id}", err=True)


def _advise(results: list[Result]) -> None:
    """What usually helps, for each check that failed."""
    from ganzoo.checks import CHECKS

    remedies = {check.id: check.remedy for check in CHECKS}
    for result in results:
        if result.status == "failed":
            echo(f"{result.id}: {remedies[result.id]}", err=True)


def _reasons(words: tuple[str, ...]) -> dict[str, str]:
    """``ID=REASON`` words as a mapping."""
    from ganzoo.errors import UsageError

    found = {}
    for word in words:
        check, sign, reason = word.partition("=")
        if not sign or not reason.strip():
            raise UsageError(f"--expect takes ID=REASON, but '{word}' was given.", "Say why the check may fail.")
        found[check.strip()] = reason.strip()
    return found
