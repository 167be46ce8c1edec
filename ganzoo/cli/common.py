"""What several commands share: options, and the zoo they work on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ganzoo.plugins import Zoo
    from ganzoo.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])

data_option = click.option(
    "--data", default="digits", show_default=True, metavar="NAME", help="Dataset; see 'ganzoo data'."
)
data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), help="Folder with the dataset's files; looked into first."
)
device_option = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True, help="Where to compute."
)
registry_option = click.option(
    "--registry", "registry_path", type=click.Path(path_type=Path), help="Use this registry.toml."
)
runs_option = click.option(
    "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="The run store."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all randomness."
)


def open_zoo(registry_path: Path | None = None) -> tuple[Registry, Zoo]:
    """The registry in force and the installed plugins; nothing is imported yet."""
    from ganzoo import registry as registries
    from ganzoo.plugins import Zoo

    registry = registries.load(registry_path)
    return registry, Zoo.discover(registry)


def use_one_thread() -> None:
    """One compute thread unless the user said otherwise (on small nets two are slower); call before NumPy loads."""
    from ganzoo.worker import ONE_THREAD

    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Plain aligned columns, two blanks apart."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [header, *rows]
    ]
    return "\n".join(lines)
