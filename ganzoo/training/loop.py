"""The outside of a training loop: steps, checkpoints, logging, stopping. A plugin's train hook gets it as ``run``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ganzoo.errors import GanzooError, Interrupted
from ganzoo.latents import TrainStreams
from ganzoo.training.divergence import Watch
from ganzoo.training.reports import NOTHING, Told

if TYPE_CHECKING:
    from ganzoo.options import Options
    from ganzoo.types import Array, Checkpointable, IndexArray, LatentSpec, Report, TrainData

Observer = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Checkpoint:
    """The state after ``step`` generator updates that took ``seconds`` in all, and ``cpu_seconds`` of this process."""

    step: int
    seconds: float
    arrays: Mapping[str, Array]
    cpu_seconds: float = 0.0
    note: str = ""
    """What a reader of the resumed run must know of how it was loaded."""
    told: Told = NOTHING
    """The variant's own numbers up to here."""


class Checkpoints(Protocol):
    """Where a loop keeps its last state."""

    def load(self) -> Checkpoint | None:
        """The last state saved, or None before the first."""

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the last state, at once or not at all."""


class MemoryCheckpoints:
    """Checkpoints that live as long as the process: for tests and for training without a folder."""

    def __init__(self) -> None:
        self.last: Checkpoint | None = None

    def load(self) -> Checkpoint | None:
        """The last state saved."""
        return self.last

    def save(self, checkpoint: Checkpoint) -> None:
        """Keep a copy of the state."""
        arrays = {name: value.copy() for name, value in checkpoint.arrays.items()}
        self.last = Checkpoint(
            checkpoint.step, checkpoint.seconds, arrays, checkpoint.cpu_seconds, told=checkpoint.told
        )


class Framing(Protocol):
    """Who keeps frames of a training: what its generator makes of the same latents."""

    def wants_frame(self, part: range) -> bool:
        """Whether one is due after this part."""

    def framed(self, checkpoint: Checkpoint) -> AbstractContextManager[None]:
        """Keep a frame of this state; within, its generator need not be built again."""

    def go_on_from(self, step: int) -> None:
        """Forget frames of later steps, which will be taken again; 0 for a training that begins."""


class NoFrames:
    """Nobody keeps any."""

    def wants_frame(self, part: range) -> bool:
        """Never."""
        return False

    def framed(self, checkpoint: Checkpoint) -> AbstractContextManager[None]:
        """Nothing is kept."""
        return nullcontext()

    def go_on_from(self, step: int) -> None:
        """There is nothing to forget."""


def ignore_events(event: str, fields: dict[str, Any]) -> None:
    """The observer that observes nothing."""


class Loop:
    """Implements ``ganzoo.TrainRun``; see there for what a plugin may rely on."""

    def __init__(
        self,
        *,
        data: TrainData,
        options: Options,
        seed: int,
        latent: LatentSpec,
        device: str = "cpu",
        checkpoints: Checkpoints | None = None,
        observer: Observer = ignore_events,
        checkpoint_seconds: float = 30.0,
        log_every: int = 100,
        watch: Watch | None = None,
        frames: Framing | None = None,
        declared: Sequence[Report] = (),
    ) -> None:
        self.data = data
        self.options: Any = options
        self.seed = seed
        self.latent = latent
        self.device = device
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.steps_done = 0
        self.declared = declared
        self.told = NOTHING
        self._checkpoints = checkpoints or MemoryCheckpoints()
        self._observer = observer
        self._checkpoint_seconds = checkpoint_seconds
        self._log_every = log_every
        self._watch = watch or Watch()
        self._frames = frames or NoFrames()
        self._state: Checkpointable | None = None
        self._streams = TrainStreams(latent, seed, len(data.x))
        self._stop_reason = ""
        self._part = range(0)
        self._total = 0

    def request_stop(self, reason: str) -> None:
        """Save the state and raise Interrupted after the step in hand; safe to call from a signal handler."""
        self._stop_reason = reason

    def indices(self, batch: int, tick: int, ticks: int | None = None) -> IndexArray:
        """Rows of the training data for this tick, shuffled epoch by epoch."""
        return self._streams.indices(batch, tick, ticks)

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "train") -> dict[str, Array]:
        """Latent inputs for this tick: float32 ``z``, with ``y``, ``c`` and ``noise`` where the model takes them."""
        return self._streams.latents(batch, tick, ticks, stream)

    def steps(self, total: int, *, state: Checkpointable) -> Iterator[int]:
        """Steps still to do, the state restored before the first."""
        for part in self.chunks(total, state=state, size=1):
            yield part.start

    def chunks(self, total: int, *, state: Checkpointable, size: int) -> Iterator[range]:
        """Steps still to do, up to ``size`` at a time; chunks start at multiples of ``size``, also after a resume."""
        self._total = total
        self._state = state
        self._restore(state)
        first = self.steps_done
        resumed, before = time.perf_counter(), self.seconds
        cpu_resumed, cpu_before = time.process_time(), self.cpu_seconds
        saved = resumed
        while self.steps_done < total:
            begin = self.steps_done
            self._part = range(begin, min(begin - begin % size + size, total))
            yield self._part
            self.steps_done = self._part.stop
            now = time.perf_counter()
            self.seconds = before + now - resumed
            self.cpu_seconds = cpu_before + time.process_time() - cpu_resumed
            if self.steps_done < total:
                self._look(state)
            if self._stop_reason:
                self._save(state)
                raise Interrupted(
                    f"Stopped by {self._stop_reason} after step {self.steps_done} of {total}.",
                    "The same command goes on from there.",
                )
            if now - saved >= self._checkpoint_seconds and self.steps_done < total:
                self._save(state)
                saved = time.perf_counter()
        if self.steps_done > first:
            self._save(state)

    def _look(self, state: Checkpointable) -> None:
        """Look at the state after the part in hand, and keep a frame of its generator, where either is due."""
        looks, framed = self._watch.wants_state(self._part), self._frames.wants_frame(self._part)
        if not (looks or framed):
            return
        checkpoint = self._checkpoint(state)
        with self._frames.framed(checkpoint) if framed else nullcontext():
            if looks:
                self._watch.state(checkpoint, self._part, self._total)

    def log(self, **scalars: Any) -> None:
        """Write scalars to log.csv and to observers, at every step that is logged; look at them there and early on."""
        part = self._part
        logged = part.stop // self._log_every != part.start // self._log_every or part.stop == self._total
        if not logged and not self._watch.wants_losses(part):
            return
        read = {name: float(value) for name, value in scalars.items()}
        self._watch.losses(part.stop, self._total, read)
        if logged:
            self._observer("step", {"step": part.stop, "total": self._total, "seconds": self.seconds, "scalars": read})

    def report(self, **numbers: Any) -> None:
        """Keep the last value of each number, or what is wrong with it, for the end of the run.

        Beside a loop that a run which goes on has long left behind, the numbers of the checkpoint stand: the state is
        that of a later step.
        """
        if self.steps_done <= self._total:
            self.told = self.told.and_then(self.declared, numbers)

    def keep_last_finite(self) -> Checkpoint | None:
        """After a divergence: save the last finite state that is known, and return it; None where there is none."""
        self.steps_done = max(self.steps_done, self._part.stop)
        kept = [self._saved(), self._watch.early]
        if self._state is not None:
            try:
                now = self._checkpoint(self._state)
                self._watch.require_finite(now.arrays, now.step, self._total)
                kept.append(now)
            except Exception:  # noqa: BLE001 - not finite, or the plugin cannot give it: an earlier one is kept
                pass
        last = max((each for each in kept if each is not None), key=lambda each: each.step, default=None)
        if last is not None and last is not kept[0]:
            self._checkpoints.save(last)
        return last

    def _saved(self) -> Checkpoint | None:
        try:
            return self._checkpoints.load()
        except GanzooError:  # damaged
            return None

    def _restore(self, state: Checkpointable) -> None:
        checkpoint = self._checkpoints.load()
        self._frames.go_on_from(checkpoint.step if checkpoint else 0)
        if checkpoint is None:
            return
        state.load_arrays(checkpoint.arrays)
        self._watch.require_finite(checkpoint.arrays, checkpoint.step, self._total)
        if checkpoint.step != self.steps_done:  # else it is our own, and there may be newer numbers
            self.told = checkpoint.told
        self.steps_done = checkpoint.step
        self.seconds = checkpoint.seconds
        self.cpu_seconds = checkpoint.cpu_seconds
        self._observer("resumed", {"step": checkpoint.step, "total": self._total})
        if checkpoint.note:
            self._observer("warning", {"text": checkpoint.note})

    def _save(self, state: Checkpointable) -> None:
        checkpoint = self._checkpoint(state)
        self._watch.require_finite(checkpoint.arrays, checkpoint.step, self._total)
        self._checkpoints.save(checkpoint)
        self._watch.early = None

    def _checkpoint(self, state: Checkpointable) -> Checkpoint:
        return Checkpoint(self.steps_done, self.seconds, state.state_arrays(), self.cpu_seconds, told=self.told)
