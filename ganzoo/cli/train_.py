"""ganzoo train VARIANT"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo

if TYPE_CHECKING:
    from ganzoo.scoring.protocol import Score

QUICK_SCORE_SAMPLES = 1000
_SHOWN = ("fid", "precision", "recall", "modes", "memorised", "hq", "label_accuracy", "code_error")


@click.command("train")
@click.argument("variant")
@common.data_option
@common.data_dir_option
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set an option; see 'ganzoo info VARIANT'."
)
@common.seed_option
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train.")
@click.option("--quick", is_flag=True, help="Use the shorter recipe of bench --quick.")
@click.option("--score/--no-score", "with_score", default=True, help="End with a quick score.  [default: score]")
@common.observe_option
@common.runs_option
@common.registry_option
def command(
    variant: str,
    data: str,
    data_dir: Path | None,
    assignments: tuple[str, ...],
    seed: int,
    device: str,
    quick: bool,
    with_score: bool,
    observe: tuple[str, ...],
    runs: Path,
    registry_path: Path | None,
) -> None:
    """Train a variant into a run folder.

    Starts from the recipe for the data where there is one. A run that was stopped goes on where it stopped.
    """
    from ganzoo.options import parse_assignments
    from ganzoo.plugin import observers

    options = parse_assignments(assignments)
    common.use_one_thread()
    registry, zoo = common.open_zoo(registry_path)
    observers.switch_on(observe, zoo.observers)
    zoo.load(variant)

    from ganzoo import api
    from ganzoo.cli.progress import TrainProgress

    with TrainProgress(f"{variant} on {data}") as progress:
        folder = api.train(
            variant,
            data,
            options=options,
            seed=seed,
            device=device,
            data_dir=data_dir,
            runs=runs,
            quick=quick,
            registry=registry,
            zoo=zoo,
            observer=progress,
        )
    manifest = folder.manifest()
    echo(f"run      {folder.path}")
    echo(f"samples  {folder.file('samples.png')}")
    echo(
        f"model    {folder.file('generator.onnx')}  ({manifest.parameters:,} parameters, parity {manifest.parity:.1e})"
    )
    echo(f"trained  {manifest.steps} steps in {manifest.train_seconds:.1f} s")
    for each in manifest.reported:
        error = "" if each.se is None else f" ± {each.se:.1g}"
        echo(f"reported {each.name} {each.value:.3g}{error} (better: {each.direction}): {each.help}")
    if with_score:
        from ganzoo.extractors.base import caution_of

        score = api.score(folder.path, data, data_dir=data_dir, n=QUICK_SCORE_SAMPLES, registry=registry, zoo=zoo)
        common.show_notes(filter(None, [caution_of(score.protocol.extractor)]))
        echo(f"score    {quick_line(score)}")


def quick_line(score: Score) -> str:
    """The main numbers of a score on one line, and by which extractor."""
    from ganzoo.extractors.base import column_label

    p = score.protocol
    found = [(column_label(name, p.extractor), score.estimates[name]) for name in _SHOWN if name in score.estimates]
    parts = [f"{name} {e.value:.3g}" + (f" ± {e.se:.1g}" if e.se is not None else "") for name, e in found]
    return "  ".join(parts) + f"  (extractor {p.extractor}, {p.n_fake} samples; ± is one standard error)"
