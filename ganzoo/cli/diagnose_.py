"""ganzoo diagnose RUN ..."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo_block, echo_json
from ganzoo.escaping import one_line

if TYPE_CHECKING:
    from ganzoo.diagnosis.verdicts import Diagnosis


@click.command("diagnose")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=common.PATH)
@click.option("--json", "as_json", is_flag=True, help="Print one list of objects instead.")
@click.option("--strict", is_flag=True, help="End with exit code 1 where a verdict is certain or likely.")
def command(runs: tuple[Path, ...], as_json: bool, strict: bool) -> None:
    """Name what went wrong with runs: the evidence, how sure it is, and the option most likely to help.

    It looks at log.csv and score.json alone: at the losses and, where they are logged, gradients; at modes, copies and
    variety beside those of real samples. 'ganzoo bench' leaves such a score.
    """
    from ganzoo.diagnosis.diagnose import diagnose

    found = [diagnose(run) for run in runs]
    if as_json:
        echo_json(found)
    else:
        echo_block("\n\n".join("\n".join(map(one_line, _lines(each))) for each in found))
    sure = any(verdict.sure != "possible" for each in found for verdict in each.verdicts)
    raise SystemExit(1 if strict and sure else 0)


def _lines(found: Diagnosis) -> Iterator[str]:
    yield f"{found.path}  {found.variant} on {found.dataset}, seed {found.seed}, {found.status}"
    for verdict in found.verdicts:
        yield f"  {verdict.failure} ({verdict.sure})"
        yield from (f"    {sentence}" for sentence in verdict.evidence)
        yield f"    To try: {verdict.advice.text}"
    if not found.verdicts:
        yield "  no sign of trouble" if found.looked_at else "  nothing to judge by"
    if found.looked_at:
        yield f"  Looked at: {'; '.join(found.looked_at)}."
    yield from (f"  Not told: {sentence}" for sentence in found.unseen)
