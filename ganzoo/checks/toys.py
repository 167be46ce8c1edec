"""Small data of every kind, small options, and a training run that lives in memory."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ganzoo import latents
from ganzoo.data.base import Split
from ganzoo.options import resolve
from ganzoo.plugin.compatibility import latent_spec, needs_labels, require_compatible
from ganzoo.training.loop import Checkpoints, Loop
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.options import Options
    from ganzoo.types import Array, Checkpointable, IndexArray, TrainData, Variant

MOST_STEPS = 6
MOST_CHUNK = 2
SMALL = 8
LARGEST_SIDE = 64


def toy_images(shape: tuple[int, int, int] = (1, 8, 8), classes: int = 3, n: int = 192, seed: int = 0) -> Split:
    """Small images [n, C, H, W]: class k is a bright band at its own place, plus noise; 0 classes: no labels."""
    rng = latents.generator(seed, "toy images")
    bands = classes or 3
    y = np.arange(n, dtype=np.int64) % bands
    x = rng.integers(0, 40, (n, *shape))
    width = max(1, shape[2] // bands)
    for label in range(bands):
        x[y == label, :, :, label * width : (label + 1) * width] += 200
    spec = DataSpec(name="toy", kind="image", shape=shape, classes=classes)
    return Split(spec, x.astype(np.uint8), y if classes else None)


def toy_points(n: int = 256, seed: int = 0, classes: int = 0) -> Split:
    """Points [n, 2] from two narrow modes at (±1, 0); with ``classes=2`` the mode is the label."""
    rng = latents.generator(seed, "toy points")
    x = rng.normal(0, 0.05, (n, 2))
    mode = np.arange(n, dtype=np.int64) % 2
    x[:, 0] += np.where(mode, 1.0, -1.0)
    spec = DataSpec(name="toy-points", kind="points", shape=(2,), classes=classes)
    return Split(spec, x.astype(np.float32), mode if classes else None)


def memory_run(
    variant: Variant,
    data: Split,
    options: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    checkpoint_seconds: float = 1e9,
) -> Loop:
    """A run for ``variant`` on ``data`` without a run folder; pass ``checkpoints`` to test a resume.

    Raises the same errors as ``ganzoo train``: UnknownName, OptionError, Incompatible.
    """
    resolved = resolve(variant.options, options or {}, owner=variant.name)
    require_compatible(variant, resolved, data.spec)
    return Loop(
        data=data,
        options=resolved,
        seed=seed,
        latent=latent_spec(variant, resolved, data.spec),
        checkpoints=checkpoints,
        checkpoint_seconds=checkpoint_seconds,
        declared=variant.reports,
    )


@dataclass(frozen=True)
class Form:
    """One form of data that a variant claims to take."""

    name: str
    data: Split


def forms(variant: Variant, options: Options, n: int = 48) -> list[Form]:
    """Toy data of each form that ``variant`` declares: the smallest first, largest images last.

    Images: the smallest grey ones with labels, RGB ones that are not square, and the largest, up to 64 pixels a side.
    All but the first are unlabelled where the variant needs no labels with these options.
    """
    needed = needs_labels(variant, options)
    found: list[Form] = []
    if "points" in variant.takes:
        classes = 2 if needed else 0
        found.append(Form(f"points, {_labels(classes)}", toy_points(n, classes=classes)))
    if "image" in variant.takes:
        low, high = variant.sizes
        top = max(low, min(high, LARGEST_SIDE))
        shapes = [(1, low, low), (3, min(low + 5, top), min(low + 12, top)), (3, top, top)]
        images = [
            Form(f"images {'×'.join(map(str, shape))}, {_labels(classes)}", toy_images(shape, classes, n))
            for number, shape in enumerate(dict.fromkeys(shapes))
            for classes in [3 if needed or not number else 0]
        ]
        found = [images[0], *found, *images[1:]]
    return found


def _labels(classes: int) -> str:
    return f"{classes} classes" if classes else "unlabelled"


def small_options(options: type[Options]) -> dict[str, Any]:
    """Every whole-number option at 8, or as near to it as its default and its bounds allow; the rest stays as it is."""
    hints = typing.get_type_hints(options, include_extras=True)
    small = {}
    for field in msgspec.structs.fields(options):
        bare, *metas = unwrapped(hints[field.name])
        if bare is int and isinstance(field.default, int):
            lowest = max((_lowest(meta) for meta in metas), default=-math.inf)
            small[field.name] = int(max(min(field.default, SMALL), lowest))
    return small


def unwrapped(hint: Any) -> tuple[Any, ...]:
    """The type of an option, then what ``Annotated`` says of it."""
    return typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)


def _lowest(meta: Any) -> float:
    """The smallest whole number that a bound allows."""
    least = getattr(meta, "ge", None)
    above = getattr(meta, "gt", None)
    if above is not None:
        return float(math.floor(above) + 1)
    return -math.inf if least is None else float(math.ceil(least))


class Capped:
    """A ``ganzoo.TrainRun`` that passes everything on, but ends after a few steps and gives short chunks.

    ``before`` hears of each chunk before the plugin gets it: the place to ask for a stop or to raise a signal.
    """

    def __init__(self, run: Any, most: int = MOST_STEPS, before: Callable[[range], None] | None = None) -> None:
        self._run = run
        self._most = most
        self._before = before
        self.data: TrainData = run.data
        self.options: Any = run.options
        self.seed: int = run.seed
        self.device: str = run.device
        self.latent = run.latent

    def indices(self, batch: int, tick: int, ticks: int | None = None) -> IndexArray:
        """Rows that the real run draws."""
        rows: IndexArray = self._run.indices(batch, tick, ticks)
        return rows

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "train") -> dict[str, Array]:
        """Latent inputs that the real run draws."""
        drawn: dict[str, Array] = self._run.latents(batch, tick, ticks, stream)
        return drawn

    def steps(self, total: int, *, state: Checkpointable) -> Iterator[int]:
        """Steps still to do, one at a time."""
        for part in self.chunks(total, state=state, size=1):
            yield part.start

    def chunks(self, total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        """Steps still to do, fewer at a time than a real run."""
        for part in self._run.chunks(min(total, self._most), state=state, size=min(size, MOST_CHUNK)):
            if self._before is not None:
                self._before(part)
            yield part

    def log(self, **scalars: Any) -> None:
        """Pass scalars on to the real run."""
        self._run.log(**scalars)

    def report(self, **numbers: Any) -> None:
        """Pass the variant's own numbers on to the real run."""
        self._run.report(**numbers)
