"""The index of a training set: exact neighbours whatever the precision of the products, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import arrays, distances, shortlist
from ganzoo.metrics.nearest import NEIGHBOURS, TrainIndex, several_nearest


def all_distances(a, b):
    return np.sqrt(np.square(a[:, None] - b[None]).sum(axis=2))


def draw(n, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("costly", [0, 1 << 60])
@pytest.mark.parametrize("panel", [1 << 22, 150])
def test_many_near_copies_are_told_apart(costly, panel, monkeypatch):
    """Fifty training samples within 1e-7 of each other: more candidates than any fixed number of re-checks."""
    monkeypatch.setattr(distances, "COSTLY", costly)
    monkeypatch.setattr(arrays, "PANEL", panel)
    train = np.vstack([draw(60) + 3, draw(1, seed=1) + 1e-7 * draw(50, seed=2)])
    points = np.vstack([draw(20, seed=3), train[::3] + 1e-8 * draw(37, seed=4)])
    distance, row = TrainIndex(train).nearest(points)
    exact = all_distances(points, train)
    assert (row == exact.argmin(axis=1)).all()
    np.testing.assert_allclose(distance, exact.min(axis=1), rtol=1e-12)


@pytest.mark.parametrize("costly", [0, 1 << 60])
def test_own_neighbours_and_copies(costly, monkeypatch):
    monkeypatch.setattr(distances, "COSTLY", costly)
    monkeypatch.setattr(arrays, "PANEL", 300)
    train = np.vstack([draw(40), draw(40)[:10], draw(30, seed=1) * 1e-9])
    own = all_distances(train, train) + np.diag(np.full(80, np.inf))
    index = TrainIndex(train)
    np.testing.assert_allclose(index.train_distance(np.arange(80)), own.min(axis=1), rtol=1e-12)
    distance, row = index.nearest(train[::-1].copy())
    assert (distance == 0).all()
    assert (train[row] == train[::-1]).all()


def test_constant_sets_are_not_a_flood_of_candidates(monkeypatch):
    """All pairs tie: only what was measured first is kept."""
    monkeypatch.setattr(distances, "COSTLY", 0)
    measured = []
    plain = shortlist.squared_differences
    monkeypatch.setattr(shortlist, "squared_differences", lambda *a: measured.append(len(a[1])) or plain(*a))
    same = np.full((300, 4), 0.3)
    distance, _ = TrainIndex(same).nearest(same.copy())
    assert (distance == 0).all()
    assert sum(measured) <= 2 * NEIGHBOURS * 300


@pytest.mark.parametrize("factor", [2.0**700, 2.0**-700])
def test_any_scale(factor):
    train, points = draw(50) * factor, draw(20, seed=1) * factor
    distance, row = TrainIndex(train).nearest(points)
    exact = all_distances(points / factor, train / factor)
    assert (row == exact.argmin(axis=1)).all()
    np.testing.assert_allclose(distance / factor, exact.min(axis=1), rtol=1e-12)


def test_no_points_have_no_neighbours():
    distance, row = TrainIndex(draw(9)).nearest(draw(9)[:0])
    assert distance.shape == row.shape == (0,)


def test_memory_does_not_grow_with_the_training_set(monkeypatch):
    import tracemalloc

    monkeypatch.setattr(arrays, "PANEL", 1 << 12)
    peaks = []
    for n in (4000, 16_000):
        index, points = TrainIndex(draw(n, 40)), draw(50, 40, seed=1)
        tracemalloc.start()
        index.nearest(points)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_refusals():
    with pytest.raises(ScoreError, match="at least 2"):
        TrainIndex(draw(1))
    with pytest.raises(ScoreError, match="width"):
        TrainIndex(draw(9)).nearest(draw(9, 3))


def test_the_nearest_of_a_few_points_come_in_order():
    train, points = draw(60), draw(7, seed=1)
    far = all_distances(points, train)
    distance, rows = several_nearest(points, train, 4)
    assert rows.tolist() == np.argsort(far, axis=1)[:, :4].tolist()
    np.testing.assert_allclose(distance, np.sort(far, axis=1)[:, :4], rtol=1e-12)
    nearest, row = TrainIndex(train).nearest(points)
    assert rows[:, 0].tolist() == row.tolist()
    np.testing.assert_allclose(distance[:, 0], nearest, rtol=1e-12)
    twice = np.concatenate([train, train])
    assert several_nearest(train[:1], twice, 2)[1].tolist() == [[0, 60]], "the first row first"
    huge = several_nearest(points * 1e200, train * 1e200, 4)
    assert huge[1].tolist() == rows.tolist()
    np.testing.assert_allclose(huge[0], distance * 1e200, rtol=1e-12)


def test_more_neighbours_than_rows_are_refused():
    with pytest.raises(ScoreError, match="have 3 rows, where at least 4 are needed"):
        several_nearest(np.zeros((1, 2)), np.zeros((3, 2)), 4)
