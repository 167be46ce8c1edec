"""Precision, recall, density, coverage: against a brute-force reading of the papers, and on sets with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays, distances, shortlist
from ganzoo.metrics.neighbours import NEIGHBOUR_SCORES, find_hits, neighbour_scores


def values(real, fake, k=5):
    return {name: e.value for name, e in neighbour_scores(real, fake, k=k).items()}


def by_hand(real, fake, k):
    def distances(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2)

    real_radius = np.sort(distances(real, real), axis=1)[:, k]
    fake_radius = np.sort(distances(fake, fake), axis=1)[:, k]
    cross = distances(real, fake)
    return {
        "precision": (cross < real_radius[:, None]).any(0).mean(),
        "recall": (cross < fake_radius[None]).any(1).mean(),
        "density": (cross < real_radius[:, None]).sum() / (k * len(fake)),
        "coverage": (cross.min(1) < real_radius).mean(),
    }


def sets(n=150, d=6, seed=0):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, d)) + 50, draw.standard_normal((n, d)) * 0.8 + 50.3


@pytest.mark.parametrize("k", [1, 3, 5])
def test_equals_brute_force_whatever_the_block(k, monkeypatch):
    real, fake = sets()
    assert values(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)
    monkeypatch.setattr(arrays, "PANEL", 1000)
    assert values(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)


def test_swap_and_shift_and_order():
    real, fake = sets(seed=1)
    there, back = values(real, fake), values(fake, real)
    assert there["precision"] == back["recall"]
    assert there["recall"] == back["precision"]
    assert values(real + 7, fake + 7) == there
    assert values(real[::-1], fake[::-1]) == there


def test_identical_sets_are_perfect_ties_and_all():
    real, _ = sets(seed=2)
    assert values(real, real.copy()) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}


def test_grids_have_ties_that_do_not_count():
    """On a line of integers the k-th neighbour is a tie: only the point itself and the nearer ones are inside."""
    line = np.arange(40.0)[:, None] * np.ones((1, 3)) / 3 + 1000
    inner = values(line, line.copy(), 2)
    assert inner == pytest.approx(by_hand(np.arange(40.0)[:, None], np.arange(40.0)[:, None], 2))


def test_constant_sets_score_zero_under_strict_comparison():
    same = np.full((20, 4), 3.7)
    assert values(same, same) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_collapsed_generator_is_precise_but_recalls_nothing():
    real, _ = sets(400, 3, seed=3)
    draw = np.random.default_rng(4)
    fake = real.mean(0) + 0.01 * draw.standard_normal((400, 3))
    scores = values(real, fake)
    assert scores["precision"] == 1
    assert scores["recall"] < 0.05
    assert scores["coverage"] < 0.5


def test_far_sets_score_zero():
    real, fake = sets()
    assert values(real, fake + 100) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_unequal_sets_use_their_first_rows():
    real, fake = sets()
    assert values(real, fake[:80]) == values(real[:80], fake[:80])
    assert neighbour_scores(real, fake[:80])["recall"].n == 80


def test_the_metric_keeps_the_radii_of_each_size():
    real, fake = sets()
    reference = Reference(real, real, real[:0])
    for rows in (150, 80, 150):
        scores = NEIGHBOUR_SCORES.compute(Sets(reference, fake[:rows]))
        assert scores == neighbour_scores(real, fake[:rows])


def test_coverage_jackknife_is_the_delete_one_jackknife():
    real, fake = sets(60, seed=5)
    real_radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, 5]
    cross = np.linalg.norm(real[:, None] - fake[None], axis=2)
    without = [(np.delete(cross, j, 1).min(1) < real_radius).mean() for j in range(60)]
    expected = np.sqrt(59 / 60 * ((without - np.mean(without)) ** 2).sum())
    assert neighbour_scores(real, fake)["coverage"].se == pytest.approx(expected)


def test_recall_error_is_what_each_ball_alone_holds():
    real, fake = sets(60, seed=5)
    fake_radius = np.sort(np.linalg.norm(fake[:, None] - fake[None], axis=2), axis=1)[:, 5]
    inside = np.linalg.norm(fake[:, None] - real[None], axis=2) < fake_radius[:, None]
    without = [np.delete(inside, j, 0).any(0).mean() for j in range(60)]
    expected = np.sqrt(59 / 60 * ((without - np.mean(without)) ** 2).sum())
    assert neighbour_scores(real, fake)["recall"].se == pytest.approx(expected)


def test_standard_errors_by_simulation():
    draw = np.random.default_rng(6)
    real = draw.standard_normal((300, 5))
    runs = [neighbour_scores(real, draw.standard_normal((300, 5)) * 1.1 + 0.3) for _ in range(120)]
    for name, low, high in (
        ("precision", 0.8, 1.3),
        ("density", 0.8, 1.3),
        ("recall", 0.8, 1.9),
        ("coverage", 0.8, 1.8),
    ):
        ratio = np.mean([r[name].se for r in runs]) / np.std([r[name].value for r in runs], ddof=1)
        assert low < ratio < high, name


def nasty(name, draw):
    """Two sets that are hard to tell apart by products of limited precision."""
    n, d = 90, 5
    x, y = draw.standard_normal((n, d)), draw.standard_normal((n, d)) * 0.9 + 0.1
    centres = 100 * draw.standard_normal((4, d))
    far = np.ones((n, 1))
    far[3] = 1e8
    pick = lambda: draw.integers(0, 4, n)  # noqa: E731
    return {
        "plain": lambda: (x, y),
        "far from the origin": lambda: (x + 1e4, y + 1e4),
        "outliers": lambda: (x * far, y * far[::-1]),
        "duplicates": lambda: (x[pick() * 7], y[pick() * 7]),
        "some duplicates": lambda: (x[draw.integers(0, 40, n)], np.vstack([x[:45], y[:45]])),
        "integers": lambda: (np.round(1.5 * x), np.round(1.5 * y)),
        "tight clusters": lambda: (centres[pick()] + 1e-4 * x, centres[pick()] + 1e-4 * y),
        "heavy tails": lambda: (x**7, y**7),
        "constant feature": lambda: (np.c_[x, np.full(n, 5.0)], np.c_[y, np.full(n, 5.0)]),
        "huge": lambda: (x * 2.0**700, y * 2.0**700),
        "tiny": lambda: (x * 2.0**-700, y * 2.0**-700),
        "both": lambda: (x * 10.0 ** draw.integers(-30, 30, (n, 1)), y),
    }[name]()


NASTY = ["plain", "far from the origin", "outliers", "duplicates", "some duplicates", "integers", "tight clusters"]
NASTY += ["heavy tails", "constant feature", "huge", "tiny", "both"]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("panel", [1 << 22, 300])
def test_float32_products_decide_nothing(name, panel, monkeypatch):
    monkeypatch.setattr(arrays, "PANEL", panel)
    real, fake = nasty(name, np.random.default_rng(8))
    double = find_hits(real, fake)
    monkeypatch.setattr(distances, "COSTLY", 0)
    single = find_hits(real, fake)
    monkeypatch.setattr(shortlist, "ROOM", -10_000)  # candidates never have room, so all are measured at once
    crowded = find_hits(real, fake)
    for part in ("real_balls", "recalled", "covered", "covers_alone", "recalls_alone"):
        assert np.array_equal(getattr(single, part), getattr(double, part)), part
        assert np.array_equal(getattr(crowded, part), getattr(double, part)), part
    scale = {"huge": 2.0**-700, "tiny": 2.0**700}.get(name, 1.0)
    if name not in ("integers", "duplicates", "some duplicates"):  # these have ties by rounding alone
        assert values(real, fake) == pytest.approx(by_hand(real * scale, fake * scale, 5), abs=1e-12)


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_radii_are_exact(name, dtype):
    real, _ = nasty(name, np.random.default_rng(9))
    scale = distances.scale_of(real)
    own = np.square(scale * (real[:, None] - real[None])).sum(axis=2)
    found, rows, columns = shortlist.kth_squared_distances(real, 4, scale, dtype)
    np.testing.assert_allclose(found, np.sort(own, axis=1)[:, 4], rtol=1e-13)
    assert (rows != columns).all()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == len(rows)
    assert (own[rows, columns] <= found[rows] * (1 + 1e-13)).all()
    counts = np.bincount(rows, minlength=len(real))
    assert (counts[found > 0] >= 4).all(), "rows of ties may have more, and those of copies none"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NASTY)
def test_lower_bounds_and_margins_hold(name, dtype):
    real, fake = nasty(name, np.random.default_rng(10))
    scale = distances.scale_of(real, fake)
    a, b = (distances.Cloud.of(x, distances.centre_of(real), scale, dtype) for x in (real, fake))
    i, j = np.divmod(np.arange(90 * 90), 90)
    exact = distances.squared_differences(real, i, fake, j, scale)
    low = a.lower(slice(0, 90), b, slice(None)).ravel().astype(float)
    assert (low <= exact).all()
    assert (exact <= low + a.margin(i, b, j)).all()


def test_float32_features_are_taken_as_they_are():
    real, fake = (x.astype(np.float32) for x in sets())
    assert neighbour_scores(real, fake) == neighbour_scores(real.astype(float), fake.astype(float))


def test_memory_is_far_below_all_pairs():
    import tracemalloc

    real, fake = sets(3000, 4)
    tracemalloc.start()
    neighbour_scores(real, fake)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * arrays.PANEL * 4  # a few panels, whatever n
    assert arrays.PANEL < 3000**2


def test_influences_are_those_of_the_estimates():
    real, fake = sets(80, seed=5)
    scores = neighbour_scores(real, fake[:70])
    parts = NEIGHBOUR_SCORES.influence(Sets(Reference(real, real, real[:0]), fake[:70]))
    assert parts.keys() == scores.keys()
    for name, part in parts.items():
        assert part.real is not None and len(part.real) == 70 and part.given
        assert part.value == scores[name].value, name
        own = part.fake.var(ddof=1) / 70 + part.second
        assert scores[name].se == pytest.approx(own**0.5), name
        assert scores[name].total == pytest.approx((own + part.real.var(ddof=1) / 70) ** 0.5), name


def test_none_or_all_has_an_error_too():
    """As if two of n + 4 had been the other way."""
    real, fake = sets(100)
    far = neighbour_scores(real, fake + 1000)
    same = neighbour_scores(real, real.copy())
    error = (2 / 104 * 102 / 104 / 104) ** 0.5
    for column in ("recall", "coverage"):
        assert far[column].value == 0
        assert far[column].se == far[column].total == pytest.approx(error)
        assert same[column].value == 1
        assert same[column].se >= error


def test_what_a_real_sample_adds_is_known_by_row():
    """Real rows that nobody visits count nothing, and rows count their own ball less what they take from others."""
    real, fake = sets(80, seed=5)
    radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)
    order = np.argsort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, 1:6]
    held = (np.linalg.norm(fake[:, None] - real[None], axis=2) < radius[:, 5]).sum(0)
    taken = np.zeros(80)
    np.add.at(taken, order.ravel(), np.repeat(held / 5, 5))
    parts = NEIGHBOUR_SCORES.influence(Sets(Reference(real, real, real[:0]), fake))
    np.testing.assert_allclose(parts["density"].real, (held - taken) / 5)
    np.testing.assert_array_equal(parts["coverage"].real, held > 0)
    inside = np.linalg.norm(fake[:, None] - real[None], axis=2) < radius[:, 5]
    alone = (inside & (inside.sum(1, keepdims=True) == 1)).sum(0)
    np.testing.assert_allclose(parts["precision"].real, 79 / 80 * alone)


def test_intervals_cover():
    """95 % intervals given the reference, of sets that differ; nearer to 1 some are too wide, as the docstring says."""
    draw = np.random.default_rng(12)
    real = draw.standard_normal((250, 4))
    runs = [neighbour_scores(real, draw.standard_normal((250, 4)) * 0.9 + 0.8) for _ in range(300)]
    for name in ("precision", "density", "recall", "coverage"):
        truth = np.mean([run[name].value for run in runs])
        inside = np.mean([abs(run[name].value - truth) < 1.96 * run[name].se for run in runs])
        assert 0.9 <= inside <= 0.99, name


def test_refusals():
    real, fake = sets()
    with pytest.raises(ScoreError, match="at least 6"):
        neighbour_scores(real, fake[:5])
    with pytest.raises(ScoreError, match="width"):
        neighbour_scores(real, fake[:, :2])
