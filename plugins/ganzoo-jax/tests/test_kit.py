"""Adam, EMA, draws, state and the compiled loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax import kit

DEVICE = jax.devices("cpu")[0]


def test_adam_takes_the_steps_of_the_paper_worked_out_by_hand() -> None:
    state, params = kit.adam_state({"w": np.float32([1.0])}), {"w": jnp.float32([1.0])}
    for gradient in (2.0, -1.0):
        gradients = {"w": jnp.float32([gradient])}
        params, state = kit.adam(params, gradients, state, lr=0.1, beta1=0.5, beta2=0.9)
    # after 2:  m = 1, v = .4;      m/(1-.5) = 2,  v/(1-.9) = 4:       w = 1 - .1
    # after -1: m = 0, v = .46;     the step is zero
    assert state["count"] == 2
    assert float(state["first"]["w"][0]) == pytest.approx(0.0, abs=1e-7)
    assert float(state["second"]["w"][0]) == pytest.approx(0.46)
    assert float(params["w"][0]) == pytest.approx(0.9)


def test_adam_without_momentum_moves_by_the_last_gradient_alone() -> None:
    state, params = kit.adam_state(np.float32([0.0])), jnp.float32([0.0])
    for gradient in (3.0, -3.0):
        params, state = kit.adam(params, jnp.float32([gradient]), state, lr=0.01, beta1=0.0, beta2=0.9)
    assert float(params[0]) == pytest.approx(0.0, abs=1e-7)
    assert float(state["first"][0]) == -3.0


def test_the_average_forgets_its_start_and_then_decays_as_asked() -> None:
    mean = kit.averaged(jnp.float32(0.0), jnp.float32(1.0), jnp.int32(0), 0.9)
    assert float(mean) == pytest.approx(0.9)
    assert float(kit.averaged(mean, jnp.float32(0.0), jnp.int32(10**6), 0.9)) == pytest.approx(0.81)


@pytest.mark.parametrize(("law", "mean", "variance"), [("uniform", 0.5, 1 / 12), ("normal", 0.0, 1.0)])
def test_numbers_are_addressed_by_step_and_follow_their_law(law: str, mean: float, variance: float) -> None:
    draw = getattr(kit.Numbers(0, "a"), law)
    whole = draw(range(40), (5, 64))
    np.testing.assert_array_equal(whole[7:9], draw(range(7, 9), (5, 64)))
    assert whole.dtype == np.float32
    assert abs(whole.mean() - mean) < 0.03 * variance**0.5
    assert abs(whole.var() - variance) < 0.03 * variance
    assert len(np.unique(whole)) > 0.99 * whole.size
    for other in (kit.Numbers(1, "a"), kit.Numbers(0, "b")):
        assert not np.array_equal(getattr(other, law)(range(1), (5, 64)), whole[:1])


def test_uniform_numbers_lie_between_0_and_1() -> None:
    whole = kit.Numbers(0, "a").uniform(range(40), (5, 64))
    assert 0 <= whole.min() < 0.001 < 0.999 < whole.max() < 1


def test_state_returns_bit_for_bit_under_readable_names() -> None:
    carry = {"g": [{"w": np.float32([[1.5]])}], "adam": {"count": np.int32(3)}, "average": []}
    state = kit.State(carry, DEVICE)
    arrays = state.state_arrays()
    assert set(arrays) == {"g.0.w", "adam.count"}
    assert arrays["adam.count"].dtype == np.int32
    other = kit.State(jax.tree.map(np.zeros_like, carry), DEVICE)
    other.load_arrays(arrays)
    np.testing.assert_array_equal(other.state_arrays()["g.0.w"], [[1.5]])
    arrays["g.0.w"][:] = 9  # a copy, not a view of live weights
    assert float(state.carry["g"][0]["w"][0, 0]) == 1.5


def counting(carry: Any, data: Any, drawn: Any) -> Any:
    return carry * data + drawn["x"], {"last": drawn["x"]}


def test_the_loop_runs_the_steps_it_was_given_and_no_padding() -> None:
    loop = kit.Loop(counting, 5)
    carry, losses = loop(jnp.float32(1.0), jnp.float32(2.0), {"x": np.float32([10, 20, 30])}, 3)
    assert float(carry) == ((1 * 2 + 10) * 2 + 20) * 2 + 30
    assert float(losses["last"]) == 30


def test_what_is_sampled_from_is_compiled_once_for_each_network() -> None:
    """However many generators there are of it: a run is sampled from while it trains."""
    traced: list[int] = []

    @dataclass(frozen=True)
    class Scaled:
        z_dim: int

        def apply(self, params: Any, z: Any) -> Any:
            traced.append(self.z_dim)
            return params * z

    z = np.ones((3, 2), np.float32)
    for factor in (1.0, 2.0):
        x = kit.Generator(Scaled(2), np.float32(factor)).sample(z)
        np.testing.assert_array_equal(x, factor * z)
    assert traced == [2]


def test_the_loop_is_compiled_once_for_full_and_shorter_parts() -> None:
    traced: list[int] = []

    def update(carry: Any, data: Any, drawn: Any) -> Any:
        traced.append(1)
        return counting(carry, data, drawn)

    loop, carry = kit.Loop(update, 4), jnp.float32(0.0)
    carry, _ = loop(carry, jnp.float32(1.0), {"x": np.ones(4, np.float32)}, 4)
    once = len(traced)
    carry, _ = loop(carry, jnp.float32(1.0), {"x": np.ones(3, np.float32)}, 3)
    assert len(traced) == once
    assert float(carry) == 7
