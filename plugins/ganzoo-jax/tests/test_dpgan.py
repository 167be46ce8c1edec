"""DP-GAN: what the promise stands on, sensitivity, noise, sampling and the account, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax import accountant, kit
from ganzoo_jax.models import dpgan
from ganzoo_jax.networks import ConvCritic
from ganzoo_jax.options import DpganOptions
from jax.flatten_util import ravel_pytree

from ganzoo import testing
from ganzoo.errors import OptionError
from ganzoo.training.loop import MemoryCheckpoints
from ganzoo.training.rehearsal import few

RNG = np.random.default_rng(0)
SHAPES = [(1, 8, 8), (2,)]


def normal(*shape: int) -> Any:
    return jnp.asarray(RNG.standard_normal(shape, np.float32))


def logits(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """A discriminator and its weights."""
    _, d = dpgan.build(DpganOptions(width=4, hidden=16), shape)
    return d, d.init(kit.stream(0, "d"))


def summed(shape: tuple[int, ...], x: Any, present: Any, clip: float) -> Any:
    """The clipped sum of D's gradients as one vector, and what stands beside it."""
    d, params = logits(shape)
    total, beside = dpgan.clipped_sum(
        lambda p, one: jax.nn.softplus(-d.apply(p, one[None])[0]), params, x, jnp.asarray(present, jnp.float32), clip
    )
    return np.asarray(ravel_pytree(total)[0]), beside


def drawn(shape: tuple[int, ...], n: int = 12, size: int = 0) -> dict[str, Any]:
    """What one update of D is given, without noise."""
    count = ravel_pytree(logits(shape)[1])[0].size
    return {
        "real": jnp.tanh(normal(n, *shape)),
        "present": jnp.ones(n),
        "fake": jnp.tanh(normal(size or n, *shape)),
        "noise": jnp.zeros(count),
    }


# Sensitivity


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("clip", [0.01, 0.5])
def test_one_sample_moves_the_sum_by_the_clip_at_most(shape: tuple[int, ...], clip: float) -> None:
    """Gradients of samples that are huge, too; with the clip small, the bound is reached."""
    x = jnp.concatenate([jnp.tanh(normal(8, *shape)), 1e3 * normal(2, *shape)])
    whole, beside = summed(shape, x, np.ones(10), clip)
    for i in range(10):
        present = np.ones(10)
        present[i] = 0
        moved = np.linalg.norm(whole - summed(shape, x, present, clip)[0])
        assert moved <= clip * (1 + 1e-3)
    alone = [np.linalg.norm(summed(shape, x[i : i + 1], [1], clip)[0]) for i in range(10)]
    assert max(alone) <= clip * (1 + 1e-5)
    if clip == 0.01:
        assert float(beside["clipped"]) == pytest.approx(np.mean(np.array(alone) > clip * (1 - 1e-5)))
        assert max(alone) == pytest.approx(clip, rel=1e-4)


def test_a_small_gradient_is_left_as_it_is() -> None:
    x = jnp.tanh(normal(6, 1, 8, 8))
    free, beside = summed((1, 8, 8), x, np.ones(6), 1e6)
    each = [summed((1, 8, 8), x[i : i + 1], [1], 1e6)[0] for i in range(6)]
    norms = [np.linalg.norm(g) for g in each]
    np.testing.assert_allclose(free, sum(each), atol=1e-5)
    assert float(beside["clipped"]) == 0
    clip = float(np.sort(norms)[2:4].mean())
    found, beside = summed((1, 8, 8), x, np.ones(6), clip)
    expected = sum(g * min(1, clip / norm) for g, norm in zip(each, norms, strict=True))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert float(beside["clipped"]) == 0.5


def test_padding_adds_nothing() -> None:
    shape = (2,)
    x = jnp.tanh(normal(9, *shape))
    short, _ = summed(shape, x[:5], np.ones(5), 0.5)
    padded, beside = summed(shape, x, [1] * 5 + [0] * 4, 0.5)
    np.testing.assert_allclose(padded, short, atol=1e-6)
    assert np.abs(summed(shape, x, np.zeros(9), 0.5)[0]).max() == 0
    assert 0 <= float(beside["clipped"]) <= 1


def test_no_layer_of_d_mixes_samples() -> None:
    d, params = logits((1, 8, 8))
    assert isinstance(d, ConvCritic)
    assert not d.norm
    x = jnp.tanh(normal(5, 1, 8, 8))
    np.testing.assert_allclose(d.apply(params, x)[2:3], d.apply(params, x[2:3]), atol=1e-5)


# One update


def test_without_clip_and_noise_it_is_the_plain_batch_gradient() -> None:
    shape = (2,)
    d, params = logits(shape)
    given = drawn(shape)
    found, losses = dpgan.private_gradient(d, params, given, DpganOptions(batch=12, clip=1e9))

    def plain(p: Any) -> Any:
        real, fake = d.apply(p, given["real"]), d.apply(p, given["fake"])
        return jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean()

    loss, expected = jax.value_and_grad(plain)(params)
    np.testing.assert_allclose(ravel_pytree(found)[0], ravel_pytree(expected)[0], atol=1e-5)
    assert float(losses["d_loss"]) == pytest.approx(float(loss), rel=1e-5)


def test_the_divisor_is_the_expected_batch_and_fakes_are_clipped_alike() -> None:
    """Dividing by how many were drawn would tell how many were drawn."""
    shape = (2,)
    d, params = logits(shape)
    given, o = drawn(shape, n=6, size=20), DpganOptions(batch=20, clip=0.3)
    both = ravel_pytree(dpgan.private_gradient(d, params, given, o)[0])[0]
    none = ravel_pytree(dpgan.private_gradient(d, params, given | {"present": jnp.zeros(6)}, o)[0])[0]
    real, _ = summed(shape, given["real"], np.ones(6), 0.3)
    np.testing.assert_allclose((both - none) * 20, real, atol=1e-5)
    assert float(jnp.linalg.norm(none)) <= 0.3 * (1 + 1e-5)


def test_noise_is_added_to_every_parameter_once() -> None:
    shape = (1, 8, 8)
    d, params = logits(shape)
    given, o = drawn(shape), DpganOptions(batch=12)
    noise = normal(given["noise"].size)
    still = ravel_pytree(dpgan.private_gradient(d, params, given, o)[0])[0]
    moved = ravel_pytree(dpgan.private_gradient(d, params, given | {"noise": noise}, o)[0])[0]
    np.testing.assert_allclose((moved - still) * 12, noise, atol=1e-4)


def test_noise_has_the_standard_deviation_sigma_times_clip(dpgan_case: Any) -> None:
    run = dpgan_case.run(epsilon=0, sigma=2.5, clip=0.2, n_critic=3)
    noise = dpgan.draws(run, range(40), dpgan.spending(run.options, 192))["noise"]
    assert noise.dtype == np.float32
    assert noise.shape[:2] == (40, 3)
    assert noise.std() == pytest.approx(0.5, rel=0.02)
    assert abs(noise.mean()) < 0.01
    assert len(np.unique(noise[..., 0])) == 120  # each update of D has its own


# Poisson sampling


def test_rows_are_drawn_with_the_rate_independently() -> None:
    n, q, ticks = 500, 0.1, 2000
    rows, present = dpgan.poisson(0, "poisson", range(ticks), n, q)
    counts = present.sum(1)
    assert counts.mean() == pytest.approx(n * q, rel=0.01)
    assert counts.var() == pytest.approx(n * q * (1 - q), rel=0.15)  # a fixed batch has none
    each = np.bincount(rows[present == 1], minlength=n) / ticks
    assert each.mean() == pytest.approx(q, rel=0.01)
    assert each.std() < 1.2 * np.sqrt(q * (1 - q) / ticks)
    assert all(len(set(r[p == 1])) == p.sum() for r, p in zip(rows, present, strict=True))


def test_a_large_sample_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows are left out, one that comes can push out another, and the sum moves by twice the clip."""
    kept = dpgan.poisson(0, "p", range(50), 100, 0.2)[1].sum(1)
    monkeypatch.setattr(dpgan, "ROOM", 0)
    rows, present = dpgan.poisson(0, "p", range(50), 100, 0.2)
    np.testing.assert_array_equal(present.sum(1), kept)
    assert rows.shape[1] == kept.max() > 20


def test_every_row_at_the_rate_of_one() -> None:
    rows, present = dpgan.poisson(0, "p", range(2), 7, 1.0)
    np.testing.assert_array_equal(rows, [range(7)] * 2)
    assert present.min() == 1


def test_draws_are_addressed(dpgan_case: Any) -> None:
    run = dpgan_case.run(n_critic=3)
    spent = dpgan.spending(run.options, 192)
    first, second, together = (dpgan.draws(run, steps, spent) for steps in (range(4), range(4, 6), range(6)))
    for name, value in together.items():
        np.testing.assert_array_equal(np.concatenate((first[name], second[name])), value, err_msg=name)
    assert len({sample.tobytes() for sample in together["rows"].reshape(18, -1)}) == 18


def test_a_secret_key_makes_other_noise_and_other_samples_which_the_seed_does_not_tell(
    dpgan_case: Any, tmp_path: Path
) -> None:
    data, states = testing.toy_points(), list[Any]()
    for number, key in enumerate((b"", b"a secret", b"another", b"a secret")):
        path = tmp_path / str(number)
        path.write_bytes(key)
        run = dpgan_case.run(data, key=str(path) if key else "")
        states.append(dpgan_case.state(run)["d.0.w"])
    run = dpgan_case.run(data)
    spent = dpgan.spending(run.options, len(data))
    plain, keyed = (dpgan.draws(run, range(3), spent, key) for key in ("", "k"))
    seen = [np.array_equal(plain[name], keyed[name]) for name in ("rows", "noise")]
    assert seen == [False, False]
    np.testing.assert_array_equal(states[1], states[3])
    assert len({state.tobytes() for state in states}) == 3


def test_the_secret_is_none_of_what_a_run_shows_of_its_file(tmp_path: Path) -> None:
    """run.json has the SHA-256 of every file that an option names."""
    path = tmp_path / "key"
    path.write_bytes(b"a secret")
    secret = dpgan.secret_of(str(path))
    assert len(secret) == 128
    for name in ("sha256", "sha512", "blake2b"):
        assert hashlib.new(name, b"a secret").hexdigest() not in secret
    assert dpgan.secret_of("") == ""


# The account


@pytest.mark.parametrize("options", [{"epsilon": 3.0, "sigma": 0.0}, {"epsilon": 0.0, "sigma": 1.3}])
def test_what_is_reported_is_what_the_accountant_says(dpgan_case: Any, options: dict[str, float]) -> None:
    run = dpgan_case.run(steps=7, n_critic=3, **options)
    dpgan_case.plugin.train(run)
    sigma = options["sigma"] or accountant.sigma_for(3.0, 16 / 192, 21, 1e-5)
    told = {name: each.value for name, each in run.told.numbers.items()}
    assert told == {"epsilon": accountant.epsilon(16 / 192, sigma, 21, 1e-5), "delta": 1e-5}
    if options["epsilon"]:
        assert 2.99 < told["epsilon"] <= 3.0


def test_a_run_that_goes_on_reports_the_same(dpgan_case: Any) -> None:
    checkpoints = MemoryCheckpoints()
    numbers = []
    for stop in (20, None, None):
        run = testing.memory_run(
            dpgan_case.variant,
            testing.toy_images(),
            dpgan_case.small | {"steps": 47},
            checkpoints=checkpoints,
        )
        if stop:
            run.request_stop("the test")
            with pytest.raises(Exception, match="Stopped by the test"):
                dpgan_case.plugin.train(run)
        else:
            dpgan_case.plugin.train(run)
        numbers.append(run.told.numbers)
    assert numbers[0] == numbers[1] == numbers[2]
    assert numbers[0]["epsilon"].value > 0


def test_a_rehearsal_neither_fails_nor_says_what_its_few_samples_would(dpgan_case: Any) -> None:
    """Of 1,000 samples it sees 256, of which a batch of 300 cannot be drawn."""
    data = testing.toy_images(n=1000)
    whole, part = (dpgan_case.run(each, batch=300, epsilon=10, sigma=0) for each in (data, few(data)))
    part.chunks = lambda total, **others: type(part).chunks(part, 0, **others)
    dpgan_case.plugin.train(part)
    assert not part.told
    dpgan_case.plugin.train(whole)
    sigma = accountant.sigma_for(10, 0.3, 4 * whole.options.n_critic, 1e-5)
    assert whole.told.numbers["epsilon"].value == accountant.epsilon(0.3, sigma, 4 * whole.options.n_critic, 1e-5)


# What is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch": 193}, r"batch=193 is more than the 192 training samples.*smaller batch"),
        ({"delta": 0.01}, r"delta=0.01 is not below 1/192.*Set a smaller delta, such as 0.0005"),
        (
            {"epsilon": 1e-3, "sigma": 0, "steps": 500},
            r"epsilon=0.001 .* 1000 updates of D \(steps=500.*sigma=100.*larger",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_before_the_first_step(
    dpgan_case: Any, options: dict[str, Any], words: str
) -> None:
    run = dpgan_case.run(**options)
    with pytest.raises(dpgan.Refused, match=words) as caught:
        dpgan_case.plugin.train(run)
    assert caught.value.exit_code == 2
    assert run.steps_done == 0
    assert not run.told


@pytest.mark.parametrize(
    ("options", "words"),
    [({"epsilon": 1, "sigma": 1}, "both say"), ({"epsilon": 0, "sigma": 0}, "without noise"), ({"delta": 0}, "delta")],
)
def test_options_that_say_twice_or_nothing_are_refused(dpgan_case: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        dpgan_case.run(**options)
