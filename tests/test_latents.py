from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import portable
import pytest
from scipy import stats

from ganzoo import latents
from ganzoo.errors import UsageError
from ganzoo.latents import TICK_BLOCK, TrainStreams
from ganzoo.types import LatentSpec

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "onnx.md").read_text("utf-8")
PLAIN = LatentSpec(z_dim=3)
FULL = LatentSpec(z_dim=2, law="uniform", classes=5, categorical=4, continuous=2)
NOISY = LatentSpec(z_dim=2, law="uniform", classes=5, categorical=4, continuous=2, noise=(2, 3, 5))
VECTOR = {
    law: LatentSpec(z_dim=2, law=law, classes=10, categorical=10, continuous=2, noise=(1, 1, 2))
    for law in ("normal", "uniform")
}
LAST_SEED = 2**64 - 1
PINNED_Y = [0, 0]
PINNED_Z = [[0.6510940790176392, 0.22101247310638428], [-0.2252410650253296, 0.19006705284118652]]
PINNED_ROWS = [46, 684, 383]


@pytest.mark.parametrize("batch", [1, 7, 256, 257, 1000])
@pytest.mark.parametrize("spec", [PLAIN, FULL, NOISY], ids=["plain", "full", "noisy"])
def test_sample_i_does_not_depend_on_the_batches(batch: int, spec: LatentSpec) -> None:
    whole = latents.samples(spec, 3, 0, 600)
    parts = [latents.samples(spec, 3, start, min(batch, 600 - start)) for start in range(0, 600, batch)]
    for name, value in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), value)


@pytest.mark.parametrize("start", [0, 1, 2, 3, 255, 511])
def test_any_range_can_be_addressed(start: int) -> None:
    whole = latents.samples(PLAIN, 0, 0, 600)["z"]
    np.testing.assert_array_equal(latents.samples(PLAIN, 0, start, 9)["z"], whole[start : start + 9])


def test_samples_far_out_can_be_addressed() -> None:
    drawn = latents.samples(PLAIN, 0, 2**70 + 1, 3)["z"]
    assert drawn.shape == (3, 3)
    np.testing.assert_array_equal(drawn[1:], latents.samples(PLAIN, 0, 2**70 + 2, 2)["z"])


def test_numbers_do_not_depend_on_how_many_are_made_at_once() -> None:
    """More words than the numbers are computed of in one go."""
    whole = latents.samples(LatentSpec(z_dim=64), 0, 0, 400)["z"]
    np.testing.assert_array_equal(latents.samples(LatentSpec(z_dim=64), 0, 399, 1)["z"], whole[399:])


def test_no_samples_keep_the_shapes() -> None:
    drawn = latents.samples(NOISY, 0, 0, 0)
    assert {name: (value.shape, value.dtype.name) for name, value in drawn.items()} == {
        "z": ((0, 2), "float32"),
        "y": ((0,), "int64"),
        "c": ((0, 6), "float32"),
        "noise": ((0, 2, 3, 5), "float32"),
    }
    some = latents.samples(NOISY, 0, 0, 3)
    assert all(value.flags.c_contiguous and value.dtype == drawn[name].dtype for name, value in some.items())


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_have_64_bits(seed: int) -> None:
    assert latents.samples(PLAIN, LAST_SEED, 0, 1)["z"].shape == (1, 3)
    with pytest.raises(UsageError, match=f"The seed {seed} is none of 0 to {LAST_SEED}"):
        latents.samples(PLAIN, seed, 0, 1)


def test_seeds_and_purposes_give_different_streams() -> None:
    assert latents.generator(0, "a").random() != latents.generator(0, "b").random()
    assert latents.generator(0, "a", 1).random() != latents.generator(0, "a", 2).random()


# The rules of docs/onnx.md


def vectors() -> list[list[str]]:
    """The rows of the page's table of vectors."""
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d) \| ([^|]+) \| `(\w{16})` \| ([^|]+) \|$", PAGE, re.MULTILINE)
    return [list(row) for row in rows]


def drawn_by(stream: int, law: str, seed: int, i: int) -> list[float]:
    """The numbers of one sample that the core takes from a stream."""
    drawn = latents.samples(VECTOR["uniform" if law == "uniform" else "normal"], seed, i, 1)
    z, y, c, noise = (drawn[name][0] for name in ("z", "y", "c", "noise"))
    values = {1: z, 2: [y], 3: [c[:10].argmax()], 4: c[10:], 5: noise.ravel()}[stream]
    return [float(value) for value in values]


@pytest.mark.parametrize("row", vectors(), ids=lambda row: "-".join(row[:4]))
def test_the_vectors_of_the_page(row: list[str]) -> None:
    seed, i, stream = map(int, row[:3])
    read = {"normal": portable.normal, "uniform": portable.uniform}.get(row[3], portable.below(10))
    word = portable.word(seed, stream, i)
    told = [float(np.float32(text)) for text in row[5].split(", ")]
    assert f"{word:016x}" == row[4]
    assert read(word % 2**32, word >> 32) == told
    assert drawn_by(stream, row[3], seed, i) == told


def test_the_page_has_vectors_of_every_stream_and_of_the_last_seed() -> None:
    rows = vectors()
    assert len(rows) == 18
    assert {(int(row[2]), row[3]) for row in rows} == {
        (latents.Z, "normal"),
        (latents.Z, "uniform"),
        (latents.LABEL, "below 10"),
        (latents.CATEGORY, "below 10"),
        (latents.CONTINUOUS, "uniform"),
        (latents.NOISE, "normal"),
    }
    assert {int(row[0]) for row in rows} == {0, 7, LAST_SEED}


def test_words_are_philox_with_the_key_of_seed_and_stream() -> None:
    for seed, stream in ((0, 1), (LAST_SEED, 4)):
        raw = np.random.Philox(key=seed + (stream << 64)).random_raw(11)
        assert raw.tolist() == [portable.word(seed, stream, number) for number in range(11)]


@pytest.mark.parametrize("law", ["normal", "uniform"])
@pytest.mark.parametrize("z_dim", [1, 2, 5, 8])
def test_plain_python_draws_the_same_bits(law: Any, z_dim: int) -> None:
    each, read = -(-z_dim // 2), portable.normal if law == "normal" else portable.uniform
    drawn = latents.samples(LatentSpec(z_dim=z_dim, law=law), 12, 1000, 40)["z"]
    for i, row in enumerate(drawn, start=1000):
        words = [portable.word(12, 1, number) for number in range(i * each, (i + 1) * each)]
        assert row.tolist() == [value for word in words for value in read(word % 2**32, word >> 32)][:z_dim]


@pytest.mark.parametrize("noise", [(1, 8, 8), (2, 3, 5), (3, 1, 1)])
def test_plain_python_draws_the_same_noise(noise: tuple[int, ...]) -> None:
    """Map after map and row after row, two numbers of each word."""
    size = int(np.prod(noise))
    each = -(-size // 2)
    drawn = latents.samples(LatentSpec(z_dim=1, noise=noise), 12, 1000, 5)["noise"]
    assert drawn.shape == (5, *noise)
    for i, maps in enumerate(drawn, start=1000):
        words = [portable.word(12, 5, number) for number in range(i * each, (i + 1) * each)]
        assert maps.ravel().tolist() == [n for word in words for n in portable.normal(word % 2**32, word >> 32)][:size]


def test_the_sums_are_the_functions_to_ten_digits() -> None:
    ends = [0, 1, 2, 2**30, 2**31 - 1, 2**31, 2**32 - 1]
    more = np.random.default_rng(0).integers(0, 2**32, 20_000).tolist()
    low, high = (np.array(values, np.uint32) for values in (ends + more, more + ends))
    cosine, sine = latents._direction(high)
    made = np.stack([latents._radius(low) * cosine, latents._radius(low) * sine], axis=1)
    exact = np.array([portable.library(int(a), int(b)) for a, b in zip(low, high, strict=True)])
    np.testing.assert_allclose(made, exact, rtol=0, atol=2e-10)
    assert 6.7 < np.hypot(*made[0]) < 6.8, "the greatest radius, of the low half 0"


NODE = shutil.which("node")
DRIVER = """
const [latent, seed, start, n] = JSON.parse(process.argv[2]);
const rows = Array.from({length: n}, (_, i) => inputs(latent, BigInt(seed), start + i));
console.log(JSON.stringify(rows.map(({z, y, c, noise}) => [[...z], y ?? null, [...c], [...noise]])));
"""


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize(
    "spec",
    [FULL, NOISY, VECTOR["normal"], LatentSpec(z_dim=65), LatentSpec(z_dim=1, categorical=3, classes=1000)],
    ids=str,
)
def test_javascript_draws_the_same_bits(spec: LatentSpec, tmp_path: Path) -> None:
    (listing,) = re.findall(r"^```js\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (tmp_path / "port.js").write_text(listing + DRIVER)
    latent = {name: getattr(spec, name) for name in spec.__struct_fields__}
    for seed, start in ((0, 0), (LAST_SEED, 4321)):
        given = json.dumps([latent, str(seed), start, 60])
        done = subprocess.run(
            [str(NODE), str(tmp_path / "port.js"), given], capture_output=True, text=True, check=True, timeout=60
        )
        drawn = latents.samples(spec, seed, start, 60)
        for i, (z, y, c, noise) in enumerate(json.loads(done.stdout)):
            assert z == drawn["z"][i].tolist()
            assert y == (drawn["y"][i] if spec.classes else None)
            assert c == (drawn["c"][i].tolist() if spec.code_dim else [])
            assert noise == (drawn["noise"][i].ravel().tolist() if spec.noise else [])


# What is random about them


def test_normal_numbers_have_their_law() -> None:
    z = latents.samples(LatentSpec(z_dim=10), 0, 0, 20_000)["z"].astype(float)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / z.size)
    assert stats.kstest(z.ravel(), "norm").pvalue > 0.001
    assert (np.abs(z) > 4).sum() == pytest.approx(z.size * 2 * stats.norm.sf(4), abs=15)


def test_uniform_numbers_have_theirs() -> None:
    spec = LatentSpec(z_dim=10, law="uniform", continuous=3)
    drawn = latents.samples(spec, 0, 0, 20_000)
    for values in (drawn["z"], drawn["c"]):
        assert -1 <= values.min() < -0.999
        assert 0.999 < values.max() < 1
        assert abs(values.var() - 1 / 3) < 4 * np.sqrt(4 / 45 / values.size)
        assert stats.kstest(values.ravel(), stats.uniform(-1, 2).cdf).pvalue > 0.001
        steps = values.astype(float) * 2**23
        assert (steps == np.rint(steps)).all()


def test_labels_and_codes_are_uniform() -> None:
    drawn = latents.samples(FULL, 0, 0, 5000)
    onehot = drawn["c"][:, :4]
    assert set(np.unique(onehot)) == {0.0, 1.0}
    assert (onehot.sum(axis=1) == 1).all()
    for chosen, n in ((drawn["y"], 5), (onehot.argmax(axis=1), 4)):
        assert stats.chisquare(np.bincount(chosen, minlength=n)).pvalue > 0.001


def test_samples_seeds_and_inputs_are_independent() -> None:
    """No correlation between numbers of a sample, neighbours, seeds, or inputs; nor between their squares."""
    spec = LatentSpec(z_dim=4, classes=10, categorical=10, continuous=2, noise=(1, 1, 2))
    first, other = (latents.samples(spec, seed, 0, 20_000) for seed in (0, 1))
    columns = []
    for each in (first, other):
        columns += [*each["z"].T, *each["c"][:, 10:].T, each["y"], each["c"][:, :10].argmax(axis=1)]
        columns += [*each["noise"].reshape(-1, 2).T]
    columns += [np.roll(column, lag) for column in columns[:10] for lag in (1, 2)]
    values = np.array(columns, float)
    values -= values.mean(axis=1, keepdims=True)
    for each in (values, values**2):
        off = np.corrcoef(each)[np.triu_indices(len(each), 1)]
        assert np.abs(off).max() < 5 / np.sqrt(20_000)


def test_names_follow_the_spec() -> None:
    assert (PLAIN.names, FULL.names, NOISY.names) == (("z",), ("z", "y", "c"), ("z", "y", "c", "noise"))
    assert (PLAIN.numbers, FULL.numbers, NOISY.numbers) == (3, 8, 38)
    assert LatentSpec(z_dim=1, continuous=2).names == ("z", "c")


def test_noise_changes_no_other_draw() -> None:
    """Neither of samples nor of a training: what was trained without noise is trained the same."""
    with_noise, without = latents.samples(NOISY, 7, 3, 40), latents.samples(FULL, 7, 3, 40)
    assert with_noise.keys() - without.keys() == {"noise"}
    noisy, plain = TrainStreams(NOISY, 7, 90), TrainStreams(FULL, 7, 90)
    for tick in (0, 40):
        np.testing.assert_array_equal(noisy.indices(4, tick), plain.indices(4, tick))
        with_noise |= {f"{name} {tick}": value for name, value in noisy.latents(4, tick).items()}
        without |= {f"{name} {tick}": value for name, value in plain.latents(4, tick).items()}
    for name, value in without.items():
        np.testing.assert_array_equal(with_noise[name], value)


def test_the_noise_of_a_training_is_normal_and_of_each_tick_its_own() -> None:
    streams = TrainStreams(NOISY, 0, 50)
    noise = streams.latents(300, 5, 3)["noise"]
    assert (noise.shape, noise.dtype) == ((3, 300, 2, 3, 5), np.float32)
    np.testing.assert_array_equal(noise[1], streams.latents(300, 6)["noise"])
    assert stats.kstest(noise.ravel(), "norm").pvalue > 0.001
    assert abs(np.corrcoef(noise.reshape(3, -1))[np.triu_indices(3, 1)]).max() < 0.05
    for other in (TrainStreams(NOISY, 1, 50).latents(300, 5), streams.latents(300, 5, stream="critic")):
        assert not np.array_equal(other["noise"], noise[0])


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


def test_streams_of_training_are_pinned() -> None:
    """NumPy may change its distributions between versions: then every training seed means something else."""
    assert TrainStreams(PLAIN, 0, 1000).indices(3, 0).tolist() == PINNED_ROWS
    drawn = TrainStreams(FULL, 0, 1000).latents(2, 0)
    assert drawn["y"].tolist() == PINNED_Y
    assert drawn["z"].tolist() == PINNED_Z


@pytest.mark.parametrize("seed", [np.int64(3), np.uint64(2**63), np.uint8(7)])
def test_seeds_may_be_numpys_integers(seed: np.integer) -> None:
    spec = LatentSpec(z_dim=3, classes=4, categorical=2, continuous=1)
    found, wanted = latents.samples(spec, seed, 0, 5), latents.samples(spec, int(seed), 0, 5)
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], values)


def test_a_seed_that_is_no_whole_number_is_refused() -> None:
    with pytest.raises(UsageError, match=r"The seed 1\.5 is no whole number"):
        latents.samples(LatentSpec(z_dim=2), 1.5, 0, 1)  # type: ignore[arg-type]
