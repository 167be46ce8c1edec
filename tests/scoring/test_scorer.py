from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.data.base import Dataset, Split, quantise
from ganzoo.errors import ScoreError, UnknownName
from ganzoo.extractors import natural
from ganzoo.extractors.base import PixelExtractor
from ganzoo.generator.engine import Generator
from ganzoo.latents import SAMPLING
from ganzoo.metrics import Metric, Sets
from ganzoo.pictures import samples
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import DatasetEntry, Registry
from ganzoo.scoring import features
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.scoring.samples import GeneratorSource
from ganzoo.scoring.scorer import score, score_heldout
from ganzoo.scoring.setup import Setup, Terms, dataset_setup
from ganzoo.scoring.stored import ArraySource
from ganzoo.training.runs import RunFolder
from ganzoo.types import Estimate

N = 400


@pytest.fixture(scope="module")
def digits(zoo: Zoo) -> Dataset:
    return api.dataset("digits", zoo=zoo)


@pytest.fixture(scope="module")
def setup(zoo: Zoo, catalogue: Registry) -> Setup:
    return api.setup_of(zoo, catalogue, "digits", terms=Terms(device="cpu", n=N))


def scored(setup: Setup, folder: RunFolder) -> Score:
    return score(setup, GeneratorSource("a run", api.load(folder.path, device="cpu")))


@pytest.fixture(scope="module")
def ceiling(setup: Setup, memoriser: RunFolder) -> Score:
    return scored(setup, memoriser)


@pytest.fixture(scope="module")
def floor(setup: Setup, gaussian: RunFolder) -> Score:
    return scored(setup, gaussian)


def images(x: np.ndarray) -> ArraySource:
    return ArraySource("x", "image", x)


def values(score: Score) -> dict[str, float]:
    return {name: estimate.value for name, estimate in score.estimates.items()}


def test_the_memoriser_is_perfect_and_caught(ceiling: Score) -> None:
    found = values(ceiling)
    assert found["fid"] < 1
    assert found["memorised"] == 1
    assert found["modes"] == 10
    assert found["precision"] > 0.9


def test_the_gaussian_is_worse_and_copies_nothing(floor: Score, ceiling: Score) -> None:
    assert values(floor)["fid"] > 10 * values(ceiling)["fid"]
    assert values(floor)["memorised"] < 0.1
    assert values(floor)["precision"] < values(ceiling)["precision"]


def test_held_out_samples_are_the_natural_floor(setup: Setup, floor: Score) -> None:
    real = values(score_heldout(setup))
    assert real["fid"] < values(floor)["fid"] / 5
    assert real["modes"] == 10
    assert real["memorised"] < 0.9


def test_every_estimate_says_how_many_samples(ceiling: Score) -> None:
    assert ceiling.protocol.n_fake == N
    assert {"fid", "is", "kid", "precision", "recall", "density", "coverage", "vendi"} <= set(ceiling.estimates)
    for name in ("fid", "is", "kid"):
        error = ceiling.estimates[name].se
        assert error is not None
        assert error > 0


def test_scoring_is_deterministic(setup: Setup, memoriser: RunFolder, ceiling: Score) -> None:
    assert scored(setup, memoriser).estimates == ceiling.estimates


PARTIAL = {"is", "precision", "recall", "density", "coverage", "vendi", "fid_unbiased"}
"""Columns of metrics that look at a part of the rows, or at parts: which rows these are depends on their order."""


def require_same(scored: Score, floor: Score) -> None:
    """Files of a generator's samples have its score: to the digit, but for another choice of rows."""
    assert scored.protocol_hash == floor.protocol_hash
    assert scored.estimates.keys() == floor.estimates.keys()
    for name, expected in floor.estimates.items():
        found = scored.estimates[name]
        if name in PARTIAL:
            assert expected.se is not None
            assert found.value == pytest.approx(expected.value, abs=3 * expected.se), name
        else:
            assert found.value == pytest.approx(expected.value, rel=1e-9, abs=1e-12), name


def test_an_npz_of_samples_has_the_generators_score(
    gaussian: RunFolder, floor: Score, tmp_path: Path, catalogue: Registry, zoo: Zoo
) -> None:
    samples.save_npz(api.load(gaussian.path, device="cpu"), tmp_path / "x.npz", N, 0)
    scored = api.score(tmp_path / "x.npz", "digits", device="cpu", registry=catalogue, zoo=zoo)
    require_same(scored, floor)


def test_a_folder_of_samples_has_the_generators_score(
    gaussian: RunFolder, floor: Score, tmp_path: Path, catalogue: Registry, zoo: Zoo
) -> None:
    for i, image in enumerate(quantise(api.sample(gaussian.path, N, device="cpu"))):
        Image.fromarray(image[0]).save(tmp_path / f"{i:04}.png")
    scored = api.score(tmp_path, "digits", device="cpu", registry=catalogue, zoo=zoo)
    require_same(scored, floor)


def test_samples_of_one_class_can_be_scored(labelled: RunFolder, tmp_path: Path, catalogue: Registry, zoo: Zoo) -> None:
    """Labels in the file are passed over, whatever they are."""
    samples.save_npz(api.load(labelled.path, device="cpu"), tmp_path / "x.npz", 60, 0, label=3)
    scored = api.score(tmp_path / "x.npz", "digits", device="cpu", registry=catalogue, zoo=zoo)
    assert values(scored)["modes"] == 1


def test_a_conditional_generator_is_asked_for_classes(setup: Setup, labelled: RunFolder) -> None:
    found = scored(setup, labelled).estimates
    assert found["label_accuracy"].value > 0.9, "the mean of each class is seen as that class"
    assert "code_error" not in found


def test_what_was_asked_is_remembered(labelled: RunFolder) -> None:
    generator = Generator(labelled.file("generator.onnx"), device="cpu")
    extractor = PixelExtractor()
    drawn = features.draw(generator, extractor, 300, 2)
    np.testing.assert_array_equal(drawn.labels, generator.inputs(300, 2)["y"])
    np.testing.assert_array_equal(drawn.extracted.features, extractor.extract(generator.sample(300, 2)).features)
    assert drawn.codes is None
    assert drawn.sha256 == generator.sha256


@pytest.mark.parametrize("n", [0, 1, 49])
def test_too_few_samples(setup: Setup, n: int) -> None:
    with pytest.raises(ScoreError, match=f"There are {n} samples; a score needs at least 50"):
        score(setup, images(np.zeros((n, 1, 8, 8), np.float32)))


@pytest.mark.parametrize(
    ("shape", "words"), [((60, 1, 28, 28), "1×28×28"), ((60, 3, 8, 8), "3×8×8"), ((60, 2), "2"), ((60,), "scalars")]
)
def test_samples_of_another_shape(setup: Setup, shape: Sequence[int], words: str) -> None:
    with pytest.raises(ScoreError, match=f"The samples are {words}, but digits is 1×8×8"):
        score(setup, images(np.zeros(shape, np.float32)))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_samples_that_are_not_finite(setup: Setup, value: float) -> None:
    x = np.zeros((60, 1, 8, 8), np.float32)
    x[7, 0, 3, 3] = value
    with pytest.raises(ScoreError, match="not finite"):
        score(setup, images(x))


def test_a_collapsed_generator_is_scored_all_the_same(setup: Setup) -> None:
    found = values(score(setup, images(np.zeros((100, 1, 8, 8), np.float32))))
    assert found["fid"] > 1
    assert found["modes"] <= 1
    assert found["vendi"] == pytest.approx(1, abs=1e-6)


PROTOCOL = Protocol(
    dataset="digits",
    dataset_digest="abc",
    split="train",
    n_real=10,
    n_fake=20,
    extractor="digits",
    extractor_sha256="def",
    metrics={"fid": 1, "kid": 1},
    seed=0,
)


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "mnist"},
        {"dataset_digest": "abd"},
        {"split": "heldout"},
        {"n_real": 11},
        {"n_fake": 21},
        {"extractor": "pixels"},
        {"extractor_sha256": "deg"},
        {"metrics": {"fid": 2, "kid": 1}},
        {"metrics": {"fid": 1}},
        {"seed": 1},
        {"profile": "torch-fidelity"},
        {"latents": 2},
    ],
)
def test_every_field_changes_the_protocols_hash(change: dict[str, Any]) -> None:
    assert msgspec.structs.replace(PROTOCOL, **change).hash != PROTOCOL.hash


def test_a_protocol_is_its_content() -> None:
    assert msgspec.structs.replace(PROTOCOL, metrics={"kid": 1, "fid": 1}).hash == PROTOCOL.hash
    fields = set(Protocol.__struct_fields__)
    assert fields == {
        *("dataset", "dataset_digest", "split", "n_real", "n_fake", "extractor", "extractor_sha256", "metrics", "seed"),
        *("profile", "latents"),
    }, "a new field needs a case above"


def test_the_entry_chooses_split_and_size(digits: Dataset, zoo: Zoo) -> None:
    entry = DatasetEntry(extractor="pixels", split="heldout", n_real=100, n_fake=77, seed=3)
    protocol = dataset_setup(digits, entry, zoo.extractors(), zoo.metrics()).protocol
    assert (protocol.split, protocol.n_real, protocol.n_fake, protocol.seed) == ("heldout", 100, 77, 3)
    assert protocol.extractor == "pixels"
    assert protocol.metrics["fid"] == zoo.metrics()["fid"].version


def test_an_unknown_extractor(digits: Dataset, zoo: Zoo) -> None:
    with pytest.raises(UnknownName, match=r"Unknown extractor 'digit'\. Did you mean 'digits'"):
        dataset_setup(digits, DatasetEntry(extractor="digit"), zoo.extractors(), {})


@pytest.mark.parametrize("installed", [True, False])
def test_data_without_an_entry_have_a_default(
    digits: Dataset, zoo: Zoo, installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(natural, "available", lambda name: installed)
    setup = dataset_setup(digits, None, zoo.extractors(), zoo.metrics())
    assert setup.protocol.extractor == ("natural" if installed else "pixels")
    assert setup.protocol.n_real == len(digits.train)


def _extended(zoo: Zoo) -> dict[str, Any]:
    def compute(sets: Sets) -> dict[str, Estimate]:
        return {"width": Estimate(2.0, 0.5, 9)}

    width = Metric(name="width", summary="2", columns=("width",), compute=compute, version=1)
    return {"width": width, **zoo.metrics()}


def test_an_installed_metric_leaves_the_protocol_alone(digits: Dataset, zoo: Zoo) -> None:
    entry = DatasetEntry(extractor="pixels", split="heldout", n_fake=100)
    plain = dataset_setup(digits, entry, zoo.extractors(), zoo.metrics())
    extended = dataset_setup(digits, entry, zoo.extractors(), _extended(zoo))
    assert extended.protocol == plain.protocol
    assert extended.extensions == {"width": 1}
    source = ArraySource("some", "image", digits.heldout.x[:100])
    before, after = score(plain, source), score(extended, source)
    assert after.estimates == {**before.estimates, "width": Estimate(2.0, 0.5, 9)}
    assert (before.extensions, after.extensions) == ({}, {"width": 1})


def test_a_metric_that_the_entry_names_is_part_of_the_protocol(digits: Dataset, zoo: Zoo) -> None:
    entry = DatasetEntry(extractor="pixels", metrics=["width"])
    setup = dataset_setup(digits, entry, zoo.extractors(), _extended(zoo))
    assert (setup.protocol.metrics["width"], setup.extensions) == (1, {})
    with pytest.raises(UnknownName, match="'width'"):
        dataset_setup(digits, entry, zoo.extractors(), zoo.metrics())


def test_a_metric_that_was_asked_for_is_part_of_the_protocol(digits: Dataset, zoo: Zoo) -> None:
    setup = dataset_setup(digits, None, zoo.extractors(), _extended(zoo), Terms(metrics=("width",)))
    assert setup.protocol.metrics == {"width": 1}


def test_the_rules_that_draw_latents_are_part_of_the_protocol(digits: Dataset, zoo: Zoo) -> None:
    """Other latents make other scores: rows of before and after a change of them must not share a ranking."""
    protocol = dataset_setup(digits, None, zoo.extractors(), zoo.metrics()).protocol
    assert protocol.latents == SAMPLING
    assert msgspec.structs.replace(protocol, latents=msgspec.UNSET).hash != protocol.hash


def test_the_hash_of_a_protocol_stays() -> None:
    fields: dict[str, Any] = {"dataset": "d", "dataset_digest": "a", "split": "train", "n_real": 10, "n_fake": 20}
    protocol = Protocol(**fields, extractor="pixels", extractor_sha256="b", metrics={"fid": 1}, seed=0)
    assert protocol.hash == "7dbe782897ab"


@pytest.fixture(scope="module")
def statistics(gaussian: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ganzoo's statistics of 400 samples, in own.npz, and other tools' in bare.npz, without n, and counted.npz."""
    folder = tmp_path_factory.mktemp("statistics")
    terms = Terms(n=N, extractor="digits", device="cpu")
    api.statistics([gaussian.path], folder / "own.npz", terms=terms)
    with np.load(folder / "own.npz") as own:
        np.savez(folder / "bare.npz", mu=own["mu"], sigma=own["sigma"])
        np.savez(folder / "counted.npz", mu=own["mu"], sigma=own["sigma"], n=own["n"])
    return folder


def test_own_statistics_have_the_distance_of_their_samples_with_its_error(
    setup: Setup, floor: Score, statistics: Path
) -> None:
    found = score(setup, open_source(statistics / "own.npz"))
    assert found.estimates.keys() == {"fid"}
    assert found.estimates["fid"].value == pytest.approx(floor.estimates["fid"].value, rel=1e-9)
    assert found.estimates["fid"].se == pytest.approx(floor.estimates["fid"].se, rel=1e-6)
    assert found.estimates["fid"].n == found.protocol.n_fake == N
    assert found.protocol.metrics == {"fid": floor.protocol.metrics["fid"]}
    assert found.protocol_hash == found.protocol.hash != floor.protocol_hash
    assert found.notes == ()


def test_statistics_of_another_tool_have_no_error_and_may_not_say_how_many(
    setup: Setup, floor: Score, statistics: Path
) -> None:
    for name, n in (("bare.npz", 0), ("counted.npz", N)):
        found = score(setup, open_source(statistics / name))
        assert found.estimates["fid"].value == pytest.approx(floor.estimates["fid"].value, rel=1e-9)
        assert (found.estimates["fid"].se, found.estimates["fid"].n, found.protocol.n_fake) == (None, n, n)
        unknown = () if n else ("fid: bare.npz does not say how many samples it was made of",)
        assert found.notes == ("fid: from statistics without samples, so without a standard error", *unknown)


def test_statistics_of_another_extractor_are_refused(digits: Dataset, zoo: Zoo, statistics: Path) -> None:
    by_pixels = dataset_setup(digits, None, zoo.extractors(), zoo.metrics(), Terms(extractor="pixels"))
    assert by_pixels.extractor.name == "pixels"
    with pytest.raises(ScoreError) as refused:
        score(by_pixels, open_source(statistics / "own.npz"))
    own = zoo.extractors()["digits"].open("cpu", 1).sha256[:12]
    assert refused.value.message == (
        f"own.npz holds statistics of the extractor 'digits' ({own}), not of 'pixels' "
        f"({by_pixels.extractor.sha256[:12]})."
    )
    assert refused.value.hint == "Compare features of one extractor only."


@pytest.mark.parametrize("profile", ["ganzoo-1", "one-pass"])
def test_statistics_give_no_other_column(profile: str, statistics: Path, catalogue: Registry, zoo: Zoo) -> None:
    """An empty table would look like a score."""
    with pytest.raises(ScoreError, match=r"kid was asked for, but this gives fid.* alone"):
        api.score(
            statistics / "own.npz",
            "digits",
            metrics=["kid"],
            extractor="digits",
            profile=profile,
            device="cpu",
            registry=catalogue,
            zoo=zoo,
        )


def test_statistics_under_another_tools_profile(floor: Score, statistics: Path, catalogue: Registry, zoo: Zoo) -> None:
    found = api.score(
        statistics / "own.npz", "digits", profile="pytorch-fid", extractor="digits", registry=catalogue, zoo=zoo
    )
    assert found.estimates["fid"].value == pytest.approx(floor.estimates["fid"].value, rel=1e-9)
    assert (found.protocol.metrics, found.protocol.profile) == ({"fid": 1}, "pytorch-fid")


@pytest.mark.parametrize(("heldout", "enough"), [(49, False), (50, True)])
def test_a_floor_needs_as_many_samples_as_any_score(heldout: int, enough: bool, digits: Dataset, zoo: Zoo) -> None:
    spec, train, rest = digits.spec, digits.train, digits.heldout
    small = Dataset(spec, Split(spec, train.x[:200]), Split(spec, rest.x[:heldout]))
    setup = dataset_setup(small, None, zoo.extractors(), zoo.metrics(), Terms(metrics=("fid",)))
    floor = score_heldout(setup)
    assert (floor is not None) == enough
    assert floor is None or floor.protocol.n_fake == heldout
