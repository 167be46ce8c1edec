"""Feature likelihood divergence: the fit against torch's own optimiser, and what it says of copies and bad samples."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, fld
from ganzoo.metrics.fld import FLD, divergence, fit_widths


def draw(n, d=6, seed=0, scale=1.0, shift=0.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d)) + shift


def by_autograd(distances, origin, d):
    """The same fit with torch.optim.Adam and its gradients."""
    near, centre = torch.tensor(distances), torch.tensor(0.81 * origin)[:, None]
    widths = ((near.min(0).values + 1e-3) / d).log().requires_grad_(True)
    wide = torch.zeros((), dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([widths, wide], lr=0.5)

    def log_density(squared, logs):
        return -squared / (2 * logs.exp()) - d / 2 * (logs + np.log(2 * np.pi))

    for _ in range(50):
        adam.zero_grad()
        terms = [log_density(near, widths) - np.log(len(widths)), log_density(centre, wide)]
        (-torch.logsumexp(torch.cat(terms, 1), 1).mean() / d).backward()
        adam.step()
        with torch.no_grad():
            widths.clamp_(-40, 20)
    return widths.detach().numpy()


def test_the_fit_is_that_of_the_papers_optimiser():
    train, centres = draw(120), draw(80, seed=1, scale=1.2)
    distances, origin = ((train[:, None] - centres) ** 2).sum(-1), ((train - train.mean(0)) ** 2).sum(-1)
    np.testing.assert_allclose(fit_widths(distances, origin, 6), by_autograd(distances, origin, 6), atol=1e-8)


def test_a_copy_gets_the_narrowest_width_and_no_number_is_lost():
    train = draw(120)
    distances, origin = ((train[:, None] - train[:40]) ** 2).sum(-1), (train**2).sum(-1)
    found = fit_widths(distances, origin, 6)
    assert np.isfinite(found).all()
    assert found.max() < -15


def test_it_is_the_difference_of_two_mean_surprises():
    train, heldout, fake = draw(200), draw(90, seed=1), draw(100, seed=2, scale=1.3)
    goal = lambda x: (x - heldout.mean(0)) / heldout.std(0, ddof=1)  # noqa: E731

    def surprise(centres, fitted):
        logs = by_autograd(
            ((goal(fitted)[:, None] - goal(centres)) ** 2).sum(-1),
            ((goal(fitted) - goal(fitted).mean(0)) ** 2).sum(-1),
            6,
        )
        squared = ((goal(heldout)[:, None] - goal(centres)) ** 2).sum(-1)
        terms = -squared / (2 * np.exp(logs)) - 3 * (logs + np.log(2 * np.pi)) - np.log(len(centres))
        return -np.log(np.exp(terms).sum(axis=1)).mean() / 6

    order = fld.shuffled(0, "fld/usual", 200)
    usual = surprise(train[order[:100]], train[order[100:]])
    found = divergence(train, heldout, fake)["fld"].value
    assert found == pytest.approx(100 * (surprise(fake, train) - usual), rel=1e-6)


def test_real_samples_are_near_0_and_worse_ones_above():
    def modes(n, seed, most=4):
        rows = draw(n, seed=seed)
        rows[:, 0] += 6 * np.random.default_rng(seed).integers(most, size=n)
        return rows

    train, heldout = modes(400, 0), modes(200, 1)
    sets = {"real": modes(300, 2), "wider": 1.6 * modes(300, 2), "two modes lost": modes(300, 2, 2)}
    found = {name: divergence(train, heldout, fake)["fld"].value for name, fake in sets.items()}
    assert abs(found["real"]) < 5 < min(found["wider"], found["two modes lost"])


def test_copies_are_punished_and_open_a_gap():
    train, heldout, fresh = draw(400), draw(200, seed=1), draw(200, seed=2)
    copied = np.vstack([fresh[:100], train[:100] + 1e-4])
    plain, bad = divergence(train, heldout, fresh), divergence(train, heldout, copied)
    assert bad["fld"].value > plain["fld"].value + 3
    assert bad["fld_gap"].value < plain["fld_gap"].value - 50
    assert bad["fld_gap"].se is None


def test_large_sets_are_cut_by_the_seed(monkeypatch):
    monkeypatch.setattr(fld, "LIMIT", 60)
    train, heldout, fake = draw(200), draw(70, seed=1), draw(150, seed=2)
    found = [divergence(train, heldout, fake, seed=seed)["fld"] for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert found[0].n == 150


def test_a_feature_that_never_varies_says_nothing():
    train, heldout, fake = draw(100), draw(60, seed=1), draw(80, seed=2)
    flat = [np.column_stack([x, np.zeros(len(x))]) for x in (train, heldout, fake)]
    assert np.isfinite(divergence(*flat)["fld"].value)


def test_few_rows_are_refused_or_left_out():
    train, heldout, fake = draw(100), draw(60, seed=1), draw(80, seed=2)
    with pytest.raises(ScoreError, match="held-out features have 19 rows, where at least 20"):
        divergence(train, heldout[:19], fake)
    sets = Sets(Reference(real=train, train=train, heldout=heldout[:19]), fake)
    assert FLD.compute(sets) == FLD.influence(sets) == {}
    assert FLD.compute(Sets(Reference(real=train, train=train, heldout=heldout), fake)).keys() == {"fld", "fld_gap"}
