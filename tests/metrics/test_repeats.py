"""Repeats within the generated set."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import repeats
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.nearest import TrainIndex
from ganzoo.metrics.repeats import REPEATS, repeated_share


def draw(n, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def brute(x):
    far = np.linalg.norm(x[:, None] - x[None], axis=2)
    apart = np.sqrt((far**2).sum(1) / (len(x) - 1))
    np.fill_diagonal(far, np.inf)
    return far.min(1) / apart


def test_it_is_the_share_at_the_quantile_of_the_real_rows():
    real, fake = draw(300), draw(200, seed=1) * 0.8
    border = np.quantile(brute(real[:200]), 0.05, method="weibull")
    assert repeated_share(real, fake).value == (brute(fake) <= border).mean()


def test_neighbours_are_those_of_brute_force():
    x = draw(150)
    far = np.linalg.norm(x[:, None] - x[None], axis=2) + np.diag(np.full(150, np.inf))
    distance, row = TrainIndex(x).neighbours()
    assert np.allclose(distance, far.min(1), rtol=1e-12)
    assert (row == far.argmin(1)).all()


def test_real_samples_score_a_twentieth():
    found = [repeated_share(draw(200, seed=i), draw(200, seed=1000 + i)).value for i in range(100)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("d", [6, 64])
@pytest.mark.parametrize("times", [2, 10])
def test_each_sample_several_times(d, times):
    real, few = draw(400, d), draw(400 // times, d, seed=1)
    assert repeated_share(real, np.tile(few, (times, 1))).value == 1
    nearly = np.tile(few, (times, 1)) + 1e-3 * draw(400 // times * times, d, seed=2)
    assert repeated_share(real, nearly).value == 1


def test_a_quarter_of_repeats():
    fake = np.concatenate([draw(350, 16, seed=1), draw(350, 16, seed=1)[:50]])
    assert repeated_share(draw(400, 16), fake).value == pytest.approx(0.25 + 0.75 * 0.05, abs=0.04)


@pytest.mark.parametrize("scale", [0.01, 0.5, 3.0])
def test_features_that_contract_or_grow_make_no_repeats(scale):
    real, fake = draw(300, 16), draw(300, 16, seed=1)
    assert repeated_share(real, fake * scale + 5).value == repeated_share(real, fake).value


def test_a_set_of_one_sample_is_all_repeats():
    assert repeated_share(draw(100), np.ones((100, 6))).value == 1


def test_the_error_by_simulation():
    """The law repeats some of its samples; the reference is given."""
    real = draw(300, 4)

    def one(seed):
        draws = np.random.default_rng(seed)
        base = draws.standard_normal((300, 4))
        again = draws.random(300) < 0.2
        base[again] = base[draws.integers(300, size=again.sum())]
        return repeated_share(real, base)

    found = [one(i) for i in range(150)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 2  # each of a pair counts for both


def test_the_metric_needs_twenty_rows():
    for n, columns in ((19, set()), (20, {"repeats"})):
        sets = Sets(Reference(draw(50), draw(50), draw(0)), draw(n, seed=1))
        assert set(REPEATS.compute(sets)) == columns
    with pytest.raises(ScoreError, match="generated features have 19 rows, where at least 20"):
        repeated_share(draw(50), draw(19))


def test_no_more_rows_are_looked_at_than_tell(monkeypatch):
    real, fake = draw(60), draw(80, seed=1)
    monkeypatch.setattr(repeats, "MOST", 50)
    found = repeated_share(real, fake)
    assert found.n == 50
    assert found == repeated_share(real[:50], fake[:50])


def test_the_metric_keeps_what_is_known_of_the_reference():
    real = draw(60)
    reference = Reference(real, real, real[:0])
    for rows in (50, 30, 50):
        fake = draw(rows, seed=1)
        assert REPEATS.compute(Sets(reference, fake))["repeats"] == repeated_share(real, fake)
