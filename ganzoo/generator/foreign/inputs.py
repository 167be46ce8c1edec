"""The inputs of a foreign generator: how each is drawn, by ``--latent`` or by what the graph leaves open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import ModelError, UsageError
from ganzoo.generator.causes import DYNAMIC_BATCH
from ganzoo.generator.flags import EXAMPLE_CLASSES, EXAMPLE_SIZE, example, shown, size_of
from ganzoo.types import LatentSpec

if TYPE_CHECKING:
    from ganzoo.generator.engine import Session
    from ganzoo.types import DataSpec, Law

NOISE = ("normal", "uniform")
LABELS = ("labels", "onehot")
FIXED = "fixed"


class ForeignInput(msgspec.Struct, frozen=True, kw_only=True):
    """An input of the foreign graph and its law: one of ``NOISE`` or ``LABELS``, of ``size`` numbers or classes, or
    ``FIXED``, with the same ``value`` in every call.
    """

    name: str
    law: str
    kind: str
    """The element type, as ONNX Runtime spells it: ``float``, ``int64``."""
    shape: tuple[Any, ...]
    """As declared: open dimensions are names or None, a scalar has none."""
    size: int = 0
    value: float = 0.0

    @property
    def text(self) -> str:
        """As ``--latent`` says it."""
        return f"{self.name}:{self.value if self.law == FIXED else self.size}:{self.law}"

    @property
    def tail(self) -> list[int]:
        """The shape after the batch axis that its numbers take."""
        tail = [dim if isinstance(dim, int) else -1 for dim in self.shape[1:]]
        if self.law in ("labels", FIXED):
            return [abs(dim) for dim in tail]
        if tail.count(-1) == 1 and len(tail) > 1:  # one open dimension is the latent's own
            tail[tail.index(-1)] = self.size
        return tail if tail and -1 not in tail else [self.size]

    @property
    def batched(self) -> bool:
        """Whether its first axis is open, which is the batch."""
        return bool(self.shape) and not isinstance(self.shape[0], int)


def read_inputs(
    session: Session, name: str, latents: Sequence[str], data: DataSpec | None, notes: list[str]
) -> list[ForeignInput]:
    """How every input is drawn. Raises UsageError where it must be said or was said wrongly, ModelError where it has no
    batch axis.
    """
    given = {each.name: each for each in (_parsed(text, session, name, data) for text in latents)}
    for key, item in session.inputs.items():
        if key in given:
            continue
        if "int" in item.type and data is not None and data.classes:
            given[key] = _input(key, item, law="labels", size=data.classes)
            notes.append(f"input '{key}' is read as the class label, 0 to {data.classes - 1}")
        else:
            raise UsageError(
                f"{name} has no ganzoo metadata: takes {shown(session.inputs)}, gives {shown(session.outputs)}.",
                f"Say how '{key}' is drawn, for example --latent {example(key, item, data)}.",
            )
    inputs = list(given.values())
    for laws, what in ((NOISE, "latent"), (LABELS, "class label")):
        if sum(each.law in laws for each in inputs) > 1:
            raise UsageError(f"{name} was given more than one {what} input.", "ganzoo draws one z and one label.")
    if all(each.law == FIXED for each in inputs):
        raise UsageError(
            f"{name} was given no input that is drawn.",
            "Add --latent NAME:SIZE:normal, or NAME:CLASSES:labels where it takes a class alone.",
        )
    for each in inputs:
        _check(each, name)
    return inputs


def latent_of(inputs: Sequence[ForeignInput]) -> LatentSpec:
    """What ganzoo draws for these inputs; a graph that takes a class alone leaves its z, of one number, unread."""
    z = next((each for each in inputs if each.law in NOISE), None)
    classes = next((each.size for each in inputs if each.law in LABELS), 0)
    law: Law = "uniform" if z is not None and z.law == "uniform" else "normal"
    return LatentSpec(z_dim=z.size if z is not None else 1, law=law, classes=classes)


def _parsed(text: str, session: Session, name: str, data: DataSpec | None) -> ForeignInput:
    """Read from the right: names may hold colons, as TensorFlow's do, sizes and laws do not."""
    if text in (*NOISE, *LABELS) and len(session.inputs) == 1:
        return _alone(text, session, name, data)
    key, middle, law = ("", "", *text.rsplit(":", 2))[-3:]
    size = int(middle) if middle.isdecimal() and law in (*NOISE, *LABELS) else 0
    value = _number(middle) if law == FIXED else None
    if not key or (size < 1 and value is None):
        raise UsageError(
            f"--latent '{text}' is not NAME:SIZE:LAW.",
            f"The law is one of {', '.join((*NOISE, *LABELS))}; for example z:128:normal or y:10:labels. "
            "NAME:VALUE:fixed gives every call the same number, as in psi:0.7:fixed.",
        )
    if key not in session.inputs:
        raise UsageError(f"{name} has no input '{key}'; it takes {shown(session.inputs)}.")
    return _input(key, session.inputs[key], law=law, size=size, value=value or 0.0)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _alone(law: str, session: Session, name: str, data: DataSpec | None) -> ForeignInput:
    """A law without a name and a size, for the only input."""
    key, item = next(iter(session.inputs.items()))
    size = (data.classes if data else 0) if law == "labels" else size_of(item)
    if not size:
        what = "number of classes" if law == "labels" else "size"
        raise UsageError(
            f"The {what} of {name}'s input '{key}' {item.shape} is open: --latent '{law}' is not enough.",
            f"Give it, for example --latent {key}:{EXAMPLE_CLASSES if law in LABELS else EXAMPLE_SIZE}:{law}.",
        )
    return _input(key, item, law=law, size=size)


def _input(key: str, item: Any, **more: Any) -> ForeignInput:
    kind = item.type.removeprefix("tensor(").removesuffix(")")
    return ForeignInput(name=key, kind=kind, shape=tuple(item.shape or ()), **more)


def _check(each: ForeignInput, name: str) -> None:
    if each.law == FIXED:
        whole = "int" in each.kind or each.kind == "bool"
        if whole and not each.value.is_integer():
            raise UsageError(f"{name}'s input '{each.name}' takes {each.kind} numbers, which {each.value:g} is not.")
        return
    if each.shape == (each.size,) and each.size > 1 and each.law != "labels":
        raise ModelError(f"{name}'s input '{each.name}' {list(each.shape)} has no batch axis.", DYNAMIC_BATCH)
    wanted = 1 if each.law == "labels" else each.size
    if math.prod(each.tail) != wanted:
        raise UsageError(
            f"{name}'s input '{each.name}' takes {each.tail} numbers a sample, but --latent says {wanted}."
        )
