"""Datasets by name. ``load`` is the one way in; what it returns is in ``ganzoo.data.base``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.data.base import Dataset, Mixture, Source, Split, quantise, scale
from ganzoo.errors import DataError, UnknownName, UsageError

__all__ = ["Dataset", "Mixture", "Source", "Split", "load", "quantise", "scale"]


def load(reference: str, sources: Mapping[str, Source], data_dir: Path | None = None) -> Dataset:
    """Load the dataset that ``reference`` names: ``mnist``, ``npz:FILE``, ``folder:DIR``, or any other of ``sources``.

    What follows the first colon is the argument. ``data_dir`` is looked into before the user's cache.
    Raises UnknownName, UsageError for an argument that is missing or not wanted, and DataError, also for a dataset of a
    form that nothing could be trained on.
    """
    name, colon, argument = reference.partition(":")
    if name not in sources:
        own = " or ".join(f"{each.name}:{each.argument}" for each in sources.values() if each.argument)
        raise UnknownName("dataset", name, sources, f"For your own data write {own}." if own else "")
    source = sources[name]
    if colon and not source.argument:
        raise UsageError(f"The dataset {name} takes no argument, but '{reference}' gives it one.", f"Write {name}.")
    if source.argument and not argument:
        raise UsageError(
            f"The dataset {name} needs an argument, but '{reference}' has none.", f"Write {name}:{source.argument}."
        )
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(f"The data directory {data_dir} does not exist.", "Create it, or leave --data-dir out.")
    from ganzoo.data.validation import validated

    return validated(source.load(argument, data_dir))
