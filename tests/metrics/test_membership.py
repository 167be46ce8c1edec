"""mia_auc: what generated samples say of who was trained on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

import ganzoo
from ganzoo import api
from ganzoo import registry as registries
from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features
from ganzoo.metrics.membership import membership_auc
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.scorer import score_heldout
from ganzoo.scoring.setup import Terms
from ganzoo.training.runs import RunFolder


def normal(seed: int, n: int, d: int = 3) -> Features:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_it_is_the_chance_that_a_member_is_nearer() -> None:
    train, heldout, fake = normal(0, 60), normal(1, 50) * 1.3, normal(2, 200)
    near, far = (np.linalg.norm(x[:, None] - fake, axis=2).min(1) for x in (train, heldout))
    u = mannwhitneyu(far, near).statistic
    found = membership_auc(train, heldout, fake)
    assert found.value == pytest.approx(u / (60 * 50), abs=1e-12)
    assert found.n == 110


def test_copies_of_the_training_set_betray_it_and_copies_of_others_do_the_contrary() -> None:
    train, heldout, others = normal(0, 60), normal(1, 50), normal(2, 60)
    copies = np.concatenate([train, others])
    assert membership_auc(train, heldout, copies).value > 0.99
    assert membership_auc(others, train, np.concatenate([train + 1e-6, others + 9])).value < 0.01


def test_a_part_of_the_training_set_betrays_a_part() -> None:
    """Half of the members at distance 0, the others like everybody: ½·1 + ½·½."""
    train, heldout = normal(0, 800), normal(1, 800)
    found = membership_auc(train, heldout, np.concatenate([train[:400], normal(2, 400)]))
    assert found.value == pytest.approx(0.75, abs=0.04)


def test_equal_distances_count_half() -> None:
    ones, fake = np.ones((30, 2)), np.zeros((40, 2))
    found = membership_auc(ones, ones, fake)
    assert (found.value, found.se) == (0.5, 0.0)


def test_held_out_samples_among_the_generated_are_compared_with_the_others() -> None:
    heldout = normal(1, 400)
    found = membership_auc(normal(0, 400), heldout, heldout)
    assert abs(found.value - 0.5) < 3 * (found.se or 0)


@pytest.mark.parametrize(("k", "n", "scale", "studies"), [(60, 60, 1.2, 200), (20, 2000, 1.5, 80)])
def test_the_error_is_the_spread_over_other_samples_of_all(k: int, n: int, scale: float, studies: int) -> None:
    """Of few queries theirs is the larger part, of few generated samples that of these."""
    found = [
        membership_auc(normal(i, n), normal(1000 + i, n) * scale, normal(2000 + i, k) * 0.8) for i in range(studies)
    ]
    spread = np.std([each.value for each in found])
    assert np.mean([each.se or 0 for each in found]) == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize("few", ["train", "heldout", "fake"])
def test_too_few_are_refused(few: str) -> None:
    sets = {name: normal(0, 19 if name == few else 30) for name in ("train", "heldout", "fake")}
    with pytest.raises(ScoreError, match="19"):
        membership_auc(**sets)


def test_on_digits_the_memoriser_stands_at_one_and_gaussian_and_real_at_a_half(
    gaussian: RunFolder, memoriser: RunFolder, zoo: Zoo, catalogue: Registry
) -> None:
    scores = {
        run.manifest().variant: ganzoo.score(run.path, metrics=["mia_auc"], zoo=zoo, registry=catalogue)
        for run in (gaussian, memoriser)
    }
    setup = api.setup_of(zoo, registries.load(), "digits", terms=Terms(metrics=("mia_auc",)))
    real = score_heldout(setup)
    assert real is not None
    estimates = {name: score.estimates["mia_auc"] for name, score in (*scores.items(), ("real", real))}
    assert estimates["memoriser"].value > 0.98
    for name in ("gaussian", "real"):
        assert abs(estimates[name].value - 0.5) < 2.5 * (estimates[name].se or 0), (name, estimates[name])
