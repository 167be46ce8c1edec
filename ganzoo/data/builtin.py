"""The datasets that come with ganzoo. Cheap to import: loaders are imported when a dataset is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.base import Source
from ganzoo.data.published import CIFAR10, FASHION_MNIST, MNIST, IdxSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from ganzoo.data.base import Dataset


def builtin_sources() -> list[Source]:
    """Every built-in dataset, in the order in which lists show them."""
    return [
        Source(name="digits", kind="image", load=_digits, summary="1797 grey 8×8 digits of scikit-learn, offline"),
        Source(
            name="patches", kind="image", load=_patches, summary="9504 colour 32×32 crops of two photographs, offline"
        ),
        Source(name="ring", kind="points", load=_ring, summary="eight Gaussians on a circle (PacGAN), offline"),
        Source(name="grid", kind="points", load=_grid, summary="25 Gaussians on a 5×5 grid (PacGAN), offline"),
        Source(
            name="ring-7", kind="points", load=_ring_7, summary="seven Gaussians on a circle (Unrolled GANs), offline"
        ),
        Source(
            name="8gaussians", kind="points", load=_8gaussians, summary="eight Gaussians on a circle (WGAN-GP), offline"
        ),
        Source(
            name="25gaussians",
            kind="points",
            load=_25gaussians,
            summary="25 Gaussians on a 5×5 grid (WGAN-GP), offline",
        ),
        Source(name="swissroll", kind="points", load=_swissroll, summary="a spiral with noise (WGAN-GP), offline"),
        _idx_source(MNIST, _mnist, "70,000 grey 28×28 digits"),
        Source(
            name="stacked-mnist",
            kind="image",
            load=_stacked_mnist,
            summary="154,000 colour 28×28 images, a digit in each channel",
            files=_idx_names(MNIST),
        ),
        _idx_source(FASHION_MNIST, _fashion_mnist, "70,000 grey 28×28 pieces of clothing"),
        Source(
            name=CIFAR10.name,
            kind="image",
            load=_cifar10,
            summary="60,000 colour 32×32 images of ten classes",
            files=(CIFAR10.binary_archive, CIFAR10.python_archive),
        ),
        Source(name="npz", kind="image", load=_npz, argument="FILE", summary="your arrays: images or points"),
        Source(name="folder", kind="image", load=_folder, argument="DIR", summary="your images, class per subfolder"),
    ]


def _idx_source(published: IdxSet, load: Callable[[str, Path | None], Dataset], summary: str) -> Source:
    return Source(name=published.name, kind="image", load=load, summary=summary, files=_idx_names(published))


def _idx_names(published: IdxSet) -> tuple[str, ...]:
    return tuple(f"{file.name}.gz" for file in published.files)


def _digits(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.digits import load_digits

    return load_digits()


def _patches(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.patches import load_patches

    return load_patches()


def _ring(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mixtures import load_mixture, ring_mixture

    return load_mixture("ring", ring_mixture())


def _grid(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mixtures import grid_mixture, load_mixture

    return load_mixture("grid", grid_mixture())


def _ring_7(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mixtures import RING_7_LOTS, load_mixture, ring_7_mixture

    return load_mixture("ring-7", ring_7_mixture(), RING_7_LOTS)


def _8gaussians(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mixtures import eight_gaussians_mixture, load_mixture

    return load_mixture("8gaussians", eight_gaussians_mixture())


def _25gaussians(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mixtures import load_mixture, twenty_five_gaussians_mixture

    return load_mixture("25gaussians", twenty_five_gaussians_mixture())


def _swissroll(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.swissroll import load_swissroll

    return load_swissroll()


def _mnist(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mnist import load_idx_set

    return load_idx_set(MNIST, data_dir)


def _stacked_mnist(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.stacked import load_stacked

    return load_stacked(MNIST, data_dir)


def _fashion_mnist(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.mnist import load_idx_set

    return load_idx_set(FASHION_MNIST, data_dir)


def _cifar10(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.cifar import load_cifar

    return load_cifar(CIFAR10, data_dir)


def _npz(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.npz import load_npz

    return load_npz(argument, data_dir)


def _folder(argument: str, data_dir: Path | None) -> Dataset:
    from ganzoo.data.folder import load_folder

    return load_folder(argument, data_dir)
