"""The disturbance test: which sets it makes, and what it reads off their scores."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.data.base import Dataset
from ganzoo.errors import ScoreError
from ganzoo.extractors.base import Extracted, PixelExtractor
from ganzoo.metrics import Metric, Sets
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring import sensitivity_files
from ganzoo.scoring.disturbances import DISTURBANCES, Disturbance
from ganzoo.scoring.sensitivity import Sensitivity, Trial, sensitivity
from ganzoo.types import Estimate

MADE_UP = Disturbance("made up", (1, 2, 3), "times", ("fid", "recall"), ("memorised",))


def judged(fid: list[float], **more: list[float]) -> Sensitivity:
    """Trials of one disturbance whose columns have these values, an error of 1 each, after clean zeros."""
    columns = {"fid": fid, **more}
    trials = tuple(
        Trial(MADE_UP, strength, {name: Estimate(values[i], 1.0, 9) for name, values in columns.items()})
        for i, strength in enumerate(MADE_UP.strengths)
    )
    clean = {name: Estimate(0.0, 1.0, 9) for name in columns}
    return Sensitivity("net", "ab" * 32, "faces", 9, clean, trials)


# The error of a difference is √2 here, so that 2.83 is two of them.
@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([3, 4, 5], "from 1"),
        ([2.8, 2.9, 5], "from 2"),
        ([9, 9, 2.8], "blind"),  # what is not seen at the strongest is not seen
        ([0, 0, 0], "blind"),
        ([-3, 0, 3], "better at 1, from 3"),
        ([0, -3, -4], "better at 2"),
    ],
)
def test_what_is_asked_of_a_column(values: list[float], verdict: str) -> None:
    assert judged(values).verdict(MADE_UP, "fid") == verdict
    assert judged([0, 0, 0], recall=[-value for value in values]).verdict(MADE_UP, "recall") == verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [([0, 2.8, -9], "quiet"), ([0, 3, 0], "alarm from 2"), ([3, 0, 9], "alarm from 1")],
)
def test_what_is_to_be_quiet(values: list[float], verdict: str) -> None:
    assert judged([0, 0, 0], memorised=values).verdict(MADE_UP, "memorised") == verdict


@pytest.mark.parametrize(("values", "verdict"), [([0, 0, 2], "blind"), ([-2, 0, 3], "from 3"), ([2, 3, 3], "from 2")])
def test_two_standard_errors_exactly_are_not_clear(values: list[float], verdict: str) -> None:
    """0.6 and 0.8 make an error of 1 for the difference."""
    found = judged(values)
    clean = {"fid": Estimate(0.0, 0.6, 9)}
    trials = tuple(
        replace(trial, estimates={"fid": Estimate(trial.estimates["fid"].value, 0.8, 9)}) for trial in found.trials
    )
    assert replace(found, clean=clean, trials=trials).verdict(MADE_UP, "fid") == verdict
    quiet = replace(
        found,
        clean={"memorised": Estimate(0.0, 0.6, 9)},
        trials=tuple(replace(trial, estimates={"memorised": Estimate(2.0, 0.8, 9)}) for trial in found.trials),
    )
    assert quiet.verdict(MADE_UP, "memorised") == "quiet"


def test_small_errors_count_as_what_they_are() -> None:
    found = judged([0, 0, 0])
    trials = tuple(replace(trial, estimates={"fid": Estimate(0.5, 0.1, 9)}) for trial in found.trials)
    assert replace(found, clean={"fid": Estimate(0.0, 0.1, 9)}, trials=trials).verdict(MADE_UP, "fid") == "from 1"


def test_nothing_is_said_of_what_is_not_asked() -> None:
    assert judged([9, 9, 9], precision=[-9, -9, -9]).verdict(MADE_UP, "precision") == ""


def test_values_without_an_error() -> None:
    found = judged([0, 0, 1])
    exact = replace(
        found,
        clean={"fid": Estimate(0.0, None, 9)},
        trials=tuple(
            replace(trial, estimates={"fid": Estimate(v, None, 9)})
            for trial, v in zip(found.trials, (0, 0, 1), strict=True)
        ),
    )
    assert exact.verdict(MADE_UP, "fid") == "from 3"
    gone = replace(found, trials=tuple(replace(trial, estimates={}) for trial in found.trials))
    assert gone.verdict(MADE_UP, "fid") == "blind"


@pytest.fixture(scope="module")
def digits(zoo: Zoo) -> Dataset:
    return api.dataset("digits", zoo=zoo)


@pytest.fixture(scope="module")
def found(zoo: Zoo, digits: Dataset) -> Sensitivity:
    extractor = zoo.extractors()["digits"].open("cpu", 1)
    return sensitivity(digits, extractor, list(zoo.metrics().values()), n=200)


def test_every_disturbance_is_tried_at_every_strength(found: Sensitivity) -> None:
    assert found.n == 200
    assert found.disturbances() == list(DISTURBANCES)
    assert [(t.disturbance.name, t.strength) for t in found.trials] == [
        (d.name, s) for d in DISTURBANCES for s in d.strengths
    ]
    assert {"fid", "kid", "precision", "recall", "modes", "memorised", "duplicates"} <= set(found.columns)
    assert all(found.clean[column].n == 200 for column in found.columns)


def test_what_no_metric_may_miss_on_digits(found: Sensitivity) -> None:
    verdicts = {(d.name, c): found.verdict(d, c) for d in DISTURBANCES for c in found.columns}
    for name in ("noise", "salt and pepper", "foreign images", "fitted Gaussian"):
        assert "from" in verdicts[name, "fid"], name
        assert "from" in verdicts[name, "kid"], name
    assert "from" in verdicts["dropped classes", "coverage"]
    assert "from" in verdicts["repeats", "vendi"]
    assert verdicts["copies", "memorised"].startswith("from")


def test_shares_of_copies_are_what_they_say(found: Sensitivity) -> None:
    """Every copy counts as memorised, whatever the rest does."""
    rates = [trial.estimates["memorised"].value for trial in found.trials if trial.disturbance.name == "copies"]
    assert rates[-1] == 1.0
    assert rates == sorted(rates)
    rest = found.clean["memorised"].value
    np.testing.assert_allclose(rates[:3], [s + (1 - s) * rest for s in (0.1, 0.25, 0.5)], atol=0.05)


def test_the_same_seed_gives_the_same_values(zoo: Zoo, digits: Dataset) -> None:
    metrics = [zoo.metrics()["fid"]]
    runs = [sensitivity(digits, PixelExtractor(), metrics, n=60, seed=seed) for seed in (1, 1, 2)]
    values = [[trial.estimates["fid"].value for trial in run.trials] for run in runs]
    assert values[0] == values[1] != values[2]


def test_parts_are_apart(digits: Dataset) -> None:
    """Reference, held-out and scored images share no row: with copies among them nothing would be clean."""
    seen: list[np.ndarray] = []

    class Spy(PixelExtractor):
        def extract(self, x: np.ndarray) -> Extracted:
            seen.append(x)
            return super().extract(x)

    sensitivity(digits, Spy(), [], n=100)
    parts = [{image.tobytes() for image in part} for part in seen[:3]]  # reference, images, held out
    assert [len(part) for part in seen[:3]] == [100, 200, 50]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


@pytest.fixture(scope="module")
def seen(digits: Dataset) -> tuple[list[Sets], list[tuple[str, int, int | None]], Sensitivity]:
    """What a metric is given, the clean images first; of 8×8 images the features of "pixels" are the pixels."""
    sets: list[Sets] = []

    def look(given: Sets) -> dict[str, Estimate]:
        sets.append(given)
        return {"fid": Estimate(0.0, 0.0, 1)}

    steps: list[tuple[str, int, int | None]] = []
    metric = Metric(name="look", summary="", columns=("fid",), compute=look)
    found = sensitivity(digits, PixelExtractor(), [metric], n=100, progress=lambda *step: steps.append(step))
    return sets, steps, found


def given(seen: tuple[list[Sets], list, Sensitivity], name: str, strength: float) -> np.ndarray:
    sets, _, found = seen
    return next(
        each.fake
        for each, trial in zip(sets[1:], found.trials, strict=True)
        if (trial.disturbance.name, trial.strength) == (name, strength)
    )


def within(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    known = {row.tobytes() for row in others}
    return np.array([row.tobytes() in known for row in rows])


def mirrored(rows: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows.reshape(-1, 8, 8)[:, :, ::-1].reshape(-1, 64))


@pytest.mark.parametrize("percent", [10, 25, 50, 100])
def test_what_replaces_a_share_of_the_images(seen: tuple[list[Sets], list, Sensitivity], percent: int) -> None:
    clean, real = seen[0][0].fake, seen[0][0].reference.real
    for name, source in (("copies", real), ("flipped copies", mirrored(real)), ("flips", mirrored(clean))):
        fake = given(seen, name, percent)
        changed = (fake != clean).any(axis=1)
        assert changed.sum() == percent, name
        assert within(fake[changed], source).all(), name
    flips = given(seen, "flips", percent)
    changed = (flips != clean).any(axis=1)
    np.testing.assert_array_equal(flips[changed], mirrored(clean[changed]))
    assert len({row.tobytes() for row in given(seen, "copies", percent)}) == 100


def test_foreign_images_and_the_gaussian_are_neither_real_nor_each_other(seen: tuple) -> None:
    clean, real = seen[0][0].fake, seen[0][0].reference.real
    foreign, gaussian = given(seen, "foreign images", 50), given(seen, "fitted Gaussian", 50)
    for fake in (foreign, gaussian):
        assert (fake != clean).any(axis=1).sum() == 50
        assert not within(fake[(fake != clean).any(axis=1)], real).any()
    drawn = given(seen, "fitted Gaussian", 100)
    np.testing.assert_allclose(drawn.mean(axis=0), real.mean(axis=0), atol=0.3)
    assert np.abs(foreign[(foreign != clean).any(axis=1)].mean(axis=0) - real.mean(axis=0)).max() > 0.5


@pytest.mark.parametrize("times", [2, 5, 10])
def test_repeats_are_there_so_many_times(seen: tuple, times: int) -> None:
    rows, counts = np.unique(given(seen, "repeats", times), axis=0, return_counts=True)
    assert len(rows) == 100 // times and set(counts) == {times}


def test_progress_says_what_is_done_of_how_much(seen: tuple) -> None:
    _, steps, found = seen
    last = {what: (done, total) for what, done, total in steps}
    assert last["reference"] == (100, 100)
    assert last["images"] == (200, 200)
    assert last["held-out images"] == (50, 50)
    assert [done for what, done, _ in steps if what == "scoring"] == list(range(1, len(found.trials) + 1))
    assert last["scoring"] == (len(found.trials), len(found.trials))


def test_labels_and_logits_go_with_their_images(digits: Dataset, zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    sets: list[Sets] = []

    def look(given: Sets) -> dict[str, Estimate]:
        sets.append(given)
        return {"fid": Estimate(0.0, 0.0, 1)}

    dropped: list[np.ndarray] = []

    def spy(labels: np.ndarray, percent: float, n: int, rng: np.random.Generator) -> np.ndarray:
        dropped.append(labels)
        return np.arange(n)

    monkeypatch.setattr("ganzoo.scoring.disturbances.without_classes", spy)
    metric = Metric(name="look", summary="", columns=("fid",), compute=look)
    found = sensitivity(digits, zoo.extractors()["digits"].open("cpu", 1), [metric], n=200)
    clean = sets[0]
    assert clean.reference.classes == 10 and clean.reference.labels is not None and clean.logits is not None
    assert (clean.logits.argmax(axis=1) == dropped[0][:200]).mean() > 0.95
    for given, trial in zip(sets[1:], found.trials, strict=True):
        assert given.logits is not None
        if trial.disturbance.name == "dropped classes":
            np.testing.assert_array_equal(given.logits, clean.logits)
        if (trial.disturbance.name, trial.strength) == ("copies", 100):
            assert (given.logits != clean.logits).any(axis=1).all()


def test_there_are_as_many_images_as_three_and_a_half_sets_need(digits: Dataset) -> None:
    assert sensitivity(digits, PixelExtractor(), [], n=1000).n == 2 * 1797 // 7
    enough = replace(
        digits,
        train=replace(digits.train, x=digits.train.x[:100], y=None),
        heldout=replace(digits.heldout, x=digits.heldout.x[:75], y=None),
    )
    assert sensitivity(enough, PixelExtractor(), []).n == 50


def test_a_metric_that_refuses_is_left_out(digits: Dataset) -> None:
    def refuse(given: Sets) -> dict[str, Estimate]:
        raise ScoreError("not these")

    metric = Metric(name="refusing", summary="", columns=("fid",), compute=refuse)
    assert sensitivity(digits, PixelExtractor(), [metric], n=60).columns == []


def test_unlabelled_images_lose_clusters(digits: Dataset, zoo: Zoo) -> None:
    bare = replace(digits, train=replace(digits.train, y=None), heldout=replace(digits.heldout, y=None))
    found = sensitivity(bare, zoo.extractors()["digits"].open("cpu", 1), [zoo.metrics()["neighbours"]], n=200)
    dropped = next(d for d in DISTURBANCES if d.name == "dropped classes")
    assert len(found.of(dropped)) == 3
    assert "from" in found.verdict(dropped, "coverage")


def test_what_cannot_be_tested(zoo: Zoo, digits: Dataset) -> None:
    with pytest.raises(ScoreError, match="for images, and ring holds points"):
        sensitivity(api.dataset("ring", zoo=zoo), PixelExtractor(), [])
    few = replace(
        digits,
        train=replace(digits.train, x=digits.train.x[:20]),
        heldout=replace(digits.heldout, x=digits.heldout.x[:20]),
    )
    with pytest.raises(ScoreError, match="digits has 40 images, and 175 or more are needed"):
        sensitivity(few, PixelExtractor(), [])


def test_files_hold_every_value_and_a_picture(found: Sensitivity, tmp_path: Path) -> None:
    table, chart = sensitivity_files.save(found, tmp_path / "new")
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert rows[0]["disturbance"] == "none" and rows[0]["extractor"] == "digits"
    assert rows[0]["strength"] == "0" and rows[0]["unit"] == ""
    assert b"\r" not in table.read_bytes()
    one = next(r for r in rows if r["disturbance"] == "noise" and r["strength"] == "8" and r["column"] == "fid")
    trial = next(t for t in found.trials if t.disturbance.name == "noise" and t.strength == 8)
    assert float(one["value"]) == trial.estimates["fid"].value and float(one["se"]) == trial.estimates["fid"].se
    assert one["unit"] == "grey levels" and one["n"] == "200" and one["extractor_sha256"] == found.sha256
    with Image.open(chart) as picture:
        assert picture.width > 600 and picture.height > 400


def test_a_value_without_an_error_has_an_empty_cell() -> None:
    found = replace(judged([0, 0, 0]), clean={"fid": Estimate(0.0, None, 9)})
    first = next(csv.DictReader(io.StringIO(sensitivity_files.csv_of(found))))
    assert (first["value"], first["se"]) == ("0.0", "")
