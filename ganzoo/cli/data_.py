"""ganzoo data [NAME]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block, echo_json

if TYPE_CHECKING:
    from ganzoo.data.base import Source
    from ganzoo.data.describe import Description, OwnSize


LISTED = 100
"""Classes that are listed; of more, how many there are and of which sizes is said."""


@click.command("data")
@click.argument("name", required=False)
@common.data_dir_option
@click.option("--json", "as_json", is_flag=True, help="Print what NAME holds as JSON.")
def command(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show the datasets and where their files are looked for, or what the dataset NAME holds.

    NAME is written as in --data. Of a folder of images every file that is not read is listed, with the reason.
    """
    from ganzoo.errors import DataError, UsageError

    if as_json and name is None:
        raise UsageError("--json needs the name of a dataset.", "Write for example: ganzoo data digits --json")
    _, zoo = common.open_zoo()
    if name is None:
        _show_all(zoo.datasets(), data_dir)
        return
    from ganzoo.data.describe import describe

    found = describe(name, zoo.datasets(), data_dir)
    if as_json:
        echo_json(found)
    else:
        _show(found)
    if found.damaged:
        raise DataError(f"{len(found.damaged)} of {found.samples} images cannot be read.", "Replace or remove them.")


def _show_all(sources: dict[str, Source], data_dir: Path | None) -> None:
    from ganzoo.data.files import cache_dir

    rows = [_row(source) for source in sources.values()]
    echo_block(common.table(["name", "kind", "what it is", "files"], rows))
    folders = [str(folder) for folder in (data_dir, cache_dir()) if folder]
    echo(f"\nFiles are looked for in {', then in '.join(folders)}, and downloaded where they are missing.")
    if data_dir is None:
        echo("--data-dir DIR names a folder to look into first.")


def _row(source: Source) -> list[str]:
    name = f"{source.name}:{source.argument}" if source.argument else source.name
    return [name, source.kind, source.summary, ", ".join(source.files)]


def _show(found: Description) -> None:
    facts = {
        "reference": found.reference,
        "dataset": found.name,
        "kind": found.kind,
        "shape": _shape(found.shape),
        "samples": f"{found.samples}, {found.heldout} of them held out",
        "own sizes": _sizes(found.sizes),
        "read by": found.policy,
        "digest": found.digest,
    }
    for title, text in facts.items():
        if text:
            echo(f"{title:<10} {text}")
    if len(found.classes) > LISTED:
        counts = found.classes.values()
        echo(f"{'classes':<10} {len(counts)}, of {min(counts)} to {max(counts)} samples; --json lists them")
    elif found.classes:
        echo_block("\n" + common.table(["class", "samples"], [[name, str(n)] for name, n in found.classes.items()]))
    for title, files in (("not read", found.skipped), ("cannot be read", found.damaged)):
        if files:
            echo_block("\n" + common.table([title, "why"], [[each.path, each.reason] for each in files]))
    common.show_notes(found.notes)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(str(side or "any") for side in shape)


def _sizes(sizes: tuple[OwnSize, ...]) -> str:
    """Height × width of the images as they are."""
    if not sizes:
        return ""
    first, last = (f"{size.height}×{size.width}" for size in (sizes[0], sizes[-1]))
    return f"{len(sizes)}, from {first} to {last} (height × width)" if len(sizes) > 1 else f"{first} (height × width)"
