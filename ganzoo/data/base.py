"""What a dataset is, once loaded: NumPy arrays, a fixed split and a digest of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo.types import DataSpec, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ganzoo.types import Array, FloatArray, IndexArray


@dataclass(frozen=True)
class Split:
    """Samples of one split: ``x`` uint8 [N, C, H, W] or float32 [N, d]; ``y`` int64 [N] or None."""

    spec: DataSpec
    x: Array
    y: IndexArray | None = None

    def __len__(self) -> int:
        return len(self.x)

    def scaled(self) -> FloatArray:
        """``x`` as float32: images in [-1, 1] (x / 127.5 - 1), points unchanged."""
        return scale(self.spec.kind, self.x)


def scale(kind: Kind, x: Array) -> FloatArray:
    """Stored values to the generator's range: uint8 images to float32 [-1, 1], points to float32."""
    import numpy as np

    values = x.astype(np.float32)
    if kind == "image":
        values /= 127.5
        values -= 1
    return values


def quantise(x: FloatArray) -> Array:
    """Generator images in [-1, 1] to uint8, rounded half to even and clipped: the inverse of ``scale``."""
    import numpy as np

    values: Array = np.clip(np.rint((x + 1) * 127.5), 0, 255).astype(np.uint8)
    return values


@dataclass(frozen=True)
class Mixture:
    """The known modes of a synthetic dataset: centres float64 [k, d], isotropic standard deviation."""

    centres: NDArray[np.float64]
    std: float


@dataclass(frozen=True)
class Dataset:
    """A loaded dataset. ``heldout`` is never trained on: real-vs-real floors and memorisation need it."""

    spec: DataSpec
    train: Split
    heldout: Split
    class_names: tuple[str, ...] = ()
    mixture: Mixture | None = field(default=None)
    notes: tuple[str, ...] = ()
    """What was chosen when it was read, in sentences; no part of its digest."""

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over the form and every value of both splits."""
        import numpy as np

        h = hashlib.sha256(msgspec.json.encode(self.spec, order="deterministic"))
        for split in (self.train, self.heldout):
            for part in (split.x, split.y):
                if part is not None:
                    h.update(str((part.shape, part.dtype.str)).encode())
                    h.update(np.ascontiguousarray(part).data)
        return h.hexdigest()[:12]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset by name, loaded when asked for.

    ``load(argument, data_dir)`` gets what follows the colon in ``npz:FILE`` (empty without one) and the ``--data-dir``.
    """

    name: str
    summary: str
    kind: Kind
    load: Callable[[str, Path | None], Dataset]
    argument: str = ""
    """What follows the colon, as shown in help ("FILE", "DIR"); empty where the name stands alone."""
    files: tuple[str, ...] = ()
    """Files looked for in the data directory, then in the user's cache, then downloaded."""
