"""Copying: exact neighbours, memorised shares with known answers, and C_T."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import arrays
from ganzoo.metrics.copying import copying_statistic, memorised_share, partition
from ganzoo.metrics.nearest import TrainIndex


def draw(n, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def all_distances(a, b):
    return np.linalg.norm(a[:, None] - b[None], axis=2)


def test_neighbours_equal_brute_force_whatever_the_block(monkeypatch):
    monkeypatch.setattr(arrays, "PANEL", 700)
    train, points = draw(200), draw(90, seed=1)
    index = TrainIndex(train)
    distance, row = index.nearest(points)
    assert np.allclose(distance, all_distances(points, train).min(1), rtol=1e-13)
    assert (row == all_distances(points, train).argmin(1)).all()
    own = all_distances(train, train) + np.diag(np.full(200, np.inf))
    for rows in (np.array([5, 3, 5]), np.arange(200)):
        assert np.allclose(index.own_distance(rows), own.min(1)[rows], rtol=1e-13)


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
    assert share.se == 0
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
    assert far.value > 8


def test_statistic_is_the_weighted_mann_whitney_z():
    from scipy.stats import mannwhitneyu
    from sklearn.cluster import KMeans

    train, heldout, fake = draw(300), draw(150, seed=1), draw(200, seed=2) * 0.9
    fake[:20] = train[:20]
    clusters = KMeans(3, n_init=10, random_state=0).fit(train)
    fake_cell, real_cell = clusters.predict(fake), clusters.predict(heldout)
    fake_far, real_far = all_distances(fake, train).min(1), all_distances(heldout, train).min(1)
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


def test_refusals():
    with pytest.raises(ScoreError, match="training features have 1 rows"):
        TrainIndex(draw(1))
    with pytest.raises(ScoreError, match="width"):
        memorised_share(TrainIndex(draw(10)), draw(10, 5))
    with pytest.raises(ScoreError, match="held-out features have 0 rows"):
        partition(draw(10), draw(10)[:0])
    with pytest.raises(ScoreError, match="NaN"):
        memorised_share(TrainIndex(draw(10)), draw(10) * np.nan)
