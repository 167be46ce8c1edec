"""Algorithm 1 against cases worked out by hand, and the mistakes known of its implementations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax import kit
from ganzoo_jax.models import wgan_gp
from ganzoo_jax.networks import ConvCritic
from ganzoo_jax.wgan_gp import WganGpOptions

from ganzoo import testing

RNG = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return jnp.asarray(RNG.standard_normal(shape, np.float32))


def test_defaults_are_the_papers() -> None:
    o = WganGpOptions()
    assert (o.penalty, o.n_critic, o.lr, o.beta1, o.beta2) == (10.0, 5, 1e-4, 0.0, 0.9)


def test_interpolates_have_one_epsilon_per_sample() -> None:
    """Known mistakes: one ε for the batch, and one per pixel."""
    real, fake, epsilon = normal(5, 2, 3, 4), normal(5, 2, 3, 4), jnp.float32([0, 0.25, 0.5, 0.75, 1])
    x = wgan_gp.interpolate(real, fake, epsilon)
    share = (x - fake) / (real - fake)
    for i, expected in enumerate(epsilon):
        np.testing.assert_allclose(share[i], expected, atol=1e-3)
    np.testing.assert_array_equal(x[0], fake[0])
    np.testing.assert_array_equal(x[4], real[4])


def test_epsilons_differ_between_samples_critic_updates_and_steps(wgan_gp_case: Any) -> None:
    run = wgan_gp_case.run(n_critic=3)
    epsilon = wgan_gp.draws(run, range(4))["epsilon"]
    assert epsilon.shape == (4, 3, 16)
    assert len(np.unique(epsilon)) == epsilon.size


def test_the_penalty_is_taken_between_real_and_fake() -> None:
    """A known mistake: at real (or fake) points only. f = x²/2 has the slope of the point it is taken at."""
    real, fake, epsilon = jnp.full((1, 1), 3.0), jnp.full((1, 1), 1.0), jnp.float32([0.5])

    def critic(x: Any) -> Any:
        return (x**2).sum(1) / 2

    loss, distance = wgan_gp.critic_loss(critic, real, fake, epsilon, 10.0)
    assert float(distance) == 4.0  # 9/2 - 1/2
    assert float(loss) == pytest.approx(-4.0 + 10 * (2 - 1) ** 2, abs=1e-4)


def test_the_critic_is_rewarded_for_scoring_real_above_fake() -> None:
    low, high, epsilon = jnp.zeros((4, 1)), jnp.ones((4, 1)), jnp.full(4, 0.5)
    loss, _ = wgan_gp.critic_loss(lambda x: x[:, 0], high, low, epsilon, 10.0)
    assert float(loss) == pytest.approx(-1.0, abs=1e-5)  # slope 1: no penalty
    assert float(wgan_gp.critic_loss(lambda x: x[:, 0], low, high, epsilon, 10.0)[0]) == pytest.approx(1.0, abs=1e-5)
    assert float(wgan_gp.generator_loss(lambda x: x[:, 0], high)) == -1.0


def descend(params: Any, gradients: Any, state: Any, **settings: Any) -> Any:
    """In Adam's place: Adam makes whole steps of gradients that are rounding noise, which no two programs share."""
    moved = jax.tree.map(lambda p, g: p - 0.05 * g, params, gradients)
    return moved, {**state, "count": state["count"] + 1}


@pytest.mark.parametrize("shape", [(1, 8, 8), (2,)], ids=str)
def test_one_update_is_algorithm_1(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled update against the algorithm written out: n_critic critic updates, then one of G."""
    monkeypatch.setattr(kit, "adam", descend)
    o = WganGpOptions(batch=8, z_dim=4, width=4, hidden=16, n_critic=3)
    data, epsilons = jnp.tanh(normal(32, *shape)), jnp.asarray(RNG.random((3, 8), np.float32))
    rows, critic_z, g_z = RNG.integers(32, size=(3, 8)).astype("i4"), normal(3, 8, 4), normal(8, 4)
    before = wgan_gp.start(o, shape, 0)
    drawn = {"rows": rows, "critic_z": critic_z, "epsilon": epsilons, "g_z": g_z}
    after, _ = jax.jit(wgan_gp.make_update(o, shape))(before, data, drawn)

    g_net, critic_net = wgan_gp.build(o, shape)

    @jax.jit
    @jax.grad
    def critic_gradient(params: Any, real: Any, fake: Any, epsilon: Any) -> Any:
        epsilon = epsilon.reshape(-1, *[1] * len(shape))
        x = epsilon * real + (1 - epsilon) * fake
        each = jax.vmap(jax.grad(lambda one: critic_net.apply(params, one[None])[0]))(x)
        slopes = jnp.sqrt((each.reshape(len(x), -1) ** 2).sum(1))
        scores = critic_net.apply(params, fake) - critic_net.apply(params, real)
        return (scores + 10 * (slopes - 1) ** 2).mean()

    @jax.jit
    @jax.grad
    def g_gradient(params: Any, critic: Any) -> Any:
        return -critic_net.apply(critic, g_net.apply(params, g_z)).mean()

    critic, generate = before["critic"], jax.jit(g_net.apply)
    for k in range(3):
        gradients = critic_gradient(critic, data[rows[k]], generate(before["g"], critic_z[k]), epsilons[k])
        critic, _ = descend(critic, gradients, {"count": 0})
    g, _ = descend(before["g"], g_gradient(before["g"], critic), {"count": 0})

    assert (int(after["critic_adam"]["count"]), int(after["g_adam"]["count"])) == (3, 1)
    for name, expected in (("critic", critic), ("g", g)):
        for mine, theirs, start in zip(*map(jax.tree.leaves, (after[name], expected, before[name])), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4 * np.abs(theirs - start).max() + 1e-6)


def test_the_critic_is_not_clipped(wgan_gp_case: Any) -> None:
    arrays = wgan_gp_case.state(wgan_gp_case.run())
    assert max(np.abs(value).max() for name, value in arrays.items() if name.startswith("critic.")) > 0.1


def test_every_critic_update_gets_its_own_batch_and_latents(wgan_gp_case: Any) -> None:
    run = wgan_gp_case.run(n_critic=3)
    first, second = (wgan_gp.draws(run, steps) for steps in (range(4), range(4, 6)))
    together = wgan_gp.draws(run, range(6))
    for name, value in together.items():
        np.testing.assert_array_equal(np.concatenate((first[name], second[name])), value, err_msg=name)
    for name in ("rows", "critic_z"):
        batches = together[name].reshape(18, -1)
        assert len({batch.tobytes() for batch in batches}) == 18
    assert not np.isin(together["g_z"], together["critic_z"]).any()


def test_training_pulls_the_critics_slope_towards_one(wgan_gp_case: Any) -> None:
    shape, slopes = (1, 8, 8), []
    for options in ({"steps": 1}, {"steps": 200}):
        state = wgan_gp_case.state(wgan_gp_case.run(lr=1e-3, width=8, **options))
        params = [{key: state[f"critic.{i}.{key}"] for key in ("w", "b")} for i in range(3)]
        critic = ConvCritic(shape, 8)
        x = jnp.asarray(testing.toy_images().scaled()[:64]) * 0.5
        gradients = jax.jit(jax.grad(lambda batch, c=critic, p=params: c.apply(p, batch).sum()))(x)
        slopes.append(float(jnp.sqrt((gradients.reshape(64, -1) ** 2).sum(1)).mean()))
    assert abs(slopes[1] - 1) < 0.35
    assert abs(slopes[1] - 1) < abs(slopes[0] - 1)
