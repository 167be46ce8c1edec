from __future__ import annotations

import numpy as np
import pytest

from ganzoo import latents
from ganzoo.latents import SAMPLE_BLOCK, TICK_BLOCK, TrainStreams
from ganzoo.types import LatentSpec

PLAIN = LatentSpec(z_dim=3)
FULL = LatentSpec(z_dim=2, law="uniform", classes=5, categorical=4, continuous=2)
PINNED_Z = [[0.6426352262496948, 0.3789195418357849, 0.9667350649833679]]
PINNED_Y = [3, 4]
PINNED_C = [-0.09027838706970215, -0.16428422927856445]
PINNED_ROWS = [46, 684, 383]


@pytest.mark.parametrize("batch", [1, 7, SAMPLE_BLOCK, SAMPLE_BLOCK + 1, 1000])
def test_sample_i_does_not_depend_on_the_batches(batch: int) -> None:
    whole = latents.samples(FULL, 3, 0, 600)
    parts = [latents.samples(FULL, 3, start, min(batch, 600 - start)) for start in range(0, 600, batch)]
    for name, value in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), value)


@pytest.mark.parametrize("start", [0, 1, SAMPLE_BLOCK - 1, SAMPLE_BLOCK, 511])
def test_any_range_can_be_addressed(start: int) -> None:
    whole = latents.samples(PLAIN, 0, 0, 600)["z"]
    np.testing.assert_array_equal(latents.samples(PLAIN, 0, start, 9)["z"], whole[start : start + 9])


def test_no_samples_keep_the_shapes() -> None:
    drawn = latents.samples(FULL, 0, 0, 0)
    assert {name: (value.shape, value.dtype.name) for name, value in drawn.items()} == {
        "z": ((0, 2), "float32"),
        "y": ((0,), "int64"),
        "c": ((0, 6), "float32"),
    }


def test_seeds_and_purposes_give_different_streams() -> None:
    first = latents.samples(PLAIN, 0, 0, 8)["z"]
    assert not np.array_equal(first, latents.samples(PLAIN, 1, 0, 8)["z"])
    assert latents.generator(0, "a").random() != latents.generator(0, "b").random()
    assert latents.generator(0, "a", 1).random() != latents.generator(0, "a", 2).random()


def test_laws_have_their_moments_and_ranges() -> None:
    normal = latents.samples(PLAIN, 0, 0, 20_000)["z"]
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02
    uniform = latents.samples(FULL, 0, 0, 20_000)["z"]
    assert -1 <= uniform.min() < -0.99
    assert 0.99 < uniform.max() <= 1
    assert abs(uniform.var() - 1 / 3) < 0.01


def test_labels_and_codes() -> None:
    drawn = latents.samples(FULL, 0, 0, 5000)
    assert set(drawn["y"].tolist()) == set(range(5))
    onehot, continuous = drawn["c"][:, :4], drawn["c"][:, 4:]
    assert set(np.unique(onehot)) == {0.0, 1.0}
    assert (onehot.sum(axis=1) == 1).all()
    assert (onehot.sum(axis=0) > 1000).all()
    assert continuous.min() >= -1
    assert continuous.max() <= 1
    assert abs(continuous.mean()) < 0.03


def test_names_follow_the_spec() -> None:
    assert (PLAIN.names, FULL.names) == (("z",), ("z", "y", "c"))
    assert LatentSpec(z_dim=1, continuous=2).names == ("z", "c")


def test_ticks_are_addressed_not_consumed() -> None:
    """Any order, any grouping, another object: the same numbers."""
    first, second = TrainStreams(FULL, 1, 100), TrainStreams(FULL, 1, 100)
    order = [70, 0, 31, 32, 5]
    late = {tick: (second.indices(4, tick), second.latents(4, tick)["c"]) for tick in order}
    block = (first.indices(4, 0, 71), first.latents(4, 0, 71)["c"])
    for tick in order:
        np.testing.assert_array_equal(late[tick][0], block[0][tick])
        np.testing.assert_array_equal(late[tick][1], block[1][tick])


def test_ticks_across_many_blocks_survive_the_cache() -> None:
    streams = TrainStreams(PLAIN, 0, 50)
    before = streams.indices(8, 3)
    for block in range(10):
        streams.indices(8, block * TICK_BLOCK)
    np.testing.assert_array_equal(streams.indices(8, 3), before)


def test_streams_are_independent_of_each_other() -> None:
    streams = TrainStreams(PLAIN, 0, 50)
    assert not np.array_equal(streams.latents(4, 0)["z"], streams.latents(4, 0, stream="critic")["z"])
    assert not np.array_equal(streams.latents(4, 0)["z"], streams.latents(4, 1)["z"])
    assert not np.array_equal(streams.indices(4, 0), TrainStreams(PLAIN, 1, 50).indices(4, 0))


def test_indices_are_uniform_rows() -> None:
    rows = TrainStreams(PLAIN, 0, 10).indices(100, 0, 64)
    assert rows.shape == (64, 100)
    assert rows.dtype == np.int64
    assert (np.bincount(rows.ravel(), minlength=10) > 500).all()


def test_streams_are_pinned() -> None:
    """NumPy may change its distributions between versions: then every seed in a leaderboard means something else."""
    drawn = latents.samples(FULL, 0, 0, 2)
    assert latents.samples(PLAIN, 0, 0, 1)["z"].tolist() == PINNED_Z
    assert drawn["y"].tolist() == PINNED_Y
    np.testing.assert_allclose(drawn["c"][0, 4:], PINNED_C, rtol=1e-6)
    assert TrainStreams(PLAIN, 0, 1000).indices(3, 0).tolist() == PINNED_ROWS
