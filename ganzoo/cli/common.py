"""What several commands share: options, and the zoo they work on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganzoo.cli.output import echo
from ganzoo.escaping import one_line
from ganzoo.files import expanded

if TYPE_CHECKING:
    from ganzoo.cli.progress import WorkProgress
    from ganzoo.generator.foreign import Reading
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])


class UserPath(click.Path):
    """A path of the user's, where no shell expands ``~``, too: ``--output=~/x.png``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path as a ``Path``."""
        return expanded(os.fsdecode(super().convert(value, param, ctx)))


PATH = UserPath()


def ending(path: Path) -> str:
    """How a file's name ends, in small letters: ".png" for ``A.PNG``."""
    return path.suffix.lower()


data_option = click.option(
    "--data", default="digits", show_default=True, metavar="NAME", help="Dataset, by name or path; see 'ganzoo data'."
)
data_dir_option = click.option("--data-dir", type=PATH, help="Folder with the dataset's files; looked into first.")
device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where to compute."
)
registry_option = click.option("--registry", "registry_path", type=PATH, help="Use this registry.toml.")
runs_option = click.option("--runs", type=PATH, default=Path("runs"), show_default=True, help="The run store.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default="0", help="Seed of all randomness."
)


threads_option = click.option(
    "--threads", type=click.IntRange(1), default=1, show_default=True, help="Compute threads of ONNX Runtime."
)


observe_option = click.option(
    "--observe",
    multiple=True,
    metavar="NAME",
    help="Also write every event of a run as csv, tensorboard, mlflow or by another observer; may be repeated.",
)


def _together(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


reference_options = _together(
    click.option(
        "--data",
        metavar="NAME",
        help="Dataset to compare with, by name or path.  [default: that of the run, or digits]",
    ),
    data_dir_option,
    registry_option,
)
terms_options = _together(
    click.option(
        "--extractor", metavar="NAME", help="Feature extractor; see 'ganzoo extractor list'.  [default: the dataset's]"
    ),
    click.option("--metrics", metavar="A,B", help="Metrics or columns, or 'all'.  [default: all but those on request]"),
    click.option(
        "--profile",
        metavar="NAME",
        default="ganzoo-1",
        show_default=True,
        help="Whose rules: ganzoo-1, one-pass, pytorch-fid, torch-fidelity, clean-fid, torchmetrics, stylegan, adm, "
        "or an extension's.",
    ),
    device_option,
    threads_option,
)
foreign_options = _together(
    click.option(
        "--latent",
        "latents",
        multiple=True,
        metavar="NAME:SIZE:LAW",
        help="An input of an ONNX generator that is not ganzoo's; LAW: normal, uniform, labels, onehot. "
        "NAME:VALUE:fixed is a number that never changes.",
    ),
    click.option("--samples", metavar="NAME", help="Its output that holds the samples.  [default: the only one]"),
    click.option("--layout", type=click.Choice(["nchw", "nhwc"]), help="Its layout.  [default: by the shape]"),
    click.option("--shape", metavar="C,H,W", help="The images that its flat outputs are.  [default: as the data]"),
    click.option(
        "--range",
        "value_range",
        type=click.Choice(["-1,1", "0,1", "0,255"]),
        help="Its range of pixels.  [default: by the last activation]",
    ),
)


def reading_of(given: dict[str, Any]) -> Reading | None:
    """The options of ``foreign_options`` as a reading; None where there are none."""
    said = {name: given[name] for name in ("latents", "samples", "layout", "shape", "value_range") if given[name]}
    if not said:
        return None
    from ganzoo.errors import UsageError
    from ganzoo.generator.foreign import Reading

    if "shape" in said:
        sizes = said["shape"].split(",")
        if not all(size.strip().isdecimal() for size in sizes):
            raise UsageError(f"--shape '{said['shape']}' is not C,H,W.", "Write for example --shape 1,28,28.")
        said["shape"] = tuple(map(int, sizes))
    return Reading(**said)


def terms_of(given: dict[str, Any]) -> dict[str, Any]:
    """The options of ``terms_options`` as the keywords of ``ganzoo.score`` and ``ganzoo.compare``."""
    metrics = tuple(name.strip() for name in (given["metrics"] or "").split(",") if name.strip())
    return {"metrics": metrics} | {name: given[name] for name in ("extractor", "profile", "device", "threads")}


def show_notes(notes: Iterable[str]) -> None:
    """Say on stderr what a reader must know of the samples."""
    for note in notes:
        echo(f"Note: {note}.", err=True)


def shown_progress(title: str) -> WorkProgress:
    """Progress of long work on stderr."""
    from ganzoo.cli.progress import WorkProgress

    return WorkProgress(title)


def open_zoo(registry_path: Path | None = None) -> tuple[Registry, Zoo]:
    """The registry in force and the installed plugins; nothing is imported yet."""
    from ganzoo import registry as registries
    from ganzoo.plugin.manager import Zoo

    registry = registries.load(registry_path)
    return registry, Zoo.discover(registry)


def use_one_thread() -> None:
    """One compute thread unless the user said otherwise (on small nets two are slower); call before NumPy loads."""
    from ganzoo.processes import ONE_THREAD

    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)


def seeds_of(text: str) -> list[int]:
    """Seeds as the command line has them, ``0,1,2``, each once. Raises UsageError."""
    from ganzoo.errors import UsageError

    try:
        seeds = list(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0:
        raise UsageError(f"--seeds takes whole numbers such as 0,1,2, but '{text}' was given.")
    return seeds


def table(header: list[str], rows: list[list[str]]) -> str:
    """Plain aligned columns, two blanks apart; every row is one line."""
    shown = [[one_line(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[i]) for row in shown) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
    return "\n".join(lines)
