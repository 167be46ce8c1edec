"""ganzoo score SOURCE"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import common


@click.command("score")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "--data", metavar="NAME", help="Dataset to compare with.  [default: the one it was trained on, or digits]"
)
@common.data_dir_option
@click.option("-n", "count", type=click.IntRange(50), help="Draw this many samples.  [default: the protocol's]")
@click.option("--json", "as_json", is_flag=True, help="Print the whole score as JSON.")
@common.device_option
@common.registry_option
def command(
    source: Path,
    data: str,
    data_dir: Path | None,
    count: int | None,
    as_json: bool,
    device: str,
    registry_path: Path | None,
) -> None:
    """Score a run, an ONNX file, an npz or a folder of images."""
    registry, zoo = common.open_zoo(registry_path)
    from ganzoo import api

    data = data or api.data_of(source)
    score = api.score(source, data, data_dir=data_dir, n=count, device=device, registry=registry, zoo=zoo)
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(score)).decode())
        return
    rows = [
        [name, f"{e.value:.6g}", "" if e.se is None else f"{e.se:.2g}", str(e.n)] for name, e in score.estimates.items()
    ]
    click.echo(common.table(["metric", "value", "standard error", "n"], rows))
    p, given = score.protocol, f"{score.protocol.n_fake} samples"
    click.echo(f"\n{given} against {p.n_real} of {p.dataset} ({p.split}), extractor {p.extractor}")
    click.echo(f"protocol {score.protocol_hash}")
    for broken in zoo.broken_extensions.values():
        click.echo(f"{broken} What it registers was left out.", err=True)
    entry = registry.datasets.get(data)
    if entry and entry.n_fake != p.n_fake:
        click.echo(f"The leaderboard's protocol takes {entry.n_fake} samples: not comparable with its rows.", err=True)
