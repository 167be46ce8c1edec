"""Differences of two models on one reference: by hand, by repetition, and what must not be compared."""

from __future__ import annotations

import numpy as np
import pytest
from pairs import difference_settings
from simulation import calibrate

from ganzoo.errors import ScoreError
from ganzoo.metrics import Metric, Reference, Sets, builtin_metrics
from ganzoo.metrics.base import Influence
from ganzoo.metrics.fid import FID
from ganzoo.metrics.kid import KID
from ganzoo.metrics.paired import difference, differences, holm, significance
from ganzoo.types import Estimate

D = 6
BY_HAND = Metric(
    name="mean",
    summary="",
    columns=("mean",),
    compute=lambda sets: {},
    influence=lambda sets: {
        "mean": Influence(
            float(sets.fake.mean() - sets.reference.real.mean()), sets.fake[:, 0], -sets.reference.real[:, 0]
        )
    },
)


def draw(n, d=D, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def rows(values, real=None, second=0.0, value=0.0):
    return Influence(value, np.asarray(values, float), None if real is None else np.asarray(real, float), second)


def against(real, fake):
    return Sets(Reference(real, real, real[:0]), fake)


def test_paired_and_unpaired_by_hand():
    a, b = rows([0, 2, 4, 6], value=5.0), rows([0, 2, 4, 2], value=2.0)
    paired, unpaired = (difference(a, b, same_latents=same) for same in (True, False))
    assert (paired.value, paired.n) == (3.0, 4)
    assert paired.se == pytest.approx(np.sqrt(np.var([0, 0, 0, 4], ddof=1) / 4))
    assert unpaired.se == pytest.approx(np.sqrt((20 / 3 + 8 / 3) / 4))
    assert difference(b, a, same_latents=True) == Estimate(-3.0, paired.se, 4)


def test_other_sizes_are_never_paired():
    a, b = rows([0, 1, 2, 3]), rows([0, 1, 2])
    found = difference(a, b, same_latents=True)
    assert found == difference(a, b, same_latents=False)
    assert found.n == 3


def test_reference_rows_are_always_paired():
    a, b = rows([1, 1], [0, 3, 6]), rows([1, 1], [0, 3, 3])
    for same in (True, False):
        assert difference(a, b, same_latents=same).se == pytest.approx(np.sqrt(np.var([0, 0, 3], ddof=1) / 3))


def test_second_orders_stay_as_far_as_the_first_ones_do():
    a, b = rows([0, 1, 2, 3], second=0.5), rows([3, 0, 1, 2], second=0.25)
    alone = 2 * np.var([0, 1, 2, 3], ddof=1) / 4
    assert difference(a, b, same_latents=False).se == pytest.approx(np.sqrt(alone + 0.75))
    left = np.var([-3, 1, 1, 1], ddof=1) / 4
    assert left > alone  # they are at odds: no more than both second orders are there
    assert difference(a, b, same_latents=True).se == pytest.approx(np.sqrt(left + 0.75))
    close = rows([0, 1, 2, 3.5], second=0.25)
    first = np.var([0, 0, 0, 0.5], ddof=1) / 4
    part = first / ((np.var([0, 1, 2, 3], ddof=1) + np.var([0, 1, 2, 3.5], ddof=1)) / 4)
    assert difference(a, close, same_latents=True).se == pytest.approx(np.sqrt(first + part * 0.75))


def test_noise_in_the_rows_is_taken_off_to_half_of_them_at_most():
    a, b = rows([0, 1, 2, 3], second=-100), rows([0, 2, 1, 2], second=-100)
    found = difference(a, b, same_latents=False)
    assert found.se == pytest.approx(np.sqrt((np.var([0, 1, 2, 3], ddof=1) + np.var([0, 2, 1, 2], ddof=1)) / 8))


def test_equal_models_differ_by_nothing():
    sets = against(draw(80), 1.2 * draw(100, seed=1))
    copy = against(sets.reference.real.copy(), sets.fake.copy())
    found = differences(sets, copy, builtin_metrics(), same_latents=True)
    assert found.keys() >= {"fid", "kid", "vendi", "precision", "memorised"}
    assert all((e.value, e.se) == (0, 0) for e in found.values())
    assert significance(found["fid"]) == 1
    other = differences(sets, copy, [FID, KID], same_latents=False)
    assert all(e.value == 0 and e.se > 0 for e in other.values()), "equal by chance is not the same model"


def test_shares_that_saw_nothing_differ_by_nothing_only_if_paired():
    a, b = rows(np.zeros(9), second=0.01), rows(np.zeros(9), second=0.01)
    assert difference(a, b, same_latents=True).se == 0
    assert difference(a, b, same_latents=False).se == pytest.approx(np.sqrt(0.02))
    ones = rows(np.ones(9), second=0.01, value=1.0)
    assert difference(a, ones, same_latents=True).se == pytest.approx(np.sqrt(0.02))


@pytest.mark.parametrize("setting", difference_settings(), ids=lambda s: s.name.replace(" ", "-"))
def test_errors_of_differences_by_repetition(setting):
    """With a reference of 80, whose own sampling is much of each score's error and little of the difference's."""
    found = calibrate(setting)
    for column in ("fid", "kid"):
        paired, unpaired, apart = (found[f"{column}{how}"] for how in ("", " unpaired", " apart"))
        assert 0.885 <= paired.coverage <= 0.995, (column, paired)
        assert 0.8 < paired.ratio < 1.5, (column, paired)
        assert paired.ratio < apart.ratio / 1.1, column
        if setting.name.endswith("same z"):
            assert paired.ratio < unpaired.ratio / 1.5, column


def test_every_column_in_the_order_of_the_metrics():
    real = draw(60)
    reference = Reference(real, real, draw(60, seed=1), labels=np.arange(60) % 4, classes=4)
    a, b = (
        Sets(reference, draw(70, seed=s), draw(70, 4, seed=s), asked=np.arange(70) % 4, codes=np.arange(70) % 3)
        for s in (2, 3)
    )
    found = differences(a, b, [m for m in builtin_metrics() if not m.on_request], same_latents=False)
    wanted = "fid fid_unbiased is kid precision recall density coverage mode_kl vendi repeats memorised duplicates ct"
    assert list(found) == [*wanted.split(), "label_accuracy", "code_error"]
    for metric in builtin_metrics():
        if metric.influence and all(a.has(need) for need in metric.needs):
            for column, influence in metric.influence(a).items():
                assert influence.value == pytest.approx(metric.compute(a)[column].value, abs=1e-12), column
                assert len(influence.fake) == 60 or len(influence.fake) == 70, column


def test_influences_stand_for_the_errors_that_the_metrics_report():
    """Where nothing but the samples is counted, or both sides are: FID and recall count less in their estimates."""
    real = draw(90)
    reference = Reference(real, real, draw(80, seed=1), labels=np.arange(90) % 4, classes=4)
    sets = Sets(reference, draw(90, seed=2), draw(90, 4, seed=3), asked=np.arange(90) % 4, codes=np.arange(90) % 3)
    columns = {
        "is",
        "kid",
        "precision",
        "repeats",
        "density",
        "coverage",
        "mode_kl",
        "vendi",
        "memorised",
        "duplicates",
        "ct",
        "code_error",
    }
    for metric in builtin_metrics():
        for column in columns & set(metric.columns):
            if not metric.influence or not all(sets.has(need) for need in metric.needs):
                continue
            rows, estimate = metric.influence(sets)[column], metric.compute(sets)[column]
            spread = rows.fake.var(ddof=1) / 90 + rows.second
            reference_part = rows.real.var(ddof=1) / len(rows.real) if rows.real is not None else 0
            counted = spread + (0 if rows.given else reference_part)
            assert estimate.se == pytest.approx(np.sqrt(counted), rel=0.02), column
            if column != "code_error":
                assert estimate.total == pytest.approx(np.sqrt(spread + reference_part), rel=0.02), column


def test_mixtures_come_before_classes():
    centres = np.array([[0.0, 0], [4, 4]])
    real = centres[np.arange(60) % 2] + 0.1 * draw(60, 2)
    reference = Reference(real, real, real[:0], labels=np.arange(60) % 2, classes=2, centres=centres, std=0.1)
    a, b = (Sets(reference, real + 0.1 * draw(60, 2, seed=s), draw(60, 2, seed=s)) for s in (1, 2))
    modes = [metric for metric in builtin_metrics() if "modes" in metric.columns]
    mixture = next(metric for metric in modes if "hq" in metric.columns)
    assert differences(a, b, modes, same_latents=False) == differences(a, b, [mixture], same_latents=False)
    assert set(differences(a, b, modes, same_latents=False)) == {"hq", "mode_kl"}


def test_metrics_without_influences_or_needs_are_passed_over():
    sets = against(draw(60), draw(60, seed=1))
    plain = Metric(name="plain", summary="", columns=("plain",), compute=lambda sets: {})
    assert list(differences(sets, sets, [plain, BY_HAND], same_latents=True)) == ["mean"]


def test_other_references_are_refused():
    fake = draw(60, seed=1)
    base = against(draw(60), fake)
    with pytest.raises(ScoreError, match="against different references"):
        differences(base, against(draw(60, seed=2), fake), [FID], same_latents=True)
    with pytest.raises(ScoreError, match="width 6 and 3"):
        differences(base, against(draw(60, 3), draw(60, 3)), [FID], same_latents=True)
    with pytest.raises(ScoreError, match="3 and 2 reference rows"):
        difference(rows([1, 2], [1, 2, 3]), rows([1, 2], [1, 2]), same_latents=True)
    with pytest.raises(ScoreError, match="3 and no reference rows"):
        difference(rows([1, 2], [1, 2, 3]), rows([1, 2]), same_latents=True)


def test_significance_is_two_sided_and_normal():
    assert significance(Estimate(1.959964, 1.0)) == pytest.approx(0.05, abs=1e-6)
    assert significance(Estimate(-2.575829, 1.0)) == pytest.approx(0.01, abs=1e-6)
    assert significance(Estimate(0.0, 1.0)) == 1
    assert significance(Estimate(0.0, 0.0)) == 1
    assert significance(Estimate(0.1, 0.0)) == 0
    with pytest.raises(ScoreError, match="without a standard error"):
        significance(Estimate(1.0))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
    with pytest.raises(ScoreError, match="lie in 0 … 1"):
        holm([0.2, np.nan])


def test_holm_keeps_the_chance_of_any_false_alarm():
    p = np.random.default_rng(2).random((2000, 5))
    alarms = np.mean([min(holm(list(row))) <= 0.05 for row in p])
    assert 0.035 < alarms < 0.065
