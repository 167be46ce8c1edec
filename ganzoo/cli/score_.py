"""ganzoo score SOURCE [REFERENCE]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common, score_view
from ganzoo.cli.output import echo

if TYPE_CHECKING:
    from ganzoo.scoring.goals import Goal

LIMIT = 100_000


@click.command("score")
@click.argument("source")
@click.argument("reference", required=False)
@common.reference_options
@click.option("-n", "count", type=click.IntRange(50), help="Draw this many samples.  [default: the protocol's]")
@common.terms_options
@click.option(
    "--until",
    metavar="COLUMN_se=X",
    help=f"Draw samples until a standard error is at most X, {LIMIT} (or -n) at most: fid_se=0.5.",
)
@click.option("--total", is_flag=True, help="Also the total errors: with the reference drawn anew, too.")
@click.option("--by-class", is_flag=True, help="Also FID, precision and recall of every class (labelled data).")
@click.option("--copies", type=common.PATH, metavar="FILE.png", help="Draw the samples nearest to training images.")
@click.option(
    "--realism",
    type=common.PATH,
    metavar="FILE",
    help="Draw the most and the least realistic samples (.png), or list the realism of each (.csv).",
)
@common.foreign_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How the score is printed.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def command(
    source: str,
    reference: str | None,
    data: str | None,
    data_dir: Path | None,
    count: int | None,
    until: str | None,
    total: bool,
    by_class: bool,
    copies: Path | None,
    realism: Path | None,
    form: str,
    as_json: bool,
    registry_path: Path | None,
    **more: Any,
) -> None:
    """Score SOURCE against a dataset, or against REFERENCE.

    Either may be a run, an ONNX generator, a folder of images, an npy or npz of samples (x), an npz of features
    (features) or of statistics (mu, sigma; see 'ganzoo stats'), or a dataset by its name, as in --data.
    """
    goal = _goal(until, count)
    registry, zoo = common.open_zoo(registry_path)
    from ganzoo import api
    from ganzoo.scoring.setup import Terms

    if reference is None:
        data = data or api.data_of(source)
    with common.shown_progress(f"score {Path(source).name}") as progress:
        comparison = api.comparison(
            source,
            data,
            reference=reference,
            data_dir=data_dir,
            terms=Terms(n=count, total=total, **common.terms_of(more)),
            reading=common.reading_of(more),
            registry=registry,
            zoo=zoo,
            progress=progress,
        )
        if copies is not None:
            comparison.check_copies()
        if realism is not None and _kind(realism) == ".png":
            comparison.check_extremes()
        score = comparison.score(goal)
        classes = comparison.classes() if by_class else []
        if copies is not None:
            comparison.save_copies(copies)
        if realism is not None:
            comparison.save_realism(realism)
    score_view.remarks(score, comparison, zoo, registry.datasets.get(data or reference or ""))
    score_view.show(score, classes, "json" if as_json else form, source, total)
    for name, file in (("copies", copies), ("realism", realism)):
        if file is not None:
            echo(f"{name}  {file}", err=True)


def _kind(realism: Path) -> str:
    """How a file of realism ends. Raises UsageError for another ending than .png or .csv."""
    from ganzoo.errors import UsageError

    ending = common.ending(realism)
    if ending not in (".png", ".csv"):
        raise UsageError(f"--realism writes .png or .csv, not '{realism.name}'.", "Name for example realism.png.")
    return ending


def _goal(until: str | None, count: int | None) -> Goal | None:
    if until is None:
        return None
    from ganzoo.errors import UsageError
    from ganzoo.scoring.goals import Goal

    name, _, text = until.partition("=")
    try:
        error = float(text)
    except ValueError:
        error = 0.0
    if not name.endswith("_se") or not 0 < error < float("inf"):
        raise UsageError(f"--until '{until}' is not COLUMN_se=X.", "Write for example --until fid_se=0.5.")
    return Goal(name.removesuffix("_se"), error, count or LIMIT)
