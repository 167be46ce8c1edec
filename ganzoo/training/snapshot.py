"""The generator of a checkpoint, beside a training or after it: to look at it, to keep frames, to draw the last one."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import latents
from ganzoo.errors import Diverged
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.training import frames
from ganzoo.training.divergence import FIRST_VERDICT, HINT, LOOKED_AT, Extent
from ganzoo.training.loop import Loop, MemoryCheckpoints
from ganzoo.training.rehearsal import ROWS, few, same_random_states
from ganzoo.types import TRAINED

if TYPE_CHECKING:
    from ganzoo.data.base import Split
    from ganzoo.generator.contract import GeneratorInfo
    from ganzoo.plugin.manager import Plugin
    from ganzoo.training.frames import FrameFile
    from ganzoo.training.loop import Checkpoint
    from ganzoo.types import Checkpointable, FloatArray


class Snapshots:
    """Has a plugin make the generator of a state: ``train`` is called with a run that has no steps left.

    It gets objects of its own, so that a training that goes on is not touched.
    """

    def __init__(
        self,
        plugin: Plugin,
        data: Split,
        options: Any,
        info: GeneratorInfo,
        device: str,
        file: FrameFile | None = None,
    ) -> None:
        self._plugin = plugin
        self._data = data
        self._options = options
        self._info = info
        self._device = device
        self._extent: Extent | None = None
        self._judged = plugin.variant.role in TRAINED  # a baseline may be as plain as it likes
        self._able = True
        self._file = file if self._judged else None
        self._built: object = None
        """The generator of the state in hand, between a frame of it and a look at it."""

    def fault(self, checkpoint: Checkpoint) -> str:
        """What is wrong with its generator; "" where nothing is, and where the plugin cannot make one here."""
        if not (self._judged and self._able):
            return ""
        try:
            with same_random_states():
                model = self._model(few(self._data), checkpoint) if self._built is None else self._built
                found = self._fault_of(model)
        except Exception:  # noqa: BLE001 - foreign code: a look must not end a training that goes well
            self._able, found = False, ""
        self._give_back()
        return found

    def wants_frame(self, part: range) -> bool:
        """Whether a frame is due after this part, and the plugin can show one."""
        return self._file is not None and frames.is_due(part, self._data.spec.kind)

    @contextmanager
    def framed(self, checkpoint: Checkpoint) -> Iterator[None]:
        """Keep a frame of its generator, which is not built again for a look meanwhile.

        A plugin that cannot give one is not asked again.
        """
        self._keep_frame(lambda: self._model(few(self._data), checkpoint), checkpoint.step)
        try:
            yield
        finally:
            self._built = None
            self._give_back()

    def go_on_from(self, step: int) -> None:
        """Forget frames of later steps."""
        if self._file is not None:
            self._file.go_on_from(step)

    def frame_last(self, model: object, steps: int) -> None:
        """Keep a frame of the finished model."""
        self._keep_frame(lambda: model, steps)
        self._built = None

    def _keep_frame(self, build: Callable[[], object], step: int) -> None:
        if self._file is None:
            return
        try:
            with same_random_states():
                built = build()
                x = self._frame_of(built)
        except Exception:  # noqa: BLE001 - foreign code: a frame must not end a training that goes well
            self._file = None
        else:
            self._built = built
            self._file.add(step, x)

    def require_alive(self, model: object, steps: int) -> None:
        """Raise Diverged for a trained model that is dead or saturated, where it is old enough to be judged."""
        if not self._judged or steps < FIRST_VERDICT:
            return
        try:
            with same_random_states():
                fault = self._fault_of(model)
        except Exception:  # noqa: BLE001 - foreign code that breaks its contract: the export says how
            return
        if fault:
            raise Diverged(f"{fault[0].upper()}{fault[1:]}, after the last step, {steps}.", HINT)

    def _fault_of(self, model: object) -> str:
        """What is wrong with a model, by samples of the framework's own."""
        self._extent = self._extent or Extent.of(_thinned(self._data))
        inputs = latents.samples(self._info.latent, seed=self._info.seed, start=0, count=LOOKED_AT)
        return self._extent.fault(np.asarray(self._plugin.sample(model, inputs)))

    def _frame_of(self, model: object) -> FloatArray:
        """What a model makes of the fixed latents. Raises ValueError for what are no samples."""
        spec = self._data.spec
        x = np.asarray(self._plugin.sample(model, frames.inputs(self._info.latent, spec.kind)), np.float32)
        if x.shape != (frames.COUNT[spec.kind], *spec.shape):
            raise ValueError(f"samples of shape {x.shape}")
        return x

    def _give_back(self) -> None:
        if self._device != "cpu":
            gc.collect()  # a framework's objects are full of cycles: the training needs the memory

    def draw(self, checkpoint: Checkpoint, path: Path) -> bool:
        """Draw samples of its generator, exported but not held to parity; False where that cannot be."""
        from ganzoo.pictures.samples import save_samples

        try:
            with same_random_states(), tempfile.TemporaryDirectory(prefix="ganzoo-snapshot-") as folder:
                raw, finished = Path(folder) / "raw.onnx", Path(folder) / "generator.onnx"
                self._plugin.export(self._model(self._data, checkpoint), raw)
                finalise(raw, finished, self._info)
                save_samples(Generator(finished, device="cpu"), path)
        except Exception:  # noqa: BLE001 - foreign code, and a model that diverged: there may be nothing to draw
            return False
        return True

    def _model(self, data: Split, checkpoint: Checkpoint) -> object:
        return self._plugin.train(_Still(data, self._options, self._info, self._device, checkpoint))


def _thinned(data: Split) -> Split:
    """All points, or images from all over ``data``: they may lie in some order. Labels are not looked at."""
    step = 1 if data.spec.kind == "points" else -(-len(data.x) // ROWS)
    return replace(data, x=data.x[::step], y=None)


class _Still(Loop):
    """A run whose steps are all done: it restores a checkpoint and yields nothing."""

    def __init__(self, data: Split, options: Any, info: GeneratorInfo, device: str, checkpoint: Checkpoint) -> None:
        kept = MemoryCheckpoints()
        kept.save(checkpoint)
        super().__init__(
            data=data, options=options, seed=info.seed, latent=info.latent, device=device, checkpoints=kept
        )

    def chunks(self, total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        """As ``Loop.chunks``, with nothing to do."""
        return super().chunks(0, state=state, size=size)
