"""Fréchet distance: closed forms, every route against the nuclear norm, invariances, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.fid import (
    FID,
    frechet_distance,
    frechet_influence,
    moments_distance,
    split_target,
    target,
    target_of,
    unbiased_frechet_distance,
)
from ganzoo.metrics.moments import Moments, moments


def rng(seed=0):
    return np.random.default_rng(seed)


def nuclear(x, y):
    """The exact distance of section 2.12, both sides by their rows."""
    xc, yc = x - x.mean(0), y - y.mean(0)
    n, m = len(x) - 1, len(y) - 1
    root = np.linalg.svd(xc @ yc.T, compute_uv=False).sum() / np.sqrt(n * m)
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + (xc**2).sum() / n + (yc**2).sum() / m - 2 * root


def test_closed_form_of_compare_gan():
    real = np.ones((100, 2))
    real[50:, 0] = 2
    fake = np.full((100, 2), 9.0)
    fake[50:, 0] = 2
    assert frechet_distance(real, fake).value == pytest.approx(89.091, abs=1e-4)
    assert frechet_distance(fake, real).value == pytest.approx(89.091, abs=1e-4)


def test_commuting_covariances():
    n, d = 400, 5
    base = np.linalg.qr(rng().standard_normal((n, d + 1)))[0]
    base = np.linalg.qr(base - base.mean(0))[0][:, :d] * np.sqrt(n - 1)  # mean 0, covariance I, both exactly
    a, b = np.array([4, 1, 9, 0.25, 2.0]), np.array([1, 1, 4, 0.5, 3.0])
    shift = np.array([1, 0, 0, 2, 0.0])
    expected = 5 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(base * np.sqrt(a), base * np.sqrt(b) + shift).value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("n", "m"), [(300, 200), (300, 20), (20, 300), (20, 25), (40, 40), (41, 40), (2, 2)])
def test_every_route_agrees_with_the_nuclear_norm(n, m):
    d = 40
    mix = rng(1).standard_normal((d, d)) / d**0.5
    x, y = rng(2).standard_normal((n, d)) @ mix, rng(3).standard_normal((m, d)) * 1.3 + 0.2
    assert frechet_distance(x, y).value == pytest.approx(nuclear(x, y), rel=1e-7)
    assert frechet_distance(y, x).value == pytest.approx(nuclear(x, y), rel=1e-7)


def test_torch_fidelitys_nan_case_is_finite():
    state = np.random.RandomState(1)
    x, y = state.randn(4, 4), state.randn(4, 4)
    assert frechet_distance(x, y).value == pytest.approx(nuclear(x, y), rel=1e-9)


@pytest.mark.parametrize("n", [500, 30])
def test_identical_sets_are_at_zero(n):
    x = rng(4).standard_normal((n, 60)) @ rng(5).standard_normal((60, 60))
    trace = np.trace(np.cov(x.T))
    assert frechet_distance(x, x).value < 1e-9 * trace


@pytest.mark.parametrize("dead", [[3], [0, 1, 2], list(range(19))])
def test_dead_and_duplicate_features_take_the_spectral_route(dead):
    x, y = rng(6).standard_normal((200, 20)), rng(7).standard_normal((150, 20)) * 2
    x[:, dead] = 0.5
    x[:, 19] = x[:, 4]
    assert frechet_distance(x, y).value == pytest.approx(nuclear(x, y), rel=1e-7)
    assert frechet_distance(y, x).value == pytest.approx(nuclear(x, y), rel=1e-6)
    assert frechet_distance(x, x).value <= 1e-9 * np.trace(np.cov(x.T))


def test_dependent_features_whether_cholesky_lets_them_through_or_not():
    """Their pivots are pure rounding, and positive now and then."""
    for seed in range(30):
        x = rng(seed).standard_normal((200, 6)) @ rng(seed + 1).standard_normal((6, 7))
        assert frechet_distance(x, x).value < 1e-9 * np.trace(np.cov(x.T))


def test_constant_sets():
    x, y = np.full((30, 3), 2.0), rng(8).standard_normal((40, 3))
    expected = ((y.mean(0) - 2) ** 2).sum() + np.trace(np.cov(y.T))
    assert frechet_distance(x, y).value == pytest.approx(expected)
    collapsed = frechet_distance(y, x)
    assert collapsed.value == pytest.approx(expected)
    assert collapsed.se == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x + 1).value == pytest.approx(3)


def test_shift_is_its_squared_length_and_rows_may_be_permuted():
    x, y = rng(9).standard_normal((300, 10)), rng(10).standard_normal((250, 10)) * 1.5
    c = np.arange(10.0)
    assert frechet_distance(x, x + c).value == pytest.approx(c @ c, rel=1e-9)
    first, second = frechet_distance(x, y), frechet_distance(x[::-1], rng(0).permutation(y))
    assert first.value == pytest.approx(second.value, rel=1e-11)
    assert first.se == pytest.approx(second.se, rel=1e-9)


def test_a_fit_made_once_gives_the_same_number():
    x, y = rng(11).standard_normal((100, 8)), rng(12).standard_normal((90, 8))
    assert frechet_distance(target(x), y) == frechet_distance(x, y)
    assert frechet_distance(x, y).n == 90


@pytest.mark.parametrize("m", [200, 30])
def test_standard_error_matches_its_definition(m):
    """The influence function, written with the textbook optimal map, in both routes for the generated side."""
    d = 6 if m == 200 else 40
    x, y = rng(13).standard_normal((300, d)), rng(14).standard_normal((m, d)) * 1.4 + 0.3
    yc, shift = y - y.mean(0), y.mean(0) - x.mean(0)
    values, vectors = np.linalg.eigh(np.cov(x.T))
    half = vectors * np.sqrt(values) @ vectors.T
    inner, axes = np.linalg.eigh(half @ np.cov(y.T) @ half)
    kept = inner > 1e-9
    optimal = half @ (axes[:, kept] / np.sqrt(inner[kept])) @ axes[:, kept].T @ half
    influence = 2 * yc @ shift + ((yc @ (np.eye(d) - optimal)) * yc).sum(1)
    assert frechet_distance(x, y).se == pytest.approx(influence.std(ddof=1) / m**0.5, rel=1e-6)


def test_standard_error_by_simulation():
    d, m, runs = 16, 400, 80
    mix = rng(15).standard_normal((d, d)) / d**0.5
    goal = target(rng(16).standard_normal((20_000, d)) @ mix)
    draw = rng(17)
    fakes = [draw.standard_normal((m, d)) @ mix * 1.2 + 0.1 for _ in range(runs)]
    found = [frechet_distance(goal, fake) for fake in fakes]
    assert 0.75 < np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1) < 1.33


# The last two: the same law on both sides, and a small reference, of which a correction in 1/m alone leaves most.
@pytest.mark.parametrize(
    ("n", "m", "scale", "shift"), [(300, 400, 1.2, 0.1), (200, 800, 1.0, 0.0), (150, 2000, 1.0, 0.2)]
)
def test_no_bias_is_left_of_either_side(n, m, scale, shift):
    """Reference and samples are drawn anew each time: what is left lies within three errors of the mean."""
    d, runs, draw = 16, 120, rng(17)
    truth = d * (shift**2 + (scale - 1) ** 2)
    plain, fixed = [], []
    for i in range(runs):
        real, fake = draw.standard_normal((n, d)), draw.standard_normal((m, d)) * scale + shift
        whole = frechet_distance(real, fake)
        plain.append(whole.value)
        fixed.append(unbiased_frechet_distance(real, fake, seed=i, whole=whole).value)
    error = np.std(fixed, ddof=1) / runs**0.5
    assert np.mean(plain) - truth > 20 * error
    assert abs(np.mean(fixed) - truth) < max(3 * error, 0.05 * (np.mean(plain) - truth))


@pytest.mark.parametrize("d", [4, 60])
def test_unbiased_is_three_times_the_whole_less_both_means_of_halves(d):
    x, y = rng(20).standard_normal((300, d)), rng(21).standard_normal((100, d)) * 1.3
    order, other = shuffled(5, "fid", 100), shuffled(0, "fid reference", 300)
    of_fake = [nuclear(x, y[rows]) for rows in (order[:50], order[50:])]
    of_real = [nuclear(x[rows], y) for rows in (other[:150], other[150:])]
    expected = 3 * nuclear(x, y) - np.mean(of_fake) - np.mean(of_real)
    found = unbiased_frechet_distance(x, y, seed=5)
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.se == frechet_distance(x, y).se
    assert unbiased_frechet_distance(split_target(x), y, seed=5) == found


def test_the_metric_leaves_out_what_it_cannot_correct():
    """Statistics have no rows to halve, nor have three of them."""
    x, y = rng(22).standard_normal((100, 3)), rng(23).standard_normal((90, 3))
    none = Reference(real=x[:0], train=x[:0], heldout=x[:0], memo={"fid": target(x)})
    few = Reference(real=x[:3], train=x[:3], heldout=x[:0])
    assert set(FID.compute(Sets(none, y))) == set(FID.compute(Sets(few, y))) == {"fid"}
    whole = Reference(real=x, train=x, heldout=x[:0])
    assert FID.compute(Sets(whole, y, seed=4))["fid_unbiased"] == unbiased_frechet_distance(x, y, seed=4)


def test_unbiased_is_seeded():
    x, y = rng(18).standard_normal((100, 4)), rng(19).standard_normal((101, 4))
    assert unbiased_frechet_distance(x, y, seed=1) == unbiased_frechet_distance(x, y, seed=1)
    assert unbiased_frechet_distance(x, y, seed=1) != unbiased_frechet_distance(x, y, seed=2)


def broken(value):
    x = np.ones((10, 3))
    x[4, 1] = value
    return x


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (broken(np.nan), "NaN or infinite values, first in row 4"),
        (broken(np.inf), "NaN or infinite values, first in row 4"),
        (np.ones((10, 4)), "width 4, the reference has 3"),
        (np.ones(10), r"shape \(10,\)"),
        (np.ones((10, 0)), r"shape \(10, 0\)"),
        (np.ones((1, 3)), "1 rows, where at least 2"),
        (np.ones((10, 3), complex), "complex128"),
        (np.ones((10, 3), bool), "bool"),
        (np.full((10, 3), "a"), "real numbers"),
    ],
)
def test_bad_features_are_refused(fake, words):
    with pytest.raises(ScoreError, match=words):
        frechet_distance(rng().standard_normal((20, 3)), fake)


def test_too_few_rows_for_halves():
    with pytest.raises(ScoreError, match="at least 4"):
        unbiased_frechet_distance(np.eye(5), np.eye(5)[:3])
    with pytest.raises(ScoreError, match="The reference features have 3 rows, where at least 4"):
        unbiased_frechet_distance(np.eye(5)[:3], np.eye(5))


def test_overflow_is_an_error():
    with pytest.raises(ScoreError, match="overflow"), np.errstate(over="ignore", invalid="ignore"):
        frechet_distance(rng().standard_normal((50, 2)), rng(1).standard_normal((50, 2)) * 1e200)


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 20), (30, 200, 50), (300, 30, 50), (30, 40, 50)])
def test_statistics_give_the_number_of_their_features(n, m, d):
    x, y = rng(22).standard_normal((n, d)) * 2, rng(23).standard_normal((m, d)) + 0.3
    goal = target_of(moments(x))
    assert goal.n == n
    assert moments_distance(goal, moments(y)) == pytest.approx(nuclear(x, y), rel=1e-9)


def test_statistics_without_n_are_as_exact_as_others_where_rows_are_few():
    x, y = rng(24).standard_normal((30, 50)), rng(25).standard_normal((40, 50))
    known, unknown = moments(x), Moments(moments(x).mean, moments(x).covariance)
    assert target_of(unknown).n is None
    found = moments_distance(target_of(unknown), Moments(moments(y).mean, moments(y).covariance))
    assert found == pytest.approx(nuclear(x, y), rel=1e-5)
    assert moments_distance(target_of(known), moments(y)) == pytest.approx(nuclear(x, y), rel=1e-9)


def test_equal_statistics_are_at_zero_and_never_below():
    fit = moments(rng(26).standard_normal((200, 30)))
    assert 0 <= moments_distance(target_of(fit), fit) < 1e-10
    flat = Moments(np.zeros(3), np.zeros((3, 3)), 10)
    assert moments_distance(target_of(flat), flat) == 0


def test_single_precision_features_are_summed_in_double():
    x, y = (rng(seed).standard_normal((500, 6)).astype(np.float32) + 100 for seed in (27, 28))
    wide = frechet_distance(x.astype(np.float64), y.astype(np.float64))
    assert frechet_distance(x, y).value == pytest.approx(wide.value, rel=1e-9)
    assert frechet_distance(x, y).se == pytest.approx(wide.se, rel=1e-9)


@pytest.mark.parametrize(
    ("fit", "words"),
    [
        (Moments(np.zeros(4), np.eye(4)), "width 4, the reference has 3"),
        (Moments(np.zeros(4), np.eye(3)), r"shapes \(4,\) and \(3, 3\)"),
        (Moments(np.zeros((3, 1)), np.eye(3)), r"shapes \(3, 1\)"),
        (Moments(np.zeros(3), np.diag([1.0, np.nan, 1])), "NaN or infinite"),
        (Moments(np.zeros(3), np.diag([1.0, -1, 1])), "negative variance, first for feature 1"),
        (Moments(np.zeros(3), np.eye(3) + np.eye(3, k=1)), "not symmetric"),
        (Moments(np.zeros(3), np.eye(3), 1), "from 1 rows"),
        (Moments(np.zeros(3, complex), np.eye(3)), "complex128"),
    ],
)
def test_bad_statistics_are_refused(fit, words):
    with pytest.raises(ScoreError, match=words):
        moments_distance(target_of(Moments(np.zeros(3), np.eye(3))), fit)


def test_moments_are_those_of_numpy_whatever_the_block():
    x = rng(29).standard_normal((5000, 1000)) + 3  # two blocks of rows
    fit = moments(x)
    assert np.allclose(fit.covariance, np.cov(x.T), rtol=0, atol=1e-13)
    assert (fit.covariance == fit.covariance.T).all()
    assert np.allclose(fit.mean, x.mean(0), rtol=0, atol=1e-14)


def optimal(a, b):
    """The map from N(0, a) to N(0, b), by the textbook."""
    values, vectors = np.linalg.eigh(a)
    half, inverse = (vectors * values**power @ vectors.T for power in (0.5, -0.5))
    inner, axes = np.linalg.eigh(half @ b @ half)
    return inverse @ (axes * np.sqrt(inner)) @ axes.T @ inverse


def test_influences_are_those_of_the_textbook_on_both_sides():
    x, y = rng(30).standard_normal((300, 6)) @ rng(31).standard_normal((6, 6)), rng(32).standard_normal((200, 6)) + 0.4
    found = frechet_influence(target(x), x, y)
    shift, a, b = y.mean(0) - x.mean(0), np.cov(y.T), np.cov(x.T)
    for rows, sign, mapped, influence in ((y, 1, optimal(a, b), found.fake), (x, -1, optimal(b, a), found.real)):
        centred = rows - rows.mean(0)
        expected = 2 * sign * centred @ shift + np.einsum("ij,ij->i", centred @ (np.eye(6) - mapped), centred)
        assert np.allclose(influence, expected, atol=1e-8)
    assert found.value == frechet_distance(x, y).value
    assert found.fake.std(ddof=1) / 200**0.5 == pytest.approx(frechet_distance(x, y).se, rel=1e-12)


def test_influences_are_one_another_when_the_sides_are_exchanged():
    for n, m, d in ((200, 150, 8), (20, 60, 30), (60, 20, 30), (20, 25, 30)):
        x, y = rng(33).standard_normal((n, d)), rng(34).standard_normal((m, d)) * 1.3 + 0.2
        there, back = frechet_influence(target(x), x, y), frechet_influence(target(y), y, x)
        assert np.allclose(there.fake, back.real, rtol=1e-6, atol=1e-6)
        assert np.allclose(there.real, back.fake, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dead", ["real", "fake", "both", "all"])
def test_influences_of_constant_features_are_finite(dead):
    x, y = rng(35).standard_normal((80, 5)), rng(36).standard_normal((70, 5))
    if dead != "fake":
        x[:, 1] = 2
    if dead != "real":
        y[:, [1, 2]] = 2
    if dead == "all":
        y[:] = 1
    found = frechet_influence(target(x), x, y)
    assert np.isfinite(found.fake).all() and np.isfinite(found.real).all()
    assert found.value == pytest.approx(nuclear(x, y), rel=1e-7)


def test_both_influences_together_give_the_spread_over_fresh_pairs():
    d, n, m, runs = 6, 400, 250, 300
    draw, mix = rng(37), rng(38).standard_normal((d, d)) / d**0.5
    values, errors = [], []
    for _ in range(runs):
        x, y = draw.standard_normal((n, d)), draw.standard_normal((m, d)) @ mix + 0.3
        found = frechet_influence(target(x), x, y)
        values.append(found.value)
        errors.append(np.sqrt(found.fake.var(ddof=1) / m + found.real.var(ddof=1) / n))
    assert 0.9 < np.mean(errors) / np.std(values, ddof=1) < 1.1


def test_the_metric_offers_its_influence():
    x, y = rng(39).standard_normal((90, 4)), rng(40).standard_normal((80, 4))
    sets = Sets(Reference(real=x, train=x, heldout=x[:0]), y)
    assert FID.influence is not None
    found = FID.influence(sets)["fid"]
    assert found.value == FID.compute(sets)["fid"].value
    assert len(found.fake) == 80 and len(found.real) == 90
