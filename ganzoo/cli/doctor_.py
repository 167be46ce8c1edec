"""ganzoo doctor"""

from __future__ import annotations

import click

from ganzoo.cli import COMMANDS, common
from ganzoo.cli.output import echo, echo_block


@click.command("doctor")
def command() -> None:
    """Check this installation.

    Exit code 1 where something is wrong that a command would stumble over.
    """
    problems = [*_report_versions(), *_report_device()]
    _report_extractor()
    problems += _report_plugins()
    for problem in problems:
        echo(f"problem: {problem}", err=True)
    if problems:
        raise SystemExit(1)
    echo("no problems found")


def _report_versions() -> list[str]:
    from ganzoo._version import __version__
    from ganzoo.leaderboard.bench import cores
    from ganzoo.training.environment import environment

    rows = [["ganzoo", __version__], *[[k, v] for k, v in environment().items()], ["cores", str(cores())]]
    echo_block(common.table(["what", "found"], rows))
    names = {row[0] for row in rows}
    if {"onnxruntime", "onnxruntime-gpu"} <= names:
        return [
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other, which silently gives CPU; "
            "run 'pip uninstall onnxruntime onnxruntime-gpu' and install the one you want"
        ]
    return []


def _report_device() -> list[str]:
    from ganzoo.generator.engine import built_for_cuda, cuda_device_count

    gpus, built = cuda_device_count(), built_for_cuda()
    echo(f"\nGPUs the driver shows: {gpus}; onnxruntime built for CUDA: {'yes' if built else 'no'}")
    if not gpus:
        echo("sampling and scoring run on CPU")
        return []
    if not built:
        return ["there is a GPU, but this onnxruntime has no CUDA provider; install onnxruntime-gpu instead"]
    return _try_cuda()


def _try_cuda() -> list[str]:
    from ganzoo.errors import GanzooError
    from ganzoo.extractors.catalogue import shipped_file
    from ganzoo.generator.engine import Session

    try:
        Session(shipped_file("digits").read_bytes(), "the digits extractor", device="cuda")
    except GanzooError as error:
        return [f"the CUDA provider does not load ({error}); its CUDA and cuDNN versions must be on the library path"]
    echo("the CUDA provider loads")
    return []


def _report_extractor() -> None:
    """Which extractor sees images that no classifier knows; not a problem, as digits and points need none."""
    from ganzoo.extractors.natural import DEFAULT, INSTALL, available

    seen = f"'{DEFAULT}'" if available(DEFAULT) else f"'pixels', which sees little; {INSTALL} brings a network"
    echo(f"\nimages of your own are scored by {seen}")


def _report_plugins() -> list[str]:
    """Each plugin is loaded in a process of its own, so that none can keep the doctor from speaking."""
    from ganzoo.plugin.status import survey

    _, zoo = common.open_zoo()
    seen = survey(zoo, COMMANDS)
    fine = sorted(seen.working("variant"))
    echo(f"\nvariants: {', '.join(fine) or 'none'}")
    for each in seen.standings:
        if each.state not in ("ok", "broken"):
            echo(f"{each.kind} {each.origin.name} ({each.origin}): {each.state}")
    for note in seen.notes:
        echo(f"note: {note}", err=True)
    none = [] if fine else ["no variant works; 'pip install ganzoo-torch' brings dcgan, wgan and infogan"]
    return [*seen.causes, *none]
