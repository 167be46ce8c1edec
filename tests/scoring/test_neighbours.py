from __future__ import annotations

import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import UsageError
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.neighbours import surroundings
from ganzoo.scoring.setup import Setup, Terms


@pytest.fixture(scope="module")
def setup(fake_zoo: Zoo, catalogue: Registry) -> Setup:
    return api.setup_of(fake_zoo, catalogue, "digits", terms=Terms(device="cpu"))


def test_neighbours_are_those_in_the_features_of_the_score(setup: Setup, fake_zoo: Zoo) -> None:
    data = api.dataset("digits", zoo=fake_zoo)
    every, x = data.train.scaled(), data.heldout.scaled()[:300]
    theirs, own = (setup.extractor.extract(part).features.astype(float) for part in (every, x))
    far = np.sqrt(((own[:, None] - theirs[None]) ** 2).sum(axis=2))
    order = np.argsort(far, axis=1, kind="stable")[:, :4]
    found = surroundings(setup, x, 4)
    np.testing.assert_allclose(found.distances, np.take_along_axis(far, order, axis=1), rtol=1e-6)
    np.testing.assert_array_equal(found.train, every[order])


def test_a_training_sample_is_its_own_nearest(setup: Setup, fake_zoo: Zoo) -> None:
    x = api.dataset("digits", zoo=fake_zoo).train.scaled()[[7, 3]]
    found = surroundings(setup, x, 1)
    np.testing.assert_array_equal(found.train[:, 0], x)
    assert found.distances.tolist() == [[0], [0]]


def test_more_neighbours_than_samples_are_refused(setup: Setup, fake_zoo: Zoo) -> None:
    x = api.dataset("digits", zoo=fake_zoo).train.scaled()[:1]
    with pytest.raises(UsageError, match="digits has 1347 training samples, not 1348"):
        surroundings(setup, x, 1348)
    assert surroundings(setup, x, 1347).train.shape == (1, 1347, 1, 8, 8)
