"""ganzoo extractor"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.extractors.importing.reading import Adapter

RANGES = ["uint8", "0,255", "0,1", "-1,1"]
RESIZERS = ["none", "tf1", "bilinear", "bicubic"]


@click.group("extractor")
def command() -> None:
    """Show the feature extractors, test them, and import more."""


@command.command("list")
def list_() -> None:
    """Show every extractor, and whether it is there."""
    from ganzoo.extractors.catalogue import INCEPTION, imported_file

    _, zoo = common.open_zoo()
    rows = [_row(source) for source in zoo.extractors().values()]
    echo_block(common.table(["name", "features", "state", "sha256", "what it is"], rows))
    echo(f"\nImported files lie in {imported_file(INCEPTION).parent}.")


def _row(source: ExtractorSource) -> list[str]:
    from ganzoo.errors import ModelError
    from ganzoo.extractors.catalogue import state_of
    from ganzoo.extractors.graph import file_facts
    from ganzoo.files import exists

    state = state_of(source)
    if source.file is None or not exists(source.file):
        tap = "" if source.tap == "features" else source.tap
        return [source.name, tap, state, "", source.summary]
    try:
        facts = file_facts(source.file, source.tap)
    except ModelError:
        return [source.name, "", "broken", "", source.summary]
    summary = facts.summary if source.tap == "features" and facts.summary else source.summary
    return [source.name, str(facts.width or ""), state, facts.sha256[:12], summary]


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
    from ganzoo.extractors.catalogue import INCEPTION
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
            echo(line)
    facts = file_facts(path, tap)
    echo(f"Imported '{name}' ({facts.width} features, sha256 {facts.sha256[:12]}) as {path}.")
    echo(f"It does: {facts.policy}.")


def _check_free(name: str) -> None:
    from ganzoo.errors import UsageError
    from ganzoo.extractors.catalogue import imported_file

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


@command.command("test")
@click.argument("name")
@common.data_option
@common.data_dir_option
@click.option("-n", "count", type=click.IntRange(50), default=1000, show_default=True, help="Images in every set.")
@click.option("-o", "--output", type=common.PATH, metavar="DIR", help="Write all values (CSV) and their curves (PNG).")
@common.seed_option
@common.device_option
@common.threads_option
def test(
    name: str,
    data: str,
    data_dir: Path | None,
    count: int,
    output: Path | None,
    seed: int,
    device: str,
    threads: int,
) -> None:
    """Spoil real images more and more, and show what every metric says of it through the extractor NAME.

    from S: the column gets worse from that strength on. blind: it never clearly does. better at S: it moves the wrong
    way. quiet, or alarm from S: it is to say nothing of this. Clearly is by two standard errors of the difference.
    """
    from ganzoo import api
    from ganzoo.scoring import sensitivity_files
    from ganzoo.scoring.sensitivity import sensitivity
    from ganzoo.scoring.setup import Terms, open_extractor

    _, zoo = common.open_zoo()
    extractor = open_extractor(name, zoo.extractors(), Terms(device=device, threads=threads))
    dataset = api.dataset(data, data_dir, zoo=zoo)
    with common.shown_progress(f"test {name}") as progress:
        found = sensitivity(
            dataset,
            extractor,
            list(zoo.metrics().values()),
            n=count,
            seed=seed,
            progress=progress,
        )
    for header, *rows in found.tables():
        echo_block(common.table(header, rows) + "\n")
    echo(f"{found.n} images of {found.data} against {found.n} others, extractor {found.extractor}")
    if output is not None:
        for path in sensitivity_files.save(found, output):
            echo(path)
