"""Datasets by name. ``load`` is the one way in; what it returns is in ``ganzoo.data.base``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.data.base import Dataset, Mixture, Source, Split, quantise, scale
from ganzoo.data.reference import parse_dataset
from ganzoo.errors import DataError

__all__ = ["Dataset", "Mixture", "Source", "Split", "load", "quantise", "scale"]


def load(reference: str, sources: Mapping[str, Source], data_dir: Path | None = None) -> Dataset:
    """Load the dataset that ``reference`` names: ``mnist``, ``npz:FILE``, ``folder:DIR``, any other of ``sources``.

    A path alone is read by its form (``ganzoo.data.reference``). ``data_dir`` is looked into before the user's cache.
    Raises UnknownName, UsageError for an argument that is missing or not wanted, and DataError, also for a dataset of a
    form that nothing could be trained on.
    """
    found = parse_dataset(reference, sources, data_dir)
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(f"The data directory {data_dir} does not exist.", "Create it, or leave --data-dir out.")
    from ganzoo.data.validation import validated

    return validated(sources[found.dataset].load(found.argument, data_dir))
