"""ganzoo compare A B [REFERENCE]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common

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
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
        return
    header = ["metric", "A", "B", "A − B", "standard error", "p", ""]
    click.echo(common.table(header, [_row(each, found.extractor) for each in found.differences]))
    click.echo(f"\nA  {first}\nB  {second}\nextractor {found.extractor}, protocol {found.protocol_hash}")


def _row(each: Difference, extractor: str) -> list[str]:
    from ganzoo.extractors.base import column_label

    error = "" if each.gap.se is None else f"{each.gap.se:.2g}"
    values = [f"{value:.6g}" for value in (each.first, each.second, each.gap.value)]
    return [column_label(each.column, extractor), *values, error, f"{each.p:.2g}", each.verdict]
