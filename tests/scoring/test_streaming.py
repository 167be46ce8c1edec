"""One pass of sums: the numbers of whole arrays, memory that does not grow, and a goal that stops the drawing."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import ScoreError, UsageError
from ganzoo.extractors.base import Extracted, PointExtractor
from ganzoo.metrics.fid import frechet_distance, split_target, target
from ganzoo.metrics.inception import inception_score
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring import streaming
from ganzoo.scoring.goals import Goal
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.protocol import ONE_PASS
from ganzoo.scoring.setup import Setup, Terms, dataset_setup
from ganzoo.scoring.stored import ArraySource
from ganzoo.scoring.streaming import Halves
from ganzoo.training.runs import RunFolder

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def setup(zoo: Zoo, catalogue: Registry) -> Setup:
    terms = Terms(device="cpu", n=3000, profile=ONE_PASS)
    return api.setup_of(zoo, catalogue, "digits", terms=terms)


def test_sums_give_the_numbers_of_whole_arrays() -> None:
    real, fake = RNG.normal(size=(500, 4)), RNG.normal(0.3, 1.2, (701, 4))
    logits = RNG.normal(0, 2, (701, 6))
    halves = Halves()
    for start in range(0, 701, 100):
        halves.add(Extracted(fake[start : start + 100], logits[start : start + 100]))
    found = halves.estimates(target(real), split_target(real))
    whole = frechet_distance(real, fake)
    assert found["fid"].value == pytest.approx(whole.value, rel=1e-10)
    assert found["fid"].se == pytest.approx(whole.se, rel=1e-6)
    assert found["is"].value == pytest.approx(inception_score(logits, splits=1).value, rel=1e-10)
    parts = [np.concatenate([fake[s : s + 100][o::2] for s in range(0, 701, 100)]) for o in (0, 1)]
    of_fake = [frechet_distance(real, part).value for part in parts]
    of_real = [frechet_distance(half, fake).value for half in split_target(real).halves]
    expected = 3 * whole.value - np.mean(of_fake) - np.mean(of_real)
    assert found["fid_unbiased"].value == pytest.approx(expected, rel=1e-9)
    assert "fid_unbiased" not in halves.estimates(target(real), None)


def test_nothing_cannot_be_scored() -> None:
    with pytest.raises(ScoreError, match="There are no samples"):
        _ = Halves().whole


def test_a_generator_in_one_pass(setup: Setup, gaussian: RunFolder, zoo: Zoo, catalogue: Registry) -> None:
    source = open_source(gaussian.path, device="cpu")
    score = streaming.score_one_pass(setup, source)
    usual = api.score(gaussian.path, "digits", n=3000, device="cpu", registry=catalogue, zoo=zoo)
    assert score.estimates["fid"].value == pytest.approx(usual.estimates["fid"].value, rel=1e-9)
    assert score.protocol.n_fake == 3000
    assert score.protocol_hash != usual.protocol_hash
    assert score.sampled_sha256 == gaussian.manifest().onnx_sha256


def test_a_goal_stops_the_drawing(setup: Setup, gaussian: RunFolder) -> None:
    source = open_source(gaussian.path, device="cpu")
    score = streaming.score_one_pass(setup, source, Goal("fid", 0.3, 50_000))
    error = score.estimates["fid"].se
    assert error is not None
    assert error <= 0.3
    assert score.protocol.n_fake < 20_000
    assert "stopped at" in score.notes[-1]


def test_a_goal_needs_a_generator_and_the_distance(setup: Setup, gaussian: RunFolder) -> None:
    images = ArraySource("x", "image", np.zeros((100, 1, 8, 8), np.uint8))
    with pytest.raises(UsageError, match="waits for fid_se of a generator only"):
        streaming.score_one_pass(setup, images, Goal("fid", 0.3, 1000))
    with pytest.raises(UsageError, match="waits for fid_se"):
        streaming.score_one_pass(setup, open_source(gaussian.path, device="cpu"), Goal("is", 0.3, 1000))


class Endless(ArraySource):
    """Many points, made when they are asked for."""

    def __len__(self) -> int:
        return 120_000

    def contents(self) -> Iterator[bytes]:
        return (b"%d" % row for row in range(120_000))

    def take(self, rows: np.ndarray) -> np.ndarray:
        return np.random.default_rng(int(rows[0])).normal(size=(len(rows), 2)).astype(np.float32)


def test_memory_does_not_grow_with_the_samples(zoo: Zoo, tmp_path: Path) -> None:
    setup = dataset_setup(
        api.dataset("ring", zoo=zoo),
        None,
        {"points": zoo.extractors()["points"]},
        zoo.metrics(),
        Terms(n=120_000, profile=ONE_PASS),
    )
    assert isinstance(setup.extractor, PointExtractor)
    assert len(setup.reference.real)
    peaks = []
    for n in (12_000, 120_000):
        sized = replace(setup, protocol=msgspec.structs.replace(setup.protocol, n_fake=n))
        tracemalloc.start()
        score = streaming.score_one_pass(sized, Endless("x", "points", np.zeros((1, 2), np.float32)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert score.protocol.n_fake == n
    assert peaks[1] < peaks[0] + 2_500_000, "ten times the samples: the row numbers and their keys alone grow"


def test_what_a_score_in_one_pass_records(setup: Setup, gaussian: RunFolder) -> None:
    score = streaming.score_one_pass(setup, open_source(gaussian.path, device="cpu"))
    assert score.protocol.metrics == streaming.VERSIONS
    assert (score.protocol.profile, score.protocol.n_fake, score.provider) == (ONE_PASS, 3000, "CPU")
    assert score.protocol_hash == score.protocol.hash
    found = score.estimates
    assert found["fid_unbiased"].se == found["fid"].se
    assert found["fid_unbiased"].n == found["fid"].n == 3000
    x = ArraySource("x", "image", api.dataset("digits").heldout.x)
    files = streaming.score_one_pass(setup, x)
    assert (files.provider, files.sampled_sha256, files.protocol.n_fake) == ("", "", len(x))


def test_a_goal_is_the_size_as_well(setup: Setup, gaussian: RunFolder) -> None:
    """Its limit, not the protocol's n; the first look is after a thousand, then as far as the error asks for."""
    source = open_source(gaussian.path, device="cpu")

    def size(error: float, limit: int) -> int:
        return streaming.score_one_pass(setup, source, Goal("fid", error, limit)).protocol.n_fake

    assert size(1e-9, 5000) == 5000
    assert size(1e9, 5000) == 2048, "eight batches are one part of the stream"
    assert size(1e-9, 700) == 700
    first = streaming.score_one_pass(setup, source, Goal("fid", 1e9, 50_000)).estimates["fid"].se
    assert first is not None
    assert size(first, 50_000) == 2048, "the goal itself is small enough"
    assert size(first / 1.35, 50_000) == 4096, "the error at 2048 asks for 1.05 · 1.35² times as many"


def test_samples_of_another_form_are_refused_in_one_pass_too(setup: Setup) -> None:
    with pytest.raises(ScoreError, match="The samples are 1×9×9, but digits is 1×8×8"):
        streaming.score_one_pass(setup, ArraySource("x", "image", np.zeros((60, 1, 9, 9), np.uint8)))


def test_progress_of_one_pass_is_shown(setup: Setup, gaussian: RunFolder) -> None:
    seen: list[tuple[str, int, int | None]] = []
    told = replace(setup, progress=lambda *given: seen.append(given))
    streaming.score_one_pass(told, open_source(gaussian.path, device="cpu"))
    assert ("sampling", 3000, 3000) in seen
