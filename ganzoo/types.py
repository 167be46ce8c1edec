"""The plain objects that cross ganzoo's borders: between core and plugins, and between its layers.

Nothing here computes; nothing here imports NumPy at run time, so that listing variants stays cheap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from ganzoo.options import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]
    FloatArray = NDArray[np.float32]
    IndexArray = NDArray[np.int64]

API_VERSION = 1
SELF = "self:"
"""What begins the columns of metrics.csv that runs reported of themselves."""

Kind = Literal["image", "points"]
Law = Literal["normal", "uniform"]
IMPORTED = "imported"
"""Stands where a package's name would, for generators that were trained elsewhere."""
TRAINED = ("model", "comparator")
"""Roles of what learns: its seeds differ, and its generator can die. A comparator, such as a VAE, is no GAN."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a paper fixes and implementations silently differ in; printed by ``ganzoo info``."""

    loss: str
    optimiser: str
    update_order: str
    n_critic: str = "1"
    step_counts: str = "generator updates"
    latents: str = "fresh z for each network's step"
    batches: str = "real and fake apart"
    ema: str = "off unless the option ema > 0"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run while it is made and by no other file of it: words on its variant and on its data."""

    summary: str
    paper: str
    facts: Facts
    rows: int
    """Of the training split."""
    notes: tuple[str, ...] = ()
    """What was chosen when the data were read, in sentences."""


class ImportedFrom(msgspec.Struct, frozen=True, kw_only=True):
    """Where a generator comes from that was not trained here."""

    file: str
    """The name of the ONNX file that was added."""
    sha256: str
    flags: tuple[str, ...] = ()
    """How it was read, as words of the command line; none of a file of ganzoo's own."""
    source: str = ""
    """What who added it said of where it lies."""
    added_utc: str = ""


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """The latent inputs a variant's generator takes.

    A size is a number or the name of the option that holds it. ``labels`` adds the class label ``y``: always, or where
    the option of that name is true. ``noise`` is how many maps of noise as large as the images there are; images only.
    """

    z: int | str = "z_dim"
    law: Law = "normal"
    labels: bool | str = False
    categorical: int | str = 0
    continuous: int | str = 0
    noise: int | str = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a variant's own, such as the error of a classifier in it. Nobody else measures it, nobody is ranked.

    ``direction`` says where better is, ``help`` on one line what the number is. Every run gives each number that is
    declared, by ``run.report`` or from the hook ``measure``; one that needs labels is left out where there are none.
    """

    name: str
    direction: Literal["up", "down", "none"]
    help: str


class ClassScore(msgspec.Struct, frozen=True, kw_only=True):
    """One class; the estimates are None where it has too few rows, and ``reason`` says so."""

    label: int
    """Its number in the data; the place of its name where classes have names."""
    name: str
    n_fake: int
    n_real: int
    fid: Estimate | None = None
    precision: Estimate | None = None
    recall: Estimate | None = None
    reason: str = ""


class SelfReported(Report, frozen=True, kw_only=True):
    """Such a number with the value that a run gave, as run.json and score.json keep it."""

    value: float
    se: float | None = None
    n: int = 0

    @property
    def column(self) -> str:
        """What it is called in metrics.csv: no metric's column has such a name."""
        return f"{SELF}{self.name}:{self.direction}"


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """What ``describe()`` returns: everything the core must know before any framework is imported."""

    name: str
    backend: str
    summary: str
    paper: str
    options: type[Options]
    facts: Facts
    inputs: Inputs = Inputs()
    takes: tuple[Kind, ...] = ("image",)
    sizes: tuple[int, int] = (8, 64)
    labelled: bool = False
    """Whether it learns from class labels though its generator takes none; one that takes them needs them anyway."""
    role: Literal["model", "floor", "ceiling", "comparator"] = "model"
    """Only models are ranked; a "comparator" is trained and shown like one, but is no GAN."""
    reports: tuple[Report, ...] = ()
    api: int = 1
    """The ``ganzoo.API_VERSION`` that the variant was written for."""


class DataSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The form of a dataset. ``shape`` is (C, H, W) for images and (d,) for points; 0 classes: unlabelled."""

    name: str
    kind: Kind
    shape: tuple[int, ...]
    classes: int = 0


class LatentSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The generator's inputs with every size resolved.

    ``z`` float32 [N, z_dim] from N(0, 1) or U(-1, 1); ``y`` int64 [N] below ``classes`` where that is not 0;
    ``c`` float32 [N, categorical + continuous]: a one-hot part, then values from U(-1, 1); ``noise`` float32
    [N, maps, H, W] from N(0, 1), where ``noise`` is (maps, H, W) and not empty.
    """

    z_dim: int
    law: Law = "normal"
    classes: int = 0
    categorical: int = 0
    continuous: int = 0
    noise: tuple[int, ...] = ()

    @property
    def code_dim(self) -> int:
        """Width of ``c``; 0 where the generator takes no codes."""
        return self.categorical + self.continuous

    @property
    def numbers(self) -> int:
        """How many float32 numbers the inputs of one sample are."""
        return self.z_dim + self.code_dim + (math.prod(self.noise) if self.noise else 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The input names of the ONNX file, in order."""
        present = (("z", True), ("y", self.classes > 0), ("c", self.code_dim > 0), ("noise", bool(self.noise)))
        return tuple(name for name, given in present if given)


class Estimate(msgspec.Struct, frozen=True):
    """A metric's value, its standard error (None where none is known) and the sample size behind it."""

    value: float
    se: float | None = None
    n: int = 0
    total: float | None = None
    """The standard error with the reference drawn anew, too, for a claim about the data's law; None where not known."""


class Checkpointable(Protocol):
    """What a training loop hands to the run so that it can be stopped anywhere and resumed bit for bit."""

    def state_arrays(self) -> dict[str, Array]:
        """Everything the next step depends on: weights, optimiser moments and counters, EMA."""

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Put back what ``state_arrays`` gave."""


class TrainData(Protocol):
    """The training split as a plugin sees it."""

    @property
    def spec(self) -> DataSpec:
        """The form of the data."""

    @property
    def x(self) -> Array:
        """Images uint8 [N, C, H, W] in 0..255, or points float32 [N, d]."""

    @property
    def y(self) -> IndexArray | None:
        """Class labels int64 [N], or None."""

    def scaled(self) -> FloatArray:
        """All of ``x`` as float32: images in [-1, 1] (x / 127.5 - 1), points unchanged."""


class TrainRun(Protocol):
    """The one argument of the ``train`` hook: data, options, randomness, steps and logging.

    Randomness is stateless: every draw is a pure function of (seed, stream, tick), so a resumed run sees the
    same numbers as one that never stopped. A tick is any counter of the plugin's own, usually the step.
    """

    data: TrainData
    options: Any
    """The plugin's own Options object."""
    seed: int
    device: str
    """"cpu" or "cuda", already checked by the core where it can."""
    latent: LatentSpec

    def indices(self, batch: int, tick: int, ticks: int | None = None) -> IndexArray:
        """Rows of the training split, drawn uniformly: int64 [batch], or [ticks, batch] from ``tick`` on."""

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "train") -> dict[str, Array]:
        """Generator inputs ``z`` (and ``y``, ``c``, ``noise``) for one tick: [batch, ...], or [ticks, batch, ...]."""

    def steps(self, total: int, *, state: Checkpointable) -> Iterator[int]:
        """Yield 0 … total-1, from where an earlier attempt stopped.

        Restores ``state`` first, shows progress, saves it now and then and at the end, and stops cleanly
        (Interrupted) on a signal, after the step in hand.
        """

    def chunks(self, total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        """Like ``steps``, but yields ranges of up to ``size`` steps, for loops compiled over several steps."""

    def log(self, **scalars: Any) -> None:
        """Offer the scalars of the step in hand; they are read (and checked for a divergence) only when due.

        Pass framework scalars as they are: reading them every step would stall the device.
        """

    def report(self, **numbers: Any) -> None:
        """Report numbers of the variant's own, each a number or an ``Estimate`` with its standard error and n.

        The last value of each name counts, across a resume, too. What is not declared, or not finite, is left out
        with a note on the run.
        """


class MeasureRun(Protocol):
    """The second argument of the ``measure`` hook: the run that has ended, and samples that it never saw."""

    data: TrainData
    heldout: TrainData
    """The held-out split of the dataset, labelled where ``data`` is."""
    options: Any
    seed: int
    device: str
    latent: LatentSpec

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "measure") -> dict[str, Array]:
        """Generator inputs as in training, by default of a stream that the training does not see."""
