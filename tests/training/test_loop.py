from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo.errors import Diverged, Interrupted
from ganzoo.latents import TrainStreams
from ganzoo.options import Options
from ganzoo.testing import toy_points
from ganzoo.training.loop import Checkpoint, Loop, MemoryCheckpoints
from ganzoo.types import LatentSpec


class Counter:
    """A state that counts its steps."""

    def __init__(self) -> None:
        self.n = np.zeros(1, np.int64)

    def state_arrays(self) -> dict[str, Any]:
        return {"n": self.n}

    def load_arrays(self, arrays: Any) -> None:
        self.n = arrays["n"].copy()


class Keeping(MemoryCheckpoints):
    """Checkpoints that remember at which steps they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[int] = []

    def save(self, checkpoint: Checkpoint) -> None:
        super().save(checkpoint)
        self.steps.append(checkpoint.step)


def make(checkpoints: MemoryCheckpoints | None = None, **given: Any) -> Loop:
    latent = LatentSpec(z_dim=2)
    return Loop(data=toy_points(), options=Options(), seed=0, latent=latent, checkpoints=checkpoints, **given)


def run(loop: Loop, total: int, state: Counter | None = None, stop_in: int | None = None) -> list[int]:
    state, seen = state or Counter(), []
    for step in loop.steps(total, state=state):
        seen.append(step)
        state.n += 1
        if step == stop_in:
            loop.request_stop("a test")
    return seen


def test_steps_count_from_zero_and_save_at_the_end() -> None:
    kept = Keeping()
    loop = make(kept)
    assert run(loop, 5) == [0, 1, 2, 3, 4]
    assert loop.steps_done == 5
    assert kept.steps == [5]
    assert kept.last is not None
    assert kept.last.arrays["n"].tolist() == [5]


def test_checkpoints_as_often_as_asked_for() -> None:
    kept = Keeping()
    run(make(kept, checkpoint_seconds=0), 4)
    assert kept.steps == [1, 2, 3, 4]


def test_checkpoints_follow_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves ten seconds each time it is read."""
    ticks = iter(range(0, 100_000, 10))
    monkeypatch.setattr("ganzoo.training.loop.time.perf_counter", lambda: float(next(ticks)))
    kept = Keeping()
    run(make(kept, checkpoint_seconds=30), 10)
    assert kept.steps == [3, 6, 9, 10]


def test_stop_saves_after_the_step_in_hand() -> None:
    kept = Keeping()
    with pytest.raises(Interrupted, match="Stopped by a test after step 3 of 10"):
        run(make(kept), 10, stop_in=2)
    assert kept.steps == [3]
    assert kept.last is not None
    assert kept.last.arrays["n"].tolist() == [3]


def test_resume_goes_on_where_it_stopped() -> None:
    kept = Keeping()
    with pytest.raises(Interrupted):
        run(make(kept), 10, stop_in=2)
    events: list[Any] = []
    state = Counter()
    again = make(kept, observer=lambda event, fields: events.append((event, fields)))
    assert run(again, 10, state) == list(range(3, 10))
    assert state.n.tolist() == [10]
    assert events == [("resumed", {"step": 3, "total": 10})]
    assert again.seconds >= kept.last.seconds  # type: ignore[union-attr]


def test_a_finished_run_has_no_steps_left_and_its_state_back() -> None:
    kept = Keeping()
    run(make(kept), 4)
    state = Counter()
    assert run(make(kept), 4, state) == []
    assert state.n.tolist() == [4]
    assert kept.steps == [4]


def test_chunks_are_aligned_also_after_a_resume() -> None:
    kept = Keeping()
    assert list(make(kept).chunks(10, state=Counter(), size=4)) == [range(4), range(4, 8), range(8, 10)]
    odd = MemoryCheckpoints()
    odd.save(Checkpoint(3, 0.0, Counter().state_arrays()))
    assert list(make(odd).chunks(10, state=Counter(), size=4)) == [range(3, 4), range(4, 8), range(8, 10)]


def logged(total: int, log_every: int, size: int = 1) -> list[int]:
    steps: list[int] = []

    def observe(event: str, fields: dict[str, Any]) -> None:
        if event == "step":
            steps.append(fields["step"])
            assert fields["total"] == total
            assert fields["scalars"] == {"loss": 1.5}

    loop = make(observer=observe, log_every=log_every)
    for _ in loop.chunks(total, state=Counter(), size=size):
        loop.log(loss=np.float32(1.5))
    return steps


def test_log_cadence() -> None:
    assert logged(25, 10) == [10, 20, 25]
    assert logged(20, 10) == [10, 20]
    assert logged(3, 10) == [3]


def test_log_cadence_of_chunks_that_jump_over_it() -> None:
    assert logged(40, 10, size=16) == [16, 32, 40]


class Unread:
    """A scalar on a device, which must not be read at every step."""

    def __float__(self) -> float:
        raise AssertionError("read although not due")


def test_scalars_are_read_only_when_due() -> None:
    loop, due = make(log_every=100), {1, 2, 5, 10, 20, 50, 100, 200, 250}
    for step in loop.steps(250, state=Counter()):
        loop.log(loss=1.0 if step + 1 in due else Unread())


def test_early_looks_are_not_logged() -> None:
    """They find what is wrong; log.csv is what it would be without them."""
    assert logged(60, 100) == [60]
    loop = make(log_every=100)
    with pytest.raises(Diverged, match="loss became nan at step 5 of 60"):
        for step in loop.steps(60, state=Counter()):
            loop.log(loss=float("nan") if step > 2 else 1.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_stops_the_run_when_due(value: float) -> None:
    kept = Keeping()
    loop = make(kept, log_every=10)
    with pytest.raises(Diverged, match=r"d_loss became (nan|inf|-inf) at step 10 of 50"):
        for step in loop.steps(50, state=Counter()):
            loop.log(d_loss=value if step > 5 else 1.0)
    assert kept.steps == []


def test_a_loss_that_is_not_finite_is_seen_at_the_end() -> None:
    loop = make(log_every=100)
    with pytest.raises(Diverged, match="step 3 of 3"):
        for step in loop.steps(3, state=Counter()):
            loop.log(loss=float("nan") if step == 2 else 0.0)


def test_memory_checkpoints_keep_copies() -> None:
    kept, state = MemoryCheckpoints(), Counter()
    kept.save(Checkpoint(1, 0.0, state.state_arrays()))
    state.n += 7
    assert kept.load().arrays["n"].tolist() == [0]  # type: ignore[union-attr]


def test_cpu_time_adds_up_over_a_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    """While wall time goes on for the others, CPU time is this process's own."""
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr("ganzoo.training.loop.time.process_time", lambda: float(next(clock)))
    kept = MemoryCheckpoints()
    first = make(kept)
    with pytest.raises(Interrupted):
        run(first, 5, stop_in=1)
    assert first.cpu_seconds == 4  # two readings after the first
    second = make(kept)
    run(second, 5)
    assert second.cpu_seconds == 4 + 6
    assert second.seconds < 1


def test_wall_time_adds_up_over_a_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr("ganzoo.training.loop.time.perf_counter", lambda: float(next(clock)))
    kept = MemoryCheckpoints()
    first = make(kept)
    with pytest.raises(Interrupted):
        run(first, 5, stop_in=1)
    assert first.seconds > 0
    assert kept.last is not None
    assert kept.last.seconds == first.seconds
    second = make(kept)
    run(second, 5)
    alone = make()
    run(alone, 3)
    assert second.seconds == first.seconds + alone.seconds


def test_rows_and_latents_are_those_of_the_streams() -> None:
    """One tick or several, of whatever stream."""
    loop, data = make(), toy_points()
    streams = TrainStreams(LatentSpec(z_dim=2), 0, len(data.x))
    np.testing.assert_array_equal(loop.indices(5, 3), streams.indices(5, 3))
    np.testing.assert_array_equal(loop.indices(5, 3, 4), streams.indices(5, 3, 4))
    assert loop.indices(5, 3, 4).shape != loop.indices(5, 3).shape
    for stream in ("train", "critic"):
        np.testing.assert_array_equal(loop.latents(5, 3, stream=stream)["z"], streams.latents(5, 3, None, stream)["z"])
        several = loop.latents(5, 3, 4, stream)["z"]
        np.testing.assert_array_equal(several, streams.latents(5, 3, 4, stream)["z"])
        assert several.shape[0] == 4
    np.testing.assert_array_equal(loop.latents(5, 3)["z"], streams.latents(5, 3)["z"])
    assert not np.array_equal(loop.latents(5, 3)["z"], loop.latents(5, 3, stream="critic")["z"])
