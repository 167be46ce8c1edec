"""Ways to spoil images: each does what its name says, by as much as its strength says."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.scoring import disturbances as d
from ganzoo.scoring.disturbances import DISTURBANCES
from ganzoo.scoring.sensitivity import WORSE


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def pictures(n: int = 20, side: int = 32, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(60, 196, (n, channels, side, side)).astype(np.uint8)


def test_every_disturbance_asks_something_of_known_columns() -> None:
    assert len({each.name for each in DISTURBANCES}) == len(DISTURBANCES) == 11
    for each in DISTURBANCES:
        assert set(each.moves) | set(each.quiet) <= set(WORSE)
        assert not set(each.moves) & set(each.quiet)
        assert list(each.strengths) == sorted(set(each.strengths))


@pytest.mark.parametrize("each", [each for each in DISTURBANCES if each.spoil], ids=lambda each: each.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_stronger_is_further_from_the_image(each: d.Disturbance, channels: int) -> None:
    from scipy.ndimage import gaussian_filter

    assert each.spoil is not None
    smooth = gaussian_filter(pictures(4, 32, channels).astype(float), (0, 0, 2, 2))
    x = np.clip(128 + 12 * (smooth - smooth.mean()), 0, 255).astype(np.uint8)
    before = x.copy()
    spoilt = [each.spoil(x, strength, rng()) for strength in each.strengths]
    far = [float(np.abs(s.astype(float) - x).mean()) for s in spoilt]
    assert all(s.dtype == np.uint8 and s.shape == x.shape for s in spoilt)
    assert far == sorted(far) and far[0] > 0
    np.testing.assert_array_equal(x, before)


def test_noise_has_the_deviation_it_says() -> None:
    x = np.full((50, 3, 16, 16), 128, np.uint8)
    assert d.noise(x, 8, rng()).std() == pytest.approx(8, rel=0.02)


def test_a_blur_spreads_an_edge_by_its_deviation_in_percent_of_the_shorter_side() -> None:
    x = np.zeros((1, 1, 50, 101), np.uint8)
    x[..., 51:] = 255
    slope = np.diff(d.blur(x, 4, rng())[0, 0, 25].astype(float)) / 255  # σ = 2 pixels
    assert np.sqrt((slope * (np.arange(100) - 50) ** 2).sum()) == pytest.approx(2, rel=0.05)


def test_salt_and_pepper_hits_all_channels_of_a_pixel() -> None:
    x = pictures(40)
    hit = d.salt_and_pepper(x, 10, rng()) != x
    assert (hit.any(axis=1) == hit.all(axis=1)).all()
    assert hit.any(axis=1).mean() == pytest.approx(0.1, abs=0.005)


def test_a_swirl_turns_the_middle_most() -> None:
    x = np.zeros((1, 1, 41, 41), np.uint8)
    x[0, 0, 20, 20:] = 255  # a ray to the right
    turned = d.swirl(x, 1.0, rng())[0, 0]
    for radius in (4, 10, 19):
        angle = -np.exp(-4 * radius / 41)
        row, column = 20 + radius * np.sin(angle), 20 + radius * np.cos(angle)
        around = turned[int(row) : int(row) + 2, int(column) : int(column) + 2]
        assert around.max() > 100, radius


def test_the_fitted_gaussian_has_the_mean_and_the_deviation_of_the_pixels() -> None:
    x = np.clip(np.random.default_rng(3).normal(128, 20, (2000, 1, 3, 3)), 0, 255).astype(np.uint8)
    x[:, :, 0] //= 2
    drawn = d.fitted_gaussian(x, 4000, rng()).astype(float)
    np.testing.assert_allclose(drawn.mean(axis=0), x.mean(axis=0), atol=1.5)
    np.testing.assert_allclose(drawn.std(axis=0), x.astype(float).std(axis=0), rtol=0.05)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 48)])
def test_photographs_come_in_any_form_and_differ(shape: tuple[int, int, int]) -> None:
    made = d.photographs(6, shape, rng())
    assert made.shape == (6, *shape) and made.dtype == np.uint8
    assert len({each.tobytes() for each in made}) == 6
    assert made.std() > 20


def test_classes_are_dropped_whole_and_n_rows_are_left() -> None:
    labels = np.repeat(np.arange(10), 40)
    rows = d.without_classes(labels, 50, 200, rng())
    assert len(rows) == 200 and len(np.unique(labels[rows])) == 5
    assert len(np.unique(labels[d.without_classes(labels, 10, 200, rng())])) >= 5
    assert 0 < len(np.unique(labels[d.without_classes(labels, 1, 360, rng())])) == 9  # one at least


def test_fewer_classes_are_dropped_where_too_few_rows_would_be_left() -> None:
    labels = np.repeat(np.arange(4), [10, 10, 10, 70])
    for seed in range(10):
        rows = d.without_classes(labels, 50, 75, np.random.default_rng(seed))
        assert len(rows) in (0, 75)  # none where the large class comes first
        assert len(rows) == 0 or 3 in labels[rows]
    assert len(d.without_classes(np.zeros(10, int), 50, 5, rng())) == 0
