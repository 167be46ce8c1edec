"""The points of papers' toy experiments: where they lie, how wide, and how often."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganzoo.data import Dataset, load
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.mixtures import (
    RING_7_LOTS,
    eight_gaussians_mixture,
    grid_mixture,
    load_mixture,
    ring_7_mixture,
    ring_mixture,
    twenty_five_gaussians_mixture,
)

SOURCES = {source.name: source for source in builtin_sources()}
DIGESTS = {
    "ring": "54112f04b26d",
    "grid": "7d118e8968bf",
    "ring-7": "2d9efecd9e3b",
    "8gaussians": "73160cb67c10",
    "25gaussians": "92f343c6a987",
    "swissroll": "8f33f9488746",
}
MIXTURES = {"ring-7": (7, 0.01), "8gaussians": (8, 0.02 / 1.414), "25gaussians": (25, 0.05 / 2.828)}


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_points_never_change(name: str) -> None:
    data = load(name, SOURCES)
    assert data.digest == load(name, SOURCES).digest == DIGESTS[name]
    assert (data.train.x.shape, data.heldout.x.shape) == ((100_000, 2), (10_000, 2))
    assert data.train.x.dtype == np.float32
    assert not np.isin(data.heldout.x[:, 0], data.train.x[:, 0]).all()


def test_ring_7_has_the_angles_of_the_demonstration() -> None:
    """Eight angles with both ends, x the sine: the first and the last are one mode."""
    angles = np.linspace(0, 2 * np.pi, 8)
    expected = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    np.testing.assert_allclose(expected[0], expected[7], atol=1e-12)
    np.testing.assert_allclose(ring_7_mixture().centres, expected[:7], atol=1e-15)
    gaps = np.linalg.norm(expected[:7, None] - expected[None, :7], axis=-1)
    assert gaps[~np.eye(7, dtype=bool)].min() == pytest.approx(2 * math.sin(math.pi / 7))


def test_eight_gaussians_are_the_eight_of_the_code() -> None:
    r = 1 / np.sqrt(2)
    centres = {(1, 0), (-1, 0), (0, 1), (0, -1), (r, r), (r, -r), (-r, r), (-r, -r)}
    left = eight_gaussians_mixture().centres[:, None]
    right = 2 * np.array(sorted(centres)) / 1.414
    distance = np.linalg.norm(left - right, axis=-1)
    assert (distance < 1e-12).sum(0).tolist() == (distance < 1e-12).sum(1).tolist() == [1] * 8


def test_twenty_five_gaussians_are_every_pair() -> None:
    expected = [(2 * a / 2.828, 2 * b / 2.828) for a in range(-2, 3) for b in range(-2, 3)]
    np.testing.assert_allclose(twenty_five_gaussians_mixture().centres, expected, atol=1e-15)


@pytest.mark.parametrize("name", sorted(MIXTURES))
def test_points_lie_around_their_modes(name: str) -> None:
    modes, std = MIXTURES[name]
    data = load(name, SOURCES)
    assert data.mixture is not None and data.train.y is not None
    assert data.spec.classes == len(data.mixture.centres) == len(data.class_names) == modes
    assert data.mixture.std == pytest.approx(std)
    noise = (data.train.x - data.mixture.centres[data.train.y]) / std
    # Of 200,000 normal numbers, four standard errors each.
    assert abs(noise.mean()) < 4 / math.sqrt(200_000)
    assert abs(noise.std() - 1) < 4 / math.sqrt(400_000)
    assert abs((noise[:, 0] * noise[:, 1]).mean()) < 4 / math.sqrt(100_000)
    for mode in range(modes):
        members = data.train.x[data.train.y == mode]
        assert members.std() > 0
        np.testing.assert_allclose(members.mean(0), data.mixture.centres[mode], atol=5 * std / math.sqrt(len(members)))


@pytest.mark.parametrize(
    ("name", "shares"),
    [("ring-7", [1 / 4, *[1 / 8] * 6]), ("8gaussians", [1 / 8] * 8), ("25gaussians", [1 / 25] * 25)],
)
def test_modes_are_as_frequent_as_in_the_papers(name: str, shares: list[float]) -> None:
    data = load(name, SOURCES)
    for split in (data.train, data.heldout):
        assert split.y is not None
        for share, count in zip(shares, np.bincount(split.y, minlength=len(shares)), strict=True):
            assert abs(count / len(split) - share) < 4 * math.sqrt(share * (1 - share) / len(split))


def test_the_mode_that_is_twice_as_frequent_is_at_angle_0() -> None:
    data = load_mixture("ring-7", ring_7_mixture(), RING_7_LOTS)
    most = int(np.bincount(data.train.y).argmax())
    assert ring_7_mixture().centres[most].tolist() == [0, 1]


def test_modes_without_lots_are_equally_frequent() -> None:
    """One lot each is what no lots are."""
    assert load_mixture("ring", ring_mixture()).digest == load_mixture("ring", ring_mixture(), [1] * 8).digest
    assert load_mixture("ring", ring_mixture()).digest != load_mixture("ring", ring_mixture(), [2, *[1] * 7]).digest
    assert grid_mixture().std == 0.05


@pytest.fixture(scope="module")
def roll() -> Dataset:
    return load("swissroll", SOURCES)


def test_the_roll_has_neither_classes_nor_modes(roll: Dataset) -> None:
    assert (roll.spec.kind, roll.spec.classes, roll.mixture, roll.train.y) == ("points", 0, None, None)


def test_the_roll_follows_its_curve_within_the_noise(roll: Dataset) -> None:
    t = np.linspace(1.5 * np.pi, 4.5 * np.pi, 20_001)
    curve = np.stack([t * np.cos(t), t * np.sin(t)], axis=1)
    from scipy.spatial import cKDTree

    distance, place = cKDTree(curve).query(7.5 * roll.train.x.astype(float))
    inner = (place > 500) & (place < 19_500)  # at the ends what is beyond is not across
    assert inner.mean() > 0.9
    # Across the curve there is one of the two coordinates of the noise; its branches are 2π apart.
    assert np.sqrt(np.mean(distance[inner] ** 2)) == pytest.approx(0.25, rel=0.01)
    assert distance.max() < 1.5


def test_the_roll_is_uniform_in_its_angle(roll: Dataset) -> None:
    """t = 1.5π(1 + 2u), read off the radius: |(x, z)| = t."""
    t = 7.5 * np.linalg.norm(roll.train.x.astype(float), axis=1)
    u = (t / (1.5 * np.pi) - 1) / 2
    shares = np.histogram(u, bins=np.linspace(0.1, 0.9, 9))[0] / len(u)
    np.testing.assert_allclose(shares, 0.1, atol=0.005)


def test_the_roll_is_scikit_learns(roll: Dataset) -> None:
    """Both coordinates' means and covariances, four standard errors each."""
    from sklearn.datasets import make_swiss_roll

    theirs = make_swiss_roll(100_000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    ours = roll.train.x.astype(float)
    np.testing.assert_allclose(ours.mean(0), theirs.mean(0), atol=4 * math.sqrt(2 / 100_000))
    np.testing.assert_allclose(np.cov(ours.T), np.cov(theirs.T), atol=4 * math.sqrt(2 / 100_000))
