"""Which combinations of the workbench's blocks make no sense, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.gan import GanOptions

LABELLED = ("nonsaturating", "minimax", "lsgan")
"""Losses that have a label for real samples."""
UNBOUNDED = ("none", "consistency")
"""Penalties that leave a critic's slope without a bound."""


def network(o: GanOptions, shape: tuple[int, ...]) -> str:
    """The network that ``net`` stands for on data of this shape."""
    if o.net != "auto":
        return o.net
    return "mlp" if len(shape) == 1 else "dcgan"


def fault(o: GanOptions, data: ganzoo.DataSpec) -> str:
    """Why these options cannot be trained on these data, in a sentence; "" where they can."""
    points = data.kind == "points"
    net = network(o, data.shape)
    faults = (
        (
            points and net != "mlp",
            f"net={o.net} makes images, but {data.name} is points: use net=mlp.",
        ),
        (
            points and o.augment != "none",
            f"augment={o.augment} changes images, but {data.name} is points: use augment=none.",
        ),
        (
            points and o.penalty == "consistency",
            f"penalty=consistency shifts images, but {data.name} is points: use another penalty.",
        ),
        (
            net == "mlp" and "instance" in (o.norm, o.norm_g),
            "instance norm needs maps of more than one value, and the layers of net=mlp have none: use layer or batch.",
        ),
        (
            o.norm == "batch" and o.penalty not in UNBOUNDED,
            f"norm=batch mixes the samples of a batch, so that penalty={o.penalty} is no sample's own gradient: "
            "use norm=layer, group, instance, spectral or none.",
        ),
        (
            o.norm == "batch" and o.loss.startswith("relativistic"),
            f"norm=batch with loss={o.loss} normalises real and fake apart, and what they differ by is lost: "
            "use another norm.",
        ),
        (
            o.loss == "wasserstein" and o.penalty in UNBOUNDED and o.norm != "spectral" and not o.clip,
            "loss=wasserstein needs a critic whose slope is bounded: add penalty=gp, norm=spectral or clip=0.01.",
        ),
        (
            o.smoothing < 1 and o.loss not in LABELLED,
            f"smoothing={o.smoothing:g} changes the label of real samples, and loss={o.loss} has none: "
            f"use {', '.join(LABELLED)} or smoothing=1.",
        ),
        (
            o.norm == "spectral" and o.clip > 0,
            "clip bounds weights that norm=spectral then divides by their norm, which undoes it: use one of them.",
        ),
    )
    return next((text for wrong, text in faults if wrong), "")
