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


def test_noise_has_the_deviation_it_says_and_no_mean() -> None:
    x = np.full((50, 3, 16, 16), 128, np.uint8)
    assert d.noise(x, 8, rng()).std() == pytest.approx(8, rel=0.02)
    assert d.noise(x, 8, rng()).mean() == pytest.approx(128, abs=0.2)


def test_black_and_white_stay_within_a_byte() -> None:
    dark, bright = (d.noise(np.full((20, 1, 16, 16), value, np.uint8), 8, rng()) for value in (0, 255))
    assert (dark.min(), bright.max()) == (0, 255)
    assert dark.max() < 64 < 192 < bright.min()


def test_a_blur_mixes_neither_images_nor_channels() -> None:
    flat = np.array([[10, 200], [90, 0]], np.uint8)[..., None, None] * np.ones((2, 2, 20, 20), np.uint8)
    np.testing.assert_array_equal(d.blur(flat, 8, rng()), flat)


def test_a_blur_is_as_wide_as_it_says_to_a_hundredth() -> None:
    x = np.zeros((1, 1, 2000, 1001), np.uint8)
    x[..., 501:] = 255
    slope = np.diff(d.blur(x, 8, rng())[0, 0, 1000].astype(float)) / 255  # σ = 80 pixels
    assert np.sqrt((slope * (np.arange(1000) - 500) ** 2).sum()) == pytest.approx(0.08 * 1001, rel=0.004)


def test_salt_and_pepper_is_black_and_white_in_equal_parts() -> None:
    x = np.full((100, 1, 100, 100), 128, np.uint8)
    spoilt = d.salt_and_pepper(x, 30, rng())
    assert set(np.unique(spoilt)) == {0, 128, 255}
    assert (spoilt != 128).mean() == pytest.approx(0.3, abs=0.0015)
    assert (spoilt[0] == 0).mean() == pytest.approx(0.15, abs=0.02)


@pytest.mark.parametrize(("height", "width"), [(24, 40), (41, 30)])
def test_a_swirl_is_that_of_scikit_image(height: int, width: int) -> None:
    """Its radius is where the rotation has faded to 1/32: e^(−5 ln 2)."""
    from skimage.transform import swirl

    x = np.random.default_rng(2).integers(0, 256, (1, 2, height, width)).astype(np.uint8)
    reach = min(height, width) / 4 * 5 / np.log(2)
    options = {"strength": 2.0, "radius": reach, "order": 1, "mode": "edge", "preserve_range": True}
    centre = ((width - 1) / 2, (height - 1) / 2)
    wanted = np.stack([swirl(plane.astype(float), centre, **options) for plane in x[0]])
    assert np.abs(d.swirl(x, 2.0, rng())[0] - wanted).max() <= 0.51


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


def test_the_fitted_gaussian_of_few_images_has_their_unbiased_covariance() -> None:
    x = np.array([100, 120, 150], np.uint8)[:, None, None, None] * np.ones((3, 1, 2, 2), np.uint8)
    drawn = d.fitted_gaussian(x, 20_000, rng()).astype(float)
    assert drawn.std() == pytest.approx(np.std([100, 120, 150], ddof=1), rel=0.02)


@pytest.mark.parametrize("shape", [(3, 10, 20), (3, 30, 10)])
def test_photographs_are_cut_anywhere_within_and_keep_their_proportions(
    shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a photograph whose red is the column and whose green is the row, a cut tells where it is from."""
    from types import SimpleNamespace

    across, down = np.meshgrid(np.arange(256), np.arange(160))
    photo = np.stack([across, down, 0 * down], axis=-1).astype(np.uint8)
    monkeypatch.setattr("sklearn.datasets.load_sample_images", lambda: SimpleNamespace(images=[photo]))
    cuts = d.photographs(400, shape, rng()).astype(float)
    _, height, width = shape
    step = [np.median(np.diff(cuts[:, channel], axis=axis), axis=(1, 2)) for channel, axis in ((0, 2), (1, 1))]
    most = min(256 / width, 160 / height)
    np.testing.assert_allclose(step[0], step[1], atol=1)
    share = step[0] / most
    assert 0.15 < share.min() < 0.3 and 0.8 < share.max() < 0.95
    assert cuts[:, 0].min() < 12 and cuts[:, 0].max() > 244
    assert cuts[:, 1].min() < 12 and cuts[:, 1].max() > 148


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


@pytest.mark.parametrize(("classes", "percent", "left"), [(10, 10, 9), (10, 50, 5), (10, 1, 9), (50, 51, 24)])
def test_as_many_classes_are_dropped_as_the_share_says(classes: int, percent: float, left: int) -> None:
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(classes), 60))
    rows = d.without_classes(labels, percent, 20 * classes, rng())
    assert len(rows) == 20 * classes and len(np.unique(labels[rows])) == left


def test_one_class_less_is_dropped_at_a_time_until_enough_is_left() -> None:
    labels = np.random.default_rng(1).permutation(np.repeat(np.arange(4), 25))
    assert len(np.unique(labels[d.without_classes(labels, 75, 50, rng())])) == 2


def test_fewer_classes_are_dropped_where_too_few_rows_would_be_left() -> None:
    labels = np.repeat(np.arange(4), [10, 10, 10, 70])
    for seed in range(10):
        rows = d.without_classes(labels, 50, 75, np.random.default_rng(seed))
        assert len(rows) in (0, 75)  # none where the large class comes first
        assert len(rows) == 0 or 3 in labels[rows]
    assert len(d.without_classes(np.zeros(10, int), 50, 5, rng())) == 0
