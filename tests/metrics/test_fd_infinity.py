"""FD∞: the line through subsets' distances, its intercept and slope, and what each sample does to them."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets
from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.fd_infinity import FD_INFINITY, fd_infinity, line_weights, sizes_of
from ganzoo.metrics.fid import frechet_distance, target, unbiased_frechet_distance


def draw(n, d=6, scale=1.0, seed=0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def test_it_is_the_line_through_the_distances_of_subsets():
    real, fake = draw(400), draw(500, scale=1.2, seed=1)
    sizes = np.linspace(50, 500, 15).astype(int)
    distances = [
        frechet_distance(real, fake[shuffled(3, f"fd_infinity/{i}", 500)[:size]]).value for i, size in enumerate(sizes)
    ]
    slope, intercept = np.polyfit(1 / sizes, distances, 1)
    found = fd_infinity(real, fake, seed=3)
    assert found["fd_infinity"].value == pytest.approx(intercept, rel=1e-9)
    assert found["fd_slope"].value == pytest.approx(slope, rel=1e-9)
    assert found["fd_infinity"].n == 500


@pytest.mark.parametrize(("m", "smallest"), [(50, 5), (1000, 100), (50_000, 5000), (200_000, 5000)])
def test_sizes_go_from_a_tenth_to_all(m, smallest):
    sizes = sizes_of(m)
    assert (sizes[0], sizes[-1], len(sizes)) == (smallest, m, 15)
    assert (np.diff(sizes) > 0).all()


def test_weights_fit_a_line_exactly():
    sizes = sizes_of(1000)
    assert line_weights(sizes) @ (0.7 + 12 / sizes) == pytest.approx([0.7, 12])


def test_the_slope_is_the_bias_that_more_samples_take_away():
    goal = target(draw(200_000, seed=2))
    found = [fd_infinity(goal, draw(800, seed=seed), seed=seed) for seed in range(10, 30)]
    plain = np.mean([frechet_distance(goal, draw(800, seed=seed)).value for seed in range(10, 30)])
    middle = {name: np.mean([each[name].value for each in found]) for name in ("fd_infinity", "fd_slope")}
    assert middle["fd_slope"] / 800 == pytest.approx(plain, rel=0.3)
    assert abs(middle["fd_infinity"]) < plain / 4


def test_it_agrees_with_the_distance_without_bias_where_the_reference_is_large():
    goal, fake = draw(100_000, seed=2), draw(2000, scale=1.3, seed=4)
    found, halved = fd_infinity(goal, fake)["fd_infinity"], unbiased_frechet_distance(goal, fake)
    assert found.value == pytest.approx(halved.value, abs=2 * found.se)


def test_the_total_error_counts_the_reference_and_comes_on_request():
    real, fake = draw(300), draw(400, scale=1.3, seed=1)
    sets = Sets(Reference(real=real, train=real, heldout=real[:0]), fake)
    plain, whole = FD_INFINITY.compute(sets), FD_INFINITY.influence(sets)
    assert plain["fd_infinity"].total is None
    assert whole["fd_infinity"].value == pytest.approx(plain["fd_infinity"].value, rel=1e-9)
    assert whole["fd_infinity"].real.shape == (300,)
    np.testing.assert_allclose(np.sqrt(whole["fd_slope"].fake.var(ddof=1) / 400), plain["fd_slope"].se)


def test_few_samples_are_refused_or_left_out():
    real = draw(100)
    with pytest.raises(ScoreError, match="at least 50 generated samples, but there are 49"):
        fd_infinity(real, draw(49))
    assert FD_INFINITY.compute(Sets(Reference(real=real, train=real, heldout=real[:0]), draw(49))) == {}
