"""Foreign graphs whose batch axis is fixed: found out, and run on so many samples at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.errors import ModelError
from ganzoo.generator.causes import DYNAMIC_BATCH
from ganzoo.generator.declared import check_sample
from ganzoo.generator.engine import Session
from ganzoo.generator.foreign.checks import TRIED
from ganzoo.generator.foreign.inputs import FIXED
from ganzoo.generator.foreign.wrap import RAW, in_parts
from ganzoo.generator.graphs import every_tensor
from ganzoo.latents import samples

if TYPE_CHECKING:
    import onnx

    from ganzoo.generator.foreign.inputs import ForeignInput
    from ganzoo.types import Array, LatentSpec

LARGEST = 1024
"""A larger number in a graph is not tried as the size of its batches."""


def first_samples(
    model: onnx.ModelProto, inputs: Sequence[ForeignInput], latent: LatentSpec, name: str, notes: list[str]
) -> Array:
    """The first samples of a graph that takes our inputs, in its own form.

    One that takes batches of one size only is changed to be run on such, which is noted. Raises ModelError where the
    graph does not run.
    """
    session = Session(model.SerializeToString(), name, device="cpu")
    size = _declared(inputs, name)
    check_sample(latent, (), name, at_once=size or TRIED)
    if size is None and not all(_takes(session, latent, n) for n in (TRIED, 1)):
        size = next((n for n in _candidates(model) if _takes(session, latent, n)), None)
    x = _run(session, latent, size or TRIED, name)
    if size is None:
        return x
    notes.append(f"its batch axis is fixed at {size}: samples are made {'one' if size == 1 else size} at a time")
    in_parts(model, latent, size, x.shape[1:], name)
    return _run(Session(model.SerializeToString(), name, device="cpu"), latent, TRIED, name)


def _declared(inputs: Sequence[ForeignInput], name: str) -> int | None:
    """The batch size that the inputs state; None where all leave it open."""
    drawn = [each for each in inputs if each.law != FIXED and each.shape and not each.batched]
    sizes = {each.shape[0]: each.name for each in drawn}
    if len(sizes) > 1:
        found = ", ".join(f"{size} of '{key}'" for size, key in sizes.items())
        raise ModelError(f"{name} takes batches of different fixed sizes: {found}.", DYNAMIC_BATCH)
    return next(iter(sizes), None)


def _candidates(model: onnx.ModelProto) -> list[int]:
    """Batch sizes worth a try: one, and the first numbers of the shapes that the graph holds."""
    from onnx import TensorProto, numpy_helper

    stored = (each for each in every_tensor(model) if each.data_type == TensorProto.INT64 and len(each.dims) == 1)
    first = (numpy_helper.to_array(each)[:1] for each in stored)
    return sorted({1, TRIED, *(int(value) for each in first for value in each if 1 < value <= LARGEST)})


def _takes(session: Session, latent: LatentSpec, size: int) -> bool:
    """Whether the graph gives ``size`` samples for as many inputs."""
    try:
        return session.run(samples(latent, 0, 0, size))[RAW].shape[:1] == (size,)
    except ModelError:
        return False


def _run(session: Session, latent: LatentSpec, size: int, name: str) -> Array:
    x = session.run(samples(latent, 0, 0, size))[RAW]
    if x.shape[:1] != (size,):
        raise ModelError(
            f"{name} gave samples {x.shape} for a batch of {size}: its batch axis is fixed.", DYNAMIC_BATCH
        )
    return x
