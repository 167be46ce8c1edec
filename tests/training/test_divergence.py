"""What ends a run as diverged, and what must not: large losses, black and white images, baselines without life."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo.data.base import Split
from ganzoo.errors import Diverged, Interrupted
from ganzoo.options import Options
from ganzoo.testing import toy_images, toy_points
from ganzoo.training.divergence import Extent, Losses, Watch
from ganzoo.training.loop import Checkpoint, Loop, MemoryCheckpoints
from ganzoo.types import DataSpec, LatentSpec


class State:
    """A weight, a counter, and an infinity that means "none yet"."""

    def __init__(self) -> None:
        self.arrays: dict[str, Any] = {
            "w": np.ones(3, np.float32),
            "n": np.zeros(1, np.int64),
            "best": np.array(np.inf),
        }

    def state_arrays(self) -> dict[str, Any]:
        return self.arrays

    def load_arrays(self, arrays: Any) -> None:
        self.arrays = {name: value.copy() for name, value in arrays.items()}


def make(watch: Watch | None = None, **given: Any) -> Loop:
    latent = LatentSpec(z_dim=2)
    return Loop(data=toy_points(), options=Options(), seed=0, latent=latent, watch=watch, **given)


def looked(*values: float, name: str = "loss") -> list[bool]:
    """What the looks at one scalar say, a hundred steps apart."""
    losses = Losses()
    return [losses.look(100 * i, 9999, {name: value}) for i, value in enumerate(values, 1)]


def test_losses_that_are_not_finite_name_the_step() -> None:
    with pytest.raises(Diverged, match="g_loss became inf at step 20 of 90"):
        Losses().look(20, 90, {"d_loss": 1.0, "g_loss": float("inf")})


def test_a_loss_explodes_at_the_third_look_in_a_row() -> None:
    with pytest.raises(Diverged, match=r"loss exploded: it is 3e\+06 at step 400 of 9999, and was 0.5 at first"):
        looked(-0.5, 1.1e6, -2e6, 3e6)
    assert looked(-0.5, 1.1e6, 2e6, 9e5, 3e6, 3e6) == [False, *[True] * 5], "a look below it breaks the row"
    assert looked(-0.5, 1.1e6, 2e6)


def test_large_losses_are_no_explosion_where_they_began_large() -> None:
    """Sums over pixels; critics on data of large numbers."""
    assert looked(-1.7e7, 1e8, -9e8, 1.6e9) == [False] * 4


@pytest.mark.parametrize("values", [(1.4, 150.0), (-0.2, -101.0), (1.4, 0.0), (1.4, -9e-7), (0.7, 0.7)])
def test_losses_that_are_a_reason_to_look(values: tuple[float, float]) -> None:
    assert looked(*values) == [False, True]


@pytest.mark.parametrize("values", [(245.0, -275.0, 1.1), (0.77, 4.28, 2.0), (-0.06, 1e-5, 0.2), (-4.9, 90.0)])
def test_losses_of_sound_runs(values: tuple[float, ...]) -> None:
    """Those of wgan, dcgan and wgan-gp."""
    assert not any(looked(*values))


def test_scalars_must_all_stand_still() -> None:
    losses = Losses()
    assert [losses.look(i, 9, {"a": 1.0, "b": b}) for i, b in ((1, 1.0), (2, 2.0), (3, 2.0))] == [False, False, True]


IMAGES = toy_images((1, 4, 4))
SAMPLES = np.linspace(-0.9, 0.9, 8 * 16, dtype=np.float32).reshape(8, 1, 4, 4)


def points(x: Any) -> Split:
    """Training data of these points."""
    return Split(toy_points().spec, x, None)


def black_and_white() -> Split:
    spec = DataSpec(name="bw", kind="image", shape=(1, 4, 4))
    return Split(spec, (IMAGES.x > 100).astype(np.uint8) * 255, None)


def test_a_generator_that_is_alive() -> None:
    assert Extent.of(IMAGES).fault(SAMPLES) == ""
    assert Extent.of(IMAGES).fault(np.float32(0.5) + SAMPLES * np.float32(5e-3)) == "", "collapsed is not dead"
    assert Extent.of(toy_points()).fault(toy_points(8).x * 1000) == "", "far is not lost"


def test_a_generator_that_is_dead() -> None:
    assert "all its samples are the same" in Extent.of(IMAGES).fault(SAMPLES[:1] + SAMPLES * np.float32(1e-4))
    assert "all its samples are the same" in Extent.of(toy_points()).fault(np.ones((8, 2), np.float32))
    same = points(np.tile(np.float32([1, 3]), (9, 1)))
    assert Extent.of(same).fault(same.x[:8]) == "", "as the data are"


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
def test_points_are_held_against_the_range_of_the_data(scale: float) -> None:
    data = toy_points()
    extent = Extent.of(points(data.x * np.float32(scale)))
    assert "all its samples are the same" in extent.fault(np.float32(scale) * (1 + data.x[:8] * np.float32(2e-4)))
    assert extent.fault(data.x[:8] * np.float32(1000 * scale)) == ""
    assert "10,000 times as far out" in extent.fault(data.x[:8] * np.float32(2e4 * scale))


def test_a_generator_that_is_saturated() -> None:
    full = np.sign(SAMPLES)
    assert "every value of its samples is -1 or 1" in Extent.of(IMAGES).fault(full)
    assert Extent.of(black_and_white()).fault(full) == "", "as the data are"
    half = np.where(np.abs(SAMPLES) > 0.1, full, SAMPLES)
    assert Extent.of(IMAGES).fault(half) == ""


def test_a_generator_that_is_lost() -> None:
    assert "10,000 times as far out" in Extent.of(toy_points()).fault(toy_points(8).x * 2e4)
    one_of_many = toy_points(8).x * np.where(np.arange(8) == 3, 2e4, 1)[:, None]
    assert Extent.of(toy_points()).fault(one_of_many) == ""
    assert "not finite" in Extent.of(IMAGES).fault(np.where(SAMPLES > 0.8, np.nan, SAMPLES))


def run(loop: Loop, total: int, state: State, bad: int = -1, *, size: int = 1, loss: float | None = None) -> None:
    """Train; after ``bad`` steps a weight is no number."""
    for part in loop.chunks(total, state=state, size=size):
        state.arrays = {**state.arrays, "n": np.array([part.stop])}
        if bad in part:
            state.arrays["w"][1] = np.nan  # in place: what was handed out must have been copied
        if loss is not None:
            loop.log(loss=loss and loss + part.stop % 7)


@pytest.mark.parametrize(("bad", "seen"), [(2, 5), (70, 90), (89, 90)])
def test_a_state_that_is_not_finite_ends_the_run_and_the_last_finite_one_stays(bad: int, seen: int) -> None:
    kept = MemoryCheckpoints()
    loop = make(checkpoints=kept)
    with pytest.raises(Diverged, match=f"w of the state became not finite by step {seen} of 90"):
        run(loop, 90, State(), bad)
    last = loop.keep_last_finite()
    assert last is not None
    assert kept.last is not None
    assert (kept.last.step, kept.last.arrays["n"].tolist()) == ((2, [2]) if bad == 2 else (50, [50]))
    assert np.isfinite(kept.last.arrays["w"]).all()
    assert loop.steps_done == seen


def test_a_checkpoint_is_looked_at_before_it_replaces_the_last() -> None:
    kept = MemoryCheckpoints()
    loop = make(checkpoints=kept, checkpoint_seconds=0)
    with pytest.raises(Diverged, match="by step 64 of 90"):
        run(loop, 90, State(), 63)
    assert kept.last is not None
    assert kept.last.step == 63
    assert loop.keep_last_finite() is kept.last, "nothing is saved again"


def test_a_stop_saves_no_state_that_is_not_finite() -> None:
    kept = MemoryCheckpoints()
    loop = make(checkpoints=kept)
    state = State()
    with pytest.raises(Diverged, match="by step 61 of 90"):
        for step in loop.steps(90, state=state):
            if step == 60:
                state.arrays["w"] = np.full(3, np.inf, np.float32)
                loop.request_stop("a test")
    assert kept.last is None


def test_the_state_in_hand_is_kept_where_it_is_finite() -> None:
    kept = MemoryCheckpoints()
    loop, state = make(checkpoints=kept), State()
    with pytest.raises(Diverged, match="loss became nan at step 100 of 300"):
        for step in loop.steps(300, state=state):
            state.arrays = {**state.arrays, "n": np.array([step + 1])}
            loop.log(loss=float("nan") if step > 60 else float(step))
    last = loop.keep_last_finite()
    assert last is not None
    assert kept.last is not None
    assert (last.step, kept.last.arrays["n"].tolist()) == (100, [100])


def test_nothing_is_kept_of_a_run_that_diverged_before_its_first_step() -> None:
    kept = MemoryCheckpoints()
    assert make(checkpoints=kept).keep_last_finite() is None
    assert kept.last is None


class Doctor:
    """Finds the generators of some steps dead, and remembers which it was asked about."""

    def __init__(self, *dead: range) -> None:
        self.dead = dead
        self.asked: list[int] = []

    def __call__(self, checkpoint: Checkpoint) -> str:
        self.asked.append(checkpoint.step)
        return "the generator is dead" * any(checkpoint.step in steps for steps in self.dead)


def test_generators_are_looked_at_on_schedule_whatever_the_losses_say() -> None:
    doctor = Doctor()
    run(make(Watch(doctor)), 12_000, State(), loss=1.0)
    assert doctor.asked == [1_000, 10_000]


def test_generators_of_chunks_are_looked_at_after_the_chunk() -> None:
    doctor = Doctor()
    run(make(Watch(doctor)), 12_000, State(), size=48)
    assert doctor.asked == [1_008, 10_032]


def test_suspicious_losses_ask_more_and_more_rarely() -> None:
    """Sound in spite of its losses, a run is not held up."""
    doctor = Doctor()
    run(make(Watch(doctor)), 1_000, State(), loss=0.0)
    assert doctor.asked == [100, 200, 400, 800]


def test_a_dead_generator_is_seen_twice() -> None:
    doctor = Doctor(range(1000))
    with pytest.raises(Diverged, match="The generator is dead, after step 100 and after step 200 of 900"):
        run(make(Watch(doctor)), 900, State(), loss=0.0)
    assert doctor.asked == [100, 200]


def test_a_generator_that_comes_back_to_life_is_let_go() -> None:
    doctor = Doctor(range(150), range(390, 410))
    run(make(Watch(doctor)), 900, State(), loss=0.0)
    assert doctor.asked == [100, 200, 400, 500]


def test_young_generators_are_not_judged() -> None:
    doctor = Doctor(range(1000))
    run(make(Watch(doctor)), 99, State(), loss=0.0)
    assert doctor.asked == []


def test_a_run_that_goes_on_has_the_infinities_that_it_had() -> None:
    kept = MemoryCheckpoints()
    loop, state = make(checkpoints=kept), State()
    with pytest.raises(Interrupted):
        for step in loop.steps(9, state=state):
            if step == 5:
                loop.request_stop("a test")
    run(make(checkpoints=kept), 9, State())
    assert kept.last is not None
    assert kept.last.step == 9
    assert np.isinf(kept.last.arrays["best"])
