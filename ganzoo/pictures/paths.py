"""Ways through the space of latents: from one z to another, and along one code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import UsageError

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.types import Array, FloatArray, Law

STEPS = 9
"""Values of a code that is continuous."""
FAR = 2.0
"""How far a continuous code, and a coordinate of a normal z, is followed to either side (Chen et al. 2016, figure 2):
a code was trained on -1 to 1."""
_PARALLEL = 1e-6


def between(first: FloatArray, last: FloatArray, steps: int, law: Law) -> FloatArray:
    """``steps`` points from ``first`` [d] to ``last`` [d], both among them bit for bit: float32 [steps, d].

    Of a normal z along the great circle, as White 2016 (arXiv:1609.04468, section 2.1) has it: on the straight line
    between two of them lie points nearer to 0 than any that a generator was trained on. Of a uniform z in a straight
    line. Raises UsageError for fewer than two steps.
    """
    if steps < 2:
        raise UsageError(f"There are no {steps} pictures from one sample to another.", "Ask for 2 or more.")
    a, b = first.astype(np.float64), last.astype(np.float64)
    t = np.linspace(0, 1, steps)[:, None]
    weights = _great_circle(a, b, t) if law == "normal" else (1 - t, t)
    return (weights[0] * a + weights[1] * b).astype(np.float32)


def _great_circle(a: Array, b: Array, t: Array) -> tuple[Array, Array]:
    """The weights of both ends; those of the straight line where both lie on one line through 0."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    angle = np.arccos(np.clip(a @ b / lengths, -1, 1)) if lengths else 0.0
    if np.sin(angle) < _PARALLEL:
        return 1 - t, t
    return np.sin((1 - t) * angle) / np.sin(angle), np.sin(t * angle) / np.sin(angle)


@dataclass(frozen=True)
class Axis:
    """One input of a generator, or a part of it, and the values that it is given in turn."""

    name: str
    about: str
    """What it is, for a reader of the picture."""
    labels: tuple[str, ...]
    """Of the values, in order."""
    input: str
    columns: slice | None
    """Which columns of the input; None: all of it."""
    values: Array
    ordered: bool
    """Whether the values lie on a line; else they are classes."""

    def at(self, inputs: dict[str, Array], value: int) -> dict[str, Array]:
        """The inputs with this one at its value number ``value``, in every row; the others are as they were."""
        changed = inputs[self.input].copy()
        if self.columns is None:
            changed[:] = self.values[value]
        else:
            changed[:, self.columns] = self.values[value]
        return {**inputs, self.input: changed}

    def each(self, inputs: dict[str, Array]) -> Iterator[dict[str, Array]]:
        """The inputs at every value in turn."""
        for value in range(len(self.labels)):
            yield self.at(inputs, value)


def axis_of(generator: Generator, name: str) -> Axis:
    """What a generator is varied along: ``c0``, ``c1`` … its codes, the categorical one first; ``y`` its classes;
    ``z0``, ``z1`` … the coordinates of z. Raises UsageError, which names those that it has, for another.
    """
    latent = generator.latent
    kind, digits = name[:1], name[1:]
    number = int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 10 else -1
    if name == "y" and latent.classes:
        return class_axis(generator)
    if kind == "c" and 0 <= number < len(_code_names(generator)):
        return _code_axis(generator, name, number)
    if kind == "z" and 0 <= number < latent.z_dim:
        far = FAR if latent.law == "normal" else 1.0
        return _line(name, "a coordinate of z", "z", number, far)
    raise UsageError(
        f"{generator.info.variant} has no code '{name}'; it has {_listed(generator)}.",
        "" if latent.code_dim else "Codes with a meaning are those of InfoGAN: 'ganzoo train infogan'.",
    )


def class_axis(generator: Generator) -> Axis:
    """All that a generator can be told to draw: its classes, or else its categorical code. Raises UsageError for one
    that takes neither.
    """
    latent = generator.latent
    if latent.classes:
        values = np.arange(latent.classes, dtype=np.int64)
        return Axis("y", "the class", generator.class_names, "y", None, values, ordered=False)
    if not latent.categorical:
        raise UsageError(
            f"{generator.info.variant} takes neither a class nor a categorical code to draw a row for each.",
            "Leave that out: its samples are drawn as they come.",
        )
    return _code_axis(generator, "c0", 0)


def _code_axis(generator: Generator, name: str, number: int) -> Axis:
    categorical = generator.latent.categorical
    if categorical and number == 0:
        onehot = np.eye(categorical, dtype=np.float32)
        labels = tuple(map(str, range(categorical)))
        return Axis(name, "the categorical code", labels, "c", slice(0, categorical), onehot, ordered=False)
    column = categorical + number - (1 if categorical else 0)
    return _line(name, "a continuous code, trained on −1 to 1", "c", column, FAR)


def _line(name: str, about: str, key: str, column: int, far: float) -> Axis:
    values = np.linspace(-far, far, STEPS, dtype=np.float32)[:, None]
    labels = tuple(f"{value:g}".replace("-", "−") for value in values[:, 0])
    return Axis(name, about, labels, key, slice(column, column + 1), values, ordered=True)


def _code_names(generator: Generator) -> Sequence[str]:
    latent = generator.latent
    return [f"c{i}" for i in range((1 if latent.categorical else 0) + latent.continuous)]


def _listed(generator: Generator) -> str:
    latent, names = generator.latent, list(_code_names(generator))
    last = f"z0 to z{latent.z_dim - 1}" if latent.z_dim > 1 else "z0"
    classes = ["y (its class)"] if latent.classes else []
    return f"{', '.join([*names, *classes])} and {last}" if names or classes else f"no codes, only {last}"
