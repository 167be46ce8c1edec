"""Copying: exact neighbours, memorised shares with known answers, and C_T."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import arrays
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.copying import (
    DUPLICATES,
    copying_influence,
    copying_statistic,
    duplicate_share,
    memorised_share,
    partition,
    relative_distance,
    worst_copies,
)
from ganzoo.metrics.nearest import TrainIndex


def draw(n, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def all_distances(a, b):
    return np.linalg.norm(a[:, None] - b[None], axis=2)


def brute_ratio(points, train):
    """Distances to the nearest training sample over those to the fifth nearest."""
    far = np.sort(all_distances(points, train), axis=1)
    return far[:, 0] / far[:, 4]


@pytest.mark.parametrize("panel", [700, arrays.PANEL])
def test_relative_distances_equal_brute_force(monkeypatch, panel):
    monkeypatch.setattr(arrays, "PANEL", panel)
    for d in (2, 40):
        train, points = draw(200, d), draw(90, d, seed=1)
        assert np.allclose(relative_distance(TrainIndex(train), points), brute_ratio(points, train), rtol=1e-12)
    train, points = draw(3), draw(5, seed=2)
    far = all_distances(points, train)
    assert np.allclose(relative_distance(TrainIndex(train), points), far.min(1) / far.max(1))
    twice = np.repeat(draw(10), 2, axis=0)
    assert relative_distance(TrainIndex(twice), twice[:3]).tolist() == [0, 0, 0]
    same = np.repeat(draw(2), 7, axis=0)
    assert relative_distance(TrainIndex(same), same[[0, 8]]).tolist() == [0, 0]


def test_neighbours_equal_brute_force_whatever_the_block(monkeypatch):
    monkeypatch.setattr(arrays, "PANEL", 700)
    train, points = draw(200), draw(90, seed=1)
    index = TrainIndex(train)
    distance, row = index.nearest(points)
    assert np.allclose(distance, all_distances(points, train).min(1), rtol=1e-13)
    assert (row == all_distances(points, train).argmin(1)).all()
    own = all_distances(train, train) + np.diag(np.full(200, np.inf))
    for rows in (np.array([5, 3, 5]), np.arange(200)):
        assert np.allclose(index.train_distance(rows), own.min(1)[rows], rtol=1e-13)


def test_answers_are_kept_for_the_right_array():
    index = TrainIndex(draw(50))
    first, second, third = draw(20, seed=1), draw(20, seed=2), draw(20, seed=3)
    before = [index.nearest(x)[0] for x in (first, second, third)]
    after = [index.nearest(x)[0] for x in (third, first, second)]
    assert np.array_equal(after[0], before[2])
    assert np.array_equal(after[1], before[0])
    assert np.array_equal(after[2], before[1])


def test_tiny_distances_far_from_the_origin_are_exact():
    """BLAS distances cannot see 1e-5 at a norm of 1e5; direct differences can."""
    train = draw(100) * 3
    train[0] += 1e5
    train[1] = train[0] + 1e-5
    distance, row = TrainIndex(train).nearest(train[[0, 1]])
    assert distance.tolist() == [0, 0]
    assert row.tolist() == [0, 1]


def test_copies_of_the_training_set_are_all_memorised():
    train = draw(300)
    share = memorised_share(TrainIndex(train), train[::-1].copy())
    assert share.value == 1  # authenticity 0
    assert share.se == pytest.approx(2**0.5 / 302, rel=0.01)  # as if two of 304 were not
    assert share.n == 300


def test_copies_count_even_of_duplicated_training_samples():
    train = np.repeat(draw(50), 2, axis=0)
    index = TrainIndex(train)
    assert memorised_share(index, train[:30].copy()).value == 1
    assert memorised_share(index, train[:30] + 1e-3).value == 0


def test_noisy_copies_are_memorised_and_fresh_or_far_samples_are_not():
    train = draw(1000, 10)
    index = TrainIndex(train)
    assert memorised_share(index, train + 0.01 * draw(1000, 10, seed=1)).value > 0.99
    fresh = memorised_share(index, draw(1000, 10, seed=2)).value
    assert 0.1 < fresh < 0.4  # by symmetry a fresh sample is its neighbour's nearest about as often as not
    assert memorised_share(index, draw(1000, 10, seed=3) + 20).value < 0.01


def test_nearer_is_strict():
    train = np.array([[0.0], [1.0], [10.0]])
    points = np.array([[0.4], [1.2], [11.5], [20.0], [-1.0], [-1.5]])
    # Own distances 1, 1, 9; the fifth is a tie, which is not nearer.
    assert memorised_share(TrainIndex(train), points).value == 0.5


@pytest.mark.parametrize("d", [2, 64])
def test_near_duplicates_at_a_millionth_of_the_norms(d):
    """A cluster of training samples 3e-6 apart at norm 1, seen from 1e-6: half as near as their own neighbours."""
    far = draw(200, d, seed=5)
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    step = np.eye(d)[0] * 3e-6
    train = np.concatenate([far[[0]] + step * i for i in range(5)] + [far[1:]])
    points = far[[0]] + step * np.array([[0], [1], [2], [3], [4]]) + step / 3
    distance, row = TrainIndex(train).nearest(points)
    assert row.tolist() == [0, 1, 2, 3, 4]
    assert distance == pytest.approx(np.full(5, 1e-6), rel=1e-8)
    assert memorised_share(TrainIndex(train), points).value == 1
    assert memorised_share(TrainIndex(train), far[[0]] - 1.01 * step).value == 0
    worst = worst_copies(TrainIndex(train), points, 5)
    assert [copy.ratio for copy in worst] == pytest.approx([1 / 3] * 5, rel=1e-6)


def test_duplicates_are_a_twentieth_of_fresh_samples_and_all_of_the_copies():
    train, heldout = draw(300), draw(400, seed=1)
    index = TrainIndex(train)
    fresh = duplicate_share(index, heldout, draw(20_000, seed=2))
    assert fresh.value == pytest.approx(0.05, abs=3 * fresh.se)
    assert fresh.se > np.sqrt(0.05 * 0.95 / 400)  # the quantile's sampling, beside that of 20,000 points
    assert duplicate_share(index, heldout, train.copy()).value == 1
    assert duplicate_share(index, heldout, train + 50).value == 0
    assert fresh.n == 20_000


# What features of bad images do: they shrink towards a point, or all lie about one far from the data. By the distance
# alone all of the first would be copies, and C_T below −20.
@pytest.mark.parametrize(("scale", "shift", "most"), [(0.5, 0.0, 0.2), (0.3, 1.0, 0.12), (0.3, 5.0, 0.12)])
def test_contracted_samples_are_no_copies(scale, shift, most):
    train, heldout = draw(500, 64), draw(400, 64, seed=1)
    index, fake = TrainIndex(train), draw(600, 64, seed=2) * scale + shift
    assert duplicate_share(index, heldout, fake).value < most
    assert copying_statistic(partition(train, heldout), fake).value > -5
    copied = np.concatenate([train[:150], fake[:450]])
    assert duplicate_share(index, heldout, copied).value > 0.24


def test_training_samples_that_are_all_there_twice_make_no_duplicates_but_copies():
    train = np.repeat(draw(60, 16), 2, axis=0)
    points = np.concatenate([train[:20], draw(80, 16, seed=2)])
    assert 0.2 <= duplicate_share(TrainIndex(train), draw(200, 16, seed=1), points).value < 0.3


def test_the_quantile_is_unbiased():
    """Over held-out sets of 39, the second nearest (rank 0.05 · 40) has a twentieth of fresh samples below it."""
    index = TrainIndex(draw(100))
    points = draw(4000, seed=1)
    found = [duplicate_share(index, draw(39, seed=10 + i), points).value for i in range(300)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.006)


def test_the_error_of_duplicates_by_hand():
    """Points twice as dense around τ as the held-out samples, whose ratios are 1 … 99 over nearly 1e9."""
    train = np.array([[0.0], [1e9]])
    heldout = np.arange(1.0, 100)[:, None]
    points = np.concatenate([np.arange(0.25, 20, 0.5), np.full(60, 50.0)])[:, None]
    found = duplicate_share(TrainIndex(train), heldout, points)
    assert found.value == 0.1  # 0.25, …, 4.75 of 40 + 60
    # Between the ranks 2.5 and 10 lie 8 of 99 held-out distances (3 … 10), and 15 of 100 points.
    density = 0.15 / (8 / 99)
    quantile = density**2 * (0.05 - np.where(np.arange(1, 100) <= 5, 1, 0)).var(ddof=1) / 99
    assert found.se == pytest.approx(np.sqrt(quantile + (12 / 104) * (92 / 104) / 104))


def test_held_out_copies_make_duplicates_of_exact_copies_alone():
    train = draw(100)
    heldout = np.concatenate([train[:20], draw(80, seed=1)])
    points = np.concatenate([train[:30], train[:30] + 1e-6, draw(40, seed=2)])
    assert duplicate_share(TrainIndex(train), heldout, points).value == 0.3


def test_duplicates_need_twenty_held_out_samples():
    train = draw(50)
    with pytest.raises(ScoreError, match="held-out features have 19 rows"):
        duplicate_share(TrainIndex(train), draw(19, seed=1), train)
    for count, columns in ((19, set()), (20, {"duplicates"})):
        sets = Sets(Reference(train, train, draw(count, seed=1)), draw(30, seed=2))
        assert set(DUPLICATES.compute(sets)) == columns


def test_worst_copies_come_first():
    train = np.array([[0.0], [1.0], [10.0], [20.0], [20.0]])
    points = np.array([[5.0], [0.3], [10.0], [11.8], [20.0], [20.1], [0.3]])
    worst = worst_copies(TrainIndex(train), points, 10)
    assert [(copy.sample, copy.train) for copy in worst[:5]] == [(2, 2), (4, 3), (3, 2), (1, 0), (6, 0)]
    assert [copy.ratio for copy in worst] == pytest.approx([0, 0, 0.2, 0.3, 0.3, 4, np.inf])
    assert (worst[2].distance, worst[2].train_distance) == (pytest.approx(1.8), 9)
    assert (worst[-1].sample, worst[-1].train_distance) == (5, 0)
    assert worst_copies(TrainIndex(train), points, 2) == worst[:2]
    assert worst_copies(TrainIndex(train), points, 0) == []


def test_worst_copies_below_one_are_the_memorised_share():
    index, points = TrainIndex(draw(300)), draw(200, seed=1)
    below = [copy.ratio < 1 for copy in worst_copies(index, points, 200)]
    assert np.mean(below) == memorised_share(index, points).value


def test_share_error_by_simulation():
    index = TrainIndex(draw(500))
    found = [memorised_share(index, draw(300, seed=10 + i)) for i in range(150)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 1.25


@pytest.mark.parametrize("d", [6, 80])
def test_statistic_tells_copies_fresh_and_far_apart(d):
    train, heldout = draw(600, d), draw(400, d, seed=1)
    cells = partition(train, heldout)
    copies = copying_statistic(cells, train[:400] + 0.01 * draw(400, d, seed=2))
    fresh = copying_statistic(cells, draw(400, d, seed=3))
    far = copying_statistic(cells, draw(400, d, seed=4) * 2)
    assert copies.value < -8
    assert abs(fresh.value) < 2.5
    assert far.value > 4


def test_statistic_is_the_weighted_mann_whitney_z():
    from scipy.stats import mannwhitneyu
    from sklearn.cluster import KMeans

    train, heldout, fake = draw(300), draw(150, seed=1), draw(200, seed=2) * 0.9
    fake[:20] = train[:20]
    clusters = KMeans(3, n_init=10, random_state=0).fit(train)
    fake_cell, real_cell = clusters.predict(fake), clusters.predict(heldout)
    fake_far, real_far = (brute_ratio(x, train) for x in (fake, heldout))
    scores, weights = [], []
    for cell in range(3):
        a, b = fake_far[fake_cell == cell], real_far[real_cell == cell]
        assert len(a) >= 20
        u, n, m = mannwhitneyu(a, b).statistic, len(a), len(b)
        scores.append((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
        weights.append(m)
    expected = np.average(scores, weights=weights)
    assert copying_statistic(partition(train, heldout), fake).value == pytest.approx(expected, rel=1e-9)


def test_small_cells_are_dropped_and_none_left_is_an_error():
    train = np.concatenate([draw(100) + 30 * i for i in range(3)])
    heldout = np.concatenate([draw(50, seed=1) + 30 * i for i in range(3)])
    cells = partition(train, heldout)
    base = draw(60, seed=2)
    alone = copying_statistic(cells, base)
    with_few = copying_statistic(cells, np.vstack([base, draw(19, seed=3) * 100 + 60_000]))
    assert with_few.value == alone.value
    assert copying_statistic(cells, np.vstack([base, draw(20, seed=3) + 900])).value != alone.value
    with pytest.raises(ScoreError, match="No cell"):
        copying_statistic(cells, base[:19])


def test_statistic_error_by_simulation():
    train = draw(800)
    found = [
        copying_statistic(partition(train, draw(200, seed=100 + i)), draw(300, seed=500 + i) * 1.1) for i in range(60)
    ]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.7 < ratio < 1.4


def test_statistic_error_where_everything_is_copied():
    """The ranks hardly vary then; how many samples fall into each cell does."""
    train = draw(400, 4) + 8 * np.eye(4)[np.random.default_rng(0).choice(3, size=400, p=[0.5, 0.3, 0.2])]
    found = []
    for seed in range(60):
        chosen = np.random.default_rng(seed)
        heldout = draw(200, 4, seed=100 + seed) + 8 * np.eye(4)[chosen.choice(3, size=200, p=[0.5, 0.3, 0.2])]
        copies = train[chosen.integers(400, size=300)] + 0.02 * draw(300, 4, seed=500 + seed)
        found.append(copying_statistic(partition(train, heldout), copies))
    assert np.mean([e.value for e in found]) < -8
    assert 0.7 < np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1) < 1.4


def test_influences_on_the_statistic_are_its_slopes():
    """Weighing one row a little more moves the statistic by its influence over the number of rows."""
    train, heldout, fake = draw(300), draw(500, seed=1), draw(600, seed=2) * 0.9
    cells = partition(train, heldout)
    rows = copying_influence(cells, fake)
    for row in (3, 77, 400):
        twice = copying_statistic(cells, np.vstack([fake, fake[[row]]])).value
        assert 600 * (twice - rows.value) == pytest.approx(rows.fake[row], abs=0.25)
        other = copying_statistic(partition(train, np.vstack([heldout, heldout[[row]]])), fake).value
        assert 500 * (other - rows.value) == pytest.approx(rows.real[row], abs=0.25)


def test_refusals():
    with pytest.raises(ScoreError, match="training features have 1 rows"):
        TrainIndex(draw(1))
    with pytest.raises(ScoreError, match="width"):
        memorised_share(TrainIndex(draw(10)), draw(10, 5))
    with pytest.raises(ScoreError, match="held-out features have 0 rows"):
        partition(draw(10), draw(10)[:0])
    with pytest.raises(ScoreError, match="NaN"):
        memorised_share(TrainIndex(draw(10)), draw(10) * np.nan)
