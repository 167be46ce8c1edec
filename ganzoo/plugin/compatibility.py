"""Does this variant take these data, with these options, and what does its generator take then?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import Incompatible, PluginError
from ganzoo.options import Options
from ganzoo.types import DataSpec, LatentSpec, Variant

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Plugin


def require_trainable(plugin: Plugin, options: Options, data: DataSpec) -> None:
    """Raise Incompatible, naming the reason, where the plugin says no to ``data`` or to ``options`` on them."""
    require_compatible(plugin.variant, options, data)
    why = plugin.validate(options, data)
    if why:
        raise Incompatible(
            f"{plugin.variant.name} cannot be trained so on {data.name}: {why.removesuffix('.')}.",
            f"'ganzoo info {plugin.variant.name}' shows its options.",
        )


def require_compatible(variant: Variant, options: Options, data: DataSpec) -> None:
    """Raise Incompatible, naming the reason, where ``variant`` with these options cannot be trained on ``data``."""
    if data.kind not in variant.takes:
        raise Incompatible(
            f"{variant.name} takes {' or '.join(variant.takes)} data, but {data.name} is {data.kind}.",
            "'ganzoo list' shows what each variant takes.",
        )
    if needs_labels(variant, options) and data.classes < 2:
        labels = variant.inputs.labels
        without = f", or set {labels}=false" if isinstance(labels, str) and not variant.labelled else ""
        who = variant.name if variant.labelled else f"{variant.name} is conditional and"
        raise Incompatible(
            f"{who} needs class labels, but {data.name} has none.",
            f"Use labelled data: one subfolder per class, or a 'y' array in the npz{without}.",
        )
    if data.kind == "image":
        _require_size(variant, data)
    elif _size(variant, options, variant.inputs.noise):
        raise Incompatible(f"{variant.name} takes maps of noise as large as the images, and {data.name} is points.")


def _require_size(variant: Variant, data: DataSpec) -> None:
    low, high = variant.sizes
    _, height, width = data.shape
    if not (low <= height <= high and low <= width <= high):
        raise Incompatible(
            f"{variant.name} takes images of {low} to {high} pixels a side, but {data.name} is {width}×{height}.",
            "Resize the images first.",
        )


def takes_labels(variant: Variant, options: Options) -> bool:
    """Whether the generator takes ``y`` with these options. Raises PluginError where that is no option's to say."""
    labels = variant.inputs.labels
    if isinstance(labels, bool):
        return labels
    value = getattr(options, labels, None)
    if not isinstance(value, bool):
        raise PluginError(f"{variant.name} takes labels by its option '{labels}', but has no such option of yes or no.")
    return value


def needs_labels(variant: Variant, options: Options) -> bool:
    """Whether it can be trained on labelled data alone: its generator takes labels, or something else learns them."""
    return variant.labelled or takes_labels(variant, options)


def when_labelled(variant: Variant, phrase: str) -> str:
    """``phrase`` where it needs class labels, with the option that has it need them; "" where it never does."""
    labels = variant.inputs.labels
    if isinstance(labels, str) and not variant.labelled:
        return f"{phrase} with {labels}=true"
    return phrase if variant.labelled or labels else ""


def latent_spec(variant: Variant, options: Options, data: DataSpec) -> LatentSpec:
    """Resolve the declared inputs of a variant against its options and the dataset's classes."""
    inputs = variant.inputs
    maps = _size(variant, options, inputs.noise)
    return LatentSpec(
        z_dim=_size(variant, options, inputs.z),
        law=inputs.law,
        classes=data.classes if takes_labels(variant, options) else 0,
        categorical=_size(variant, options, inputs.categorical),
        continuous=_size(variant, options, inputs.continuous),
        noise=(maps, *data.shape[1:]) if maps else (),
    )


def _size(variant: Variant, options: Options, size: int | str) -> int:
    if isinstance(size, int):
        return size
    value = getattr(options, size, None)
    if not isinstance(value, int):
        raise PluginError(f"{variant.name} says an input's size is its option '{size}', but has no such whole number.")
    return value
