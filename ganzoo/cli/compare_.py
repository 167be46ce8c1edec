"""ganzoo compare A B [REFERENCE]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block, echo_json

if TYPE_CHECKING:
    from ganzoo.scoring.compare import Difference


@click.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.argument("reference", required=False)
@common.reference_options
@click.option("-n", "count", type=click.IntRange(50), help="Draw this many samples.  [default: the protocol's]")
@common.terms_options
@common.foreign_options
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def command(
    first: str,
    second: str,
    reference: str | None,
    data: str | None,
    data_dir: Path | None,
    count: int | None,
    as_json: bool,
    registry_path: Path | None,
    **more: Any,
) -> None:
    """Say whether A and B differ by more than chance: both scores, the difference and its paired standard error.

    What both share (the reference, and the latents of two generators) cancels from the error. p values are two-sided
    and corrected for the number of columns (Holm). --latent and the flags beside it are for every ONNX file that is not
    ganzoo's; where two need different ones, 'ganzoo export' them first.
    """
    registry, zoo = common.open_zoo(registry_path)
    from ganzoo import api

    if reference is None:
        data = data or api.data_of(first, second)
    with common.shown_progress(f"compare {Path(first).name} and {Path(second).name}") as progress:
        found = api.compare(
            first,
            second,
            data,
            reference=reference,
            data_dir=data_dir,
            n=count,
            **common.terms_of(more),
            reading=common.reading_of(more),
            registry=registry,
            zoo=zoo,
            progress=progress,
        )
    common.show_notes(found.notes)
    if as_json:
        echo_json(found)
        return
    header = ["metric", "A", "B", "A − B", "standard error", "p", ""]
    echo_block(common.table(header, [_row(each, found.extractor) for each in found.differences]))
    for line in (f"\nA  {first}", f"B  {second}", f"extractor {found.extractor}, protocol {found.protocol_hash}"):
        echo(line)


def _row(each: Difference, extractor: str) -> list[str]:
    from ganzoo.extractors.base import column_label

    error = "" if each.gap.se is None else f"{each.gap.se:.2g}"
    values = [f"{value:.6g}" for value in (each.first, each.second, each.gap.value)]
    return [column_label(each.column, extractor), *values, error, f"{each.p:.2g}", each.verdict]
