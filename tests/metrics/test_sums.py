"""Streaming sums: equal to the metrics of whole arrays, whatever the batches, shards and shifts; and their errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.fid import frechet_distance, target, target_of
from ganzoo.metrics.inception import inception_score
from ganzoo.metrics.moments import Moments, moments
from ganzoo.metrics.sums import FeatureSums
from ganzoo.metrics.vendi import vendi_score


def rng(seed=0):
    return np.random.default_rng(seed)


def sample(n, d=6, k=4, seed=0):
    draw = rng(seed)
    mix = rng(99).standard_normal((d, d)) / d**0.5 + np.eye(d)
    clusters = draw.integers(3, size=n)
    x = (draw.standard_normal((n, d)) @ mix + clusters[:, None] + 0.5).astype(np.float32).astype(np.float64)
    return x, draw.standard_normal((n, k)) * 2


def summed(x, logits=None, *, batch=64, **how):
    sums = FeatureSums(x.shape[1], logits=0 if logits is None else logits.shape[1], **how)
    for start in range(0, len(x), batch):
        rows = slice(start, start + batch)
        sums.add(x[rows], None if logits is None else logits[rows])
    return sums


def numbers(sums, goal):
    """Every value and standard error that sums give."""
    found = [sums.frechet(goal), sums.inception_score(), *(sums.vendi_score(q) for q in (0.5, 1, 2, np.inf))]
    assert {each.n for each in found} == {sums.n}
    return np.array([(each.value, each.se) for each in found])


def test_values_and_errors_are_those_of_the_whole_arrays():
    x, logits = sample(500)
    goal = target(sample(400, seed=1)[0] * 1.2)
    sums = summed(x, logits)
    pairs = [
        (sums.frechet(goal), frechet_distance(goal, x), 1e-10),
        (sums.inception_score(), inception_score(logits, splits=1), 1e-12),
        *((sums.vendi_score(q), vendi_score(x, q=q), 1e-11) for q in (0.3, 1, 2, 7, np.inf)),
    ]
    for streamed, whole, tolerance in pairs:
        assert streamed.value == pytest.approx(whole.value, rel=tolerance)
        assert streamed.se == pytest.approx(whole.se, rel=1e-9)
        assert streamed.n == whole.n
    assert sums.vendi_score(0).value == vendi_score(x, q=0).value


@pytest.mark.parametrize(("n", "n_real"), [(20, 300), (300, 20), (25, 20), (41, 60)])
def test_fewer_rows_than_features(n, n_real):
    x, real = sample(n, d=40)[0], sample(n_real, d=40, seed=1)[0]
    streamed, whole = summed(x).frechet(target(real)), frechet_distance(real, x)
    assert streamed.value == pytest.approx(whole.value, rel=1e-8)
    assert streamed.se == pytest.approx(whole.se, rel=1e-5)
    for q in (0.5, 1, 2):
        assert summed(x).vendi_score(q).value == pytest.approx(vendi_score(x, q=q).value, rel=1e-10)
        assert summed(x).vendi_score(q).se == pytest.approx(vendi_score(x, q=q).se, rel=1e-6)


def test_batches_shards_and_their_order_change_nothing_but_rounding():
    x, logits = sample(600, seed=2)
    goal = target(sample(400, seed=1)[0])
    whole = numbers(summed(x, logits, batch=600), goal)
    for batch in (1, 7, 256):
        np.testing.assert_allclose(numbers(summed(x, logits, batch=batch), goal), whole, rtol=1e-12)
    parts = [slice(0, 100), slice(100, 390), slice(390, 391), slice(391, 600)]
    shards = [summed(x[rows], logits[rows], batch=50) for rows in parts]
    for order in itertools.permutations(shards):
        total = order[0] + order[1] + order[2] + order[3]
        np.testing.assert_allclose(numbers(total, goal), whole, rtol=1e-12)
    paired = (shards[0] + shards[1]) + (shards[2] + shards[3])
    np.testing.assert_allclose(numbers(paired, goal), whole, rtol=1e-12)
    assert [shard.n for shard in shards] == [100, 290, 1, 209]  # adding leaves the parts alone


def test_shards_about_different_points_add_exactly():
    x, logits = sample(300, seed=3)
    goal = target(sample(400, seed=1)[0])
    shifts = [None, np.full(6, 3.0), np.arange(6) * -20.0]
    total = FeatureSums(6, logits=4)
    for i, shift in enumerate(shifts):
        rows = slice(100 * i, 100 * i + 100)
        total.merge(summed(x[rows], logits[rows], shift=shift))
    np.testing.assert_allclose(numbers(total, goal), numbers(summed(x, logits), goal), rtol=1e-12)


@pytest.mark.parametrize("shift", [None, np.full(6, 1e6)])
@pytest.mark.parametrize("shards", [1, 5])
def test_nothing_cancels_far_from_the_origin(shift, shards):
    """The data are multiples of 2^-20, so that moving them by 10^6 rounds nothing and the truth is known."""
    x = np.round(sample(1000, seed=4)[0] * 2**10) / 2**10
    real = np.round(sample(500, seed=5)[0] * 2**10) / 2**10
    fit, far = moments(real), 1e6
    goal = target(real)
    moved = target_of(Moments(fit.mean + far, fit.covariance, fit.n))
    total = FeatureSums(6)
    for part in np.array_split(x + far, shards):
        total.merge(summed(part, shift=shift, batch=10))
    np.testing.assert_allclose(total.moments().covariance, moments(x).covariance, rtol=1e-11)
    assert total.frechet(moved).value == pytest.approx(frechet_distance(goal, x).value, rel=1e-9)
    assert total.frechet(moved).se == pytest.approx(frechet_distance(goal, x).se, rel=1e-2)  # rows kept in float32


def test_a_far_cluster_does_not_spoil_the_spread_within():
    """Sums about one point would lose 10^12 · 2^-52 here; the error stays that of the mean alone."""
    near, far = sample(200, seed=6)[0], sample(200, seed=7)[0] + 1e6
    sums = FeatureSums(6)
    for start in range(0, 200, 20):
        sums.add(near[start : start + 20])
        sums.add(far[start : start + 20])
    np.testing.assert_allclose(sums.moments().covariance, np.cov(np.concatenate([near, far]).T), rtol=1e-12)


def test_rows_of_zeros_are_one_direction():
    x = np.repeat([[1.0, 0], [0, 0], [0, 2]], [20, 10, 10], axis=0)
    x = rng().permutation(x)
    streamed, whole = summed(x, batch=9).vendi_score(), vendi_score(x)
    assert streamed.value == pytest.approx(whole.value, rel=1e-12)
    assert streamed.value == pytest.approx(np.exp(0.5 * np.log(2) + 0.5 * np.log(4)))
    assert streamed.se == pytest.approx(whole.se, rel=1e-9)


def test_a_class_whose_probability_underflows():
    logits = np.tile([0.0, -5000.0, 1.0], (50, 1))
    found = summed(np.eye(50), logits).inception_score()
    assert (found.value, found.se) == (pytest.approx(1, abs=1e-12), pytest.approx(0, abs=1e-6))


def test_memory_does_not_grow_with_the_rows():
    def held(sums):
        return sum(array.nbytes for array in sums.arrays().values())

    few, many = (summed(*sample(n), batch=500, stored=100) for n in (1000, 20_000))
    assert held(few) == held(many)
    assert many.n == 20_000
    assert many.arrays()["kept_rows"].shape == (100, 6)
    assert many.arrays()["kept_rows"].dtype == np.float32


def test_stored_rows_are_the_first_ones():
    x, logits = sample(90)
    parts = [summed(x[a:b], logits[a:b], batch=7, stored=50) for a, b in ((0, 20), (20, 80), (80, 90))]
    kept = (parts[0] + parts[1] + parts[2]).arrays()
    np.testing.assert_array_equal(kept["kept_rows"], x[:50])
    smaller = (parts[0] + summed(x[20:], logits[20:], stored=30)).arrays()
    np.testing.assert_array_equal(smaller["kept_rows"], x[:30])


def test_without_stored_rows_there_are_values_but_no_errors():
    x, logits = sample(200)
    sums, goal = summed(x, logits, stored=0), target(sample(100, seed=1)[0])
    assert sums.frechet(goal).value == pytest.approx(frechet_distance(goal, x).value, rel=1e-10)
    assert sums.frechet(goal).se is None
    assert sums.vendi_score().se is None
    assert sums.inception_score().se == pytest.approx(inception_score(logits, splits=1).se, rel=1e-9)


def test_arrays_put_back_everything():
    x, logits = sample(120)
    goal, sums = target(sample(100, seed=1)[0]), summed(x[:70], logits[:70])
    again = FeatureSums.from_arrays(sums.arrays())
    np.testing.assert_array_equal(numbers(again, goal), numbers(sums, goal))
    for each in (again, sums):
        each.add(x[70:], logits[70:])
    np.testing.assert_array_equal(numbers(again, goal), numbers(sums, goal))
    empty = FeatureSums.from_arrays(FeatureSums(6, units=False).arrays())
    assert (empty.n, empty.width, empty.units) == (0, 6, False)
    bare = FeatureSums.from_arrays(summed(x).arrays())
    assert bare.frechet(goal) == summed(x).frechet(goal)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"feature_n": np.array(-1)}, "'feature_n' is no whole number"),
        ({"feature_n": np.array(121)}, "different numbers of rows"),
        ({"feature_mean": np.full(6, np.nan)}, "'feature_mean' is no finite vector"),
        ({"feature_scatter": np.eye(5)}, "'feature_scatter' is no finite matrix"),
        ({"unit_n": np.array(3)}, "different numbers of rows"),
        ({"unit_mean": np.zeros(4), "unit_scatter": np.eye(4)}, "'unit_mean' has width 4"),
        ({"kept_rows": np.zeros((120, 5), np.float32)}, "'kept_rows'"),
        ({"kept_rows": np.full((120, 6), np.inf, np.float32)}, "'kept_rows' holds NaN"),
        ({"kept_limit": np.array(5)}, "'kept_rows'"),
        ({"shift": np.zeros(3)}, "width 3"),
        ({"shift": np.zeros((2, 6))}, "shape"),
        ({"shift": None}, "no 'shift'"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(change, words):
    arrays = {**summed(*sample(120)).arrays(), **change}
    with pytest.raises(ScoreError, match=words):
        FeatureSums.from_arrays({name: array for name, array in arrays.items() if array is not None})


def inside(found, truth, widths=1.96):
    return np.mean([abs(each.value - truth) < widths * each.se for each in found])


def test_frechet_intervals_cover_by_simulation():
    """Against the mean of all runs: the bias of the plain distance is not the standard error's to cover."""
    goal, draw = target(sample(20_000, seed=8)[0]), rng(9)
    found = [
        summed(draw.standard_normal((600, 6)) * 1.5 + 0.8, batch=600, stored=300).frechet(goal) for _ in range(300)
    ]
    assert 0.9 <= inside(found, np.mean([each.value for each in found])) <= 0.99


def test_inception_intervals_cover_by_simulation():
    draw = rng(10)
    truth = inception_score(draw.standard_normal((400_000, 5)) * 2, splits=1).value
    x = np.ones((1500, 1))
    found = [summed(x, draw.standard_normal((1500, 5)) * 2, batch=1500).inception_score() for _ in range(300)]
    assert 0.9 <= inside(found, truth) <= 0.99


def test_vendi_intervals_cover_by_simulation():
    draw, scales = rng(11), np.linspace(0.3, 2, 6)
    for q in (1, 2):
        truth = vendi_score(draw.standard_normal((400_000, 6)) * scales, samples=400_000, q=q).value
        found = [
            summed(draw.standard_normal((1500, 6)) * scales, batch=1500, stored=500).vendi_score(q) for _ in range(200)
        ]
        assert 0.9 <= inside(found, truth) <= 0.99


def with_value(value, row=3):
    x = np.ones((10, 6))
    x[row, 1] = value
    return x


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({"features": with_value(np.nan)}, "added after 120 rows hold NaN or infinite values, first in row 3"),
        ({"features": np.ones((10, 5))}, "added after 120 rows have width 5, where these sums take 6"),
        ({"features": np.ones((0, 6))}, "0 rows"),
        ({"features": np.ones(6)}, r"shape \(6,\)"),
        ({"features": with_value(1e200)}, "float32"),
        ({"logits": np.ones((10, 3))}, r"shape \(10, 3\), where \(10, 4\)"),
        ({"logits": np.ones((9, 4))}, r"shape \(9, 4\), where \(10, 4\)"),
        ({"logits": np.full((10, 4), np.inf)}, "first in row 0"),
        ({"logits": None}, "4 logits a row"),
    ],
)
def test_bad_rows_are_refused_and_change_nothing(rows, words):
    sums, goal = summed(*sample(120)), target(sample(100, seed=1)[0])
    before = numbers(sums, goal)
    given = {"features": np.ones((10, 6)), "logits": np.ones((10, 4)), **rows}
    with pytest.raises(ScoreError, match=words):
        sums.add(**given)
    np.testing.assert_array_equal(numbers(sums, goal), before)


def test_rows_that_the_sums_were_not_made_for():
    with pytest.raises(ScoreError, match="0 logits"):
        FeatureSums(6).add(np.ones((2, 6)), logits=np.ones((2, 4)))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (FeatureSums(5, logits=4), r"different width \(6 and 5\)"),
        (FeatureSums(6, logits=3), r"different logits \(4 and 3\)"),
        (FeatureSums(6, logits=4, units=False), "different units"),
    ],
)
def test_sums_made_for_different_rows_do_not_merge(other, words):
    with pytest.raises(ScoreError, match=words):
        FeatureSums(6, logits=4).merge(other)


def test_too_few_rows():
    one = summed(np.ones((1, 6)), np.ones((1, 4)))
    for score in (one.moments, one.inception_score, one.vendi_score):
        with pytest.raises(ScoreError, match="at least 2 rows, but there are 1"):
            score()
    with pytest.raises(ScoreError, match="at least 2 rows, but there are 0"):
        FeatureSums(3).moments()


def test_scores_that_were_not_summed():
    sums = summed(np.eye(4), units=False)
    with pytest.raises(ScoreError, match="needs logits"):
        sums.inception_score()
    with pytest.raises(ScoreError, match="without"):
        sums.vendi_score()


def test_impossible_sizes():
    with pytest.raises(ScoreError, match="No sums have width 0"):
        FeatureSums(0)
    with pytest.raises(ScoreError, match="The values of the shift have width 2, where these sums take 3"):
        FeatureSums(3, shift=np.ones(2))


def test_overflow_is_an_error():
    sums = FeatureSums(2, stored=0, units=False)
    sums.add(np.array([[1e200, 1], [-1e200, 2], [3, 4.0]]))
    with pytest.raises(ScoreError, match="overflow"):
        sums.moments()
