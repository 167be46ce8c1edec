"""The stepper with options that do not all go together, and the hook that says which of them cannot be trained."""

from __future__ import annotations

from typing import Annotated, Literal

import stepper
from stepper import export, sample, train

import ganzoo

__all__ = ["describe", "export", "sample", "train", "validate"]


class Options(stepper.Options, frozen=True):
    """``pace`` changes nothing but what may stand beside it."""

    pace: Annotated[Literal["calm", "bold", "mad"], ganzoo.option("how careful it is")] = "calm"

    def __post_init__(self) -> None:
        if self.pace == "mad" and self.steps > 20:
            raise ValueError(f"pace=mad takes at most 20 steps, not {self.steps}.")


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    return ganzoo.Variant(
        name="choosy",
        backend="numpy",
        summary="small steps of a careful kind",
        paper="none: a test",
        options=Options,
        facts=ganzoo.Facts(loss="moment", optimiser="momentum", update_order="one"),
        sizes=(8, 16),
    )


@ganzoo.hookimpl
def validate(options: Options, data: ganzoo.DataSpec) -> str | None:
    if options.pace == "bold" and options.lr > 0.5:
        return f"pace=bold needs lr of at most 0.5, not {options.lr:g}"
    if options.pace == "mad" and data.shape[0] > 1:
        return "pace=mad takes grey images alone"
    return None
