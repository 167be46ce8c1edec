"""ganzoo extractor"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common

if TYPE_CHECKING:
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.extractors.importing.reading import Adapter

RANGES = ["uint8", "0,255", "0,1", "-1,1"]
RESIZERS = ["none", "tf1", "bilinear", "bicubic"]


@click.group("extractor")
def command() -> None:
    """Show the feature extractors, and import more of them."""


@command.command("list")
def list_() -> None:
    """Show every extractor, and whether it is there."""
    from ganzoo.extractors.base import INCEPTION, imported_file

    _, zoo = common.open_zoo()
    rows = [_row(source) for source in zoo.extractors().values()]
    click.echo(common.table(["name", "features", "state", "sha256", "what it is"], rows))
    click.echo(f"\nImported files lie in {imported_file(INCEPTION).parent}.")


def _row(source: ExtractorSource) -> list[str]:
    from ganzoo.errors import ModelError
    from ganzoo.extractors.base import imported_file
    from ganzoo.extractors.graph import file_facts

    if source.file is None:
        return [source.name, "", "built in", "", source.summary]
    shipped = source.file.parent != imported_file(source.name).parent
    if not source.file.exists():
        return [source.name, source.tap, "not imported", "", source.summary]
    try:
        facts = file_facts(source.file, source.tap)
    except ModelError:
        return [source.name, "", "broken", "", source.summary]
    summary = facts.summary if source.tap == "features" and facts.summary else source.summary
    return [source.name, str(facts.width or ""), "shipped" if shipped else "imported", facts.sha256[:12], summary]


@command.command("import")
@click.argument("name")
@click.argument("file", type=common.PATH, required=False)
@click.option("--input", help="Input of the ONNX file that takes the images.")
@click.option("--features", help="Output that is the features: [N, d], [N, tokens, d] or [N, d, H, W].")
@click.option("--logits", help="Output that is the class scores [N, classes], for IS and modes.")
@click.option("--range", "value_range", type=click.Choice(RANGES), help="What black and white are to the network.")
@click.option("--mean", help="Subtracted from the range: a number, one per channel with commas, or 'imagenet'.")
@click.option("--std", help="Divides afterwards: likewise.")
@click.option("--resize", type=click.Choice(RESIZERS), help="How images are resized; without it they are not.")
@click.option("--size", type=click.IntRange(1), help="Height and width to resize to.")
def import_(name: str, file: Path | None, **options: Any) -> None:
    """Import an extractor under NAME.

    NAME inception takes the official weights (pt_inception-2015-12-05-6726825d.pth), which are downloaded without FILE.
    NAME dinov2 knows how DINOv2 takes images. Any other NAME needs the ONNX file and the options that it leaves open.
    """
    from ganzoo.errors import UsageError
    from ganzoo.extractors.base import INCEPTION
    from ganzoo.extractors.graph import file_facts
    from ganzoo.extractors.importing import import_inception, import_onnx

    given = [key for key, value in options.items() if value is not None]
    if name == INCEPTION:
        if given:
            raise UsageError(f"The extractor '{INCEPTION}' takes no options.", "Its graph is fixed by the weights.")
        path, tap = import_inception(file), "2048"
    else:
        if file is None:
            raise UsageError(
                f"No ONNX file was given for the extractor '{name}'.", f"ganzoo extractor import {name} FILE"
            )
        _check_free(name)
        made, tap = import_onnx(name, file, _adapter(**options)), "features"
        path = made.path
        for line in made.notes:
            click.echo(line)
    facts = file_facts(path, tap)
    click.echo(f"Imported '{name}' ({facts.width} features, sha256 {facts.sha256[:12]}) as {path}.")
    click.echo(f"It does: {facts.policy}.")


def _check_free(name: str) -> None:
    from ganzoo.errors import UsageError
    from ganzoo.extractors.base import imported_file

    _, zoo = common.open_zoo()
    source = zoo.extractors().get(name)
    if source is not None and source.file != imported_file(name):
        raise UsageError(f"There is an extractor '{name}' already ({source.summary}).", "Choose another name.")


def _adapter(mean: str | None, std: str | None, **rest: Any) -> Adapter:
    from ganzoo.extractors.importing import IMAGENET
    from ganzoo.extractors.importing.reading import Adapter

    return Adapter(mean=_numbers("--mean", mean, IMAGENET[0]), std=_numbers("--std", std, IMAGENET[1]), **rest)


def _numbers(flag: str, text: str | None, imagenet: tuple[float, ...]) -> tuple[float, ...] | None:
    from ganzoo.errors import OptionError

    if text is None or text == "imagenet":
        return imagenet if text else None
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError:
        raise OptionError(f"{flag} '{text}' is no list of numbers.", "Write 0.5, 0.5,0.5,0.5 or imagenet.") from None
