"""The built-in extension: datasets, extractors, metrics and profiles, through the hooks that everybody uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.plugin.hookspecs import hookimpl

if TYPE_CHECKING:
    from ganzoo.data.base import Source
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.metrics.parity_profiles import Profile


@hookimpl
def register_datasets() -> list[Source]:
    """digits, patches, ring, grid and four more sets of points, mnist, stacked-mnist, fashion-mnist, cifar10, npz:FILE,
    folder:DIR.
    """
    from ganzoo.data.builtin import builtin_sources

    return builtin_sources()


@hookimpl
def register_extractors() -> list[ExtractorSource]:
    """The shipped classifiers, points as they are, and pooled pixels for data without a classifier."""
    from ganzoo.extractors.catalogue import builtin_extractors

    return builtin_extractors()


@hookimpl
def register_metrics() -> list[Metric]:
    """FID, IS, KID, precision/recall, density/coverage, Vendi, modes, memorisation, control."""
    from ganzoo.metrics import builtin_metrics

    return builtin_metrics()


@hookimpl
def register_profiles() -> list[Profile]:
    """The metrics as pytorch-fid, torch-fidelity, clean-fid, torchmetrics, StyleGAN and ADM define them."""
    from ganzoo.metrics.parity_profiles import builtin_profiles

    return builtin_profiles()
