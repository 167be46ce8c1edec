"""The package's front door: which metrics run, what is computed once, and real against real."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ganzoo.errors import PluginError, ScoreError
from ganzoo.metrics import Metric, Reference, Sets, builtin_metrics, evaluate
from ganzoo.types import Estimate

ALWAYS = {"fid", "fid_unbiased", "kid", "precision", "recall", "density", "coverage", "vendi", "memorised", "repeats"}
HELDOUT = {"memorised_heldout", "ct", "duplicates"}
USUAL = [metric for metric in builtin_metrics() if not metric.on_request]


def images(heldout=True):
    draw = np.random.default_rng(0)
    real, train, other, fake = (draw.standard_normal((n, 12)) for n in (120, 300, 120, 130))
    reference = Reference(real, train, other if heldout else other[:0], np.arange(120) % 4, 4)
    return Sets(reference, fake, draw.standard_normal((130, 4)))


def points():
    draw = np.random.default_rng(1)
    centres = np.array([[0.0, 1], [1, 0], [3, 3]])
    real, train, other, fake = (
        centres[draw.integers(3, size=n)] + 0.05 * draw.standard_normal((n, 2)) for n in (90, 200, 90, 300)
    )
    labels = np.arange(90) % 3
    return Sets(Reference(real, train, other, labels, 3, centres, 0.05), fake)


def test_images_get_every_column_but_those_of_mixtures():
    results = evaluate(images(), USUAL)
    assert set(results) == ALWAYS | HELDOUT | {"is", "modes", "mode_kl"}
    assert all(np.isfinite(e.value) and e.se is not None and e.n > 0 for e in results.values())


def test_points_get_the_mixtures_modes_though_there_are_labels():
    results = evaluate(points(), USUAL)
    assert set(results) == ALWAYS | HELDOUT | {"modes", "mode_kl", "hq", "spread"}
    assert results["modes"].value == 3


def test_a_mixture_wins_over_classes():
    sets = points()
    both = Sets(sets.reference, sets.fake, np.eye(3)[np.zeros(300, int)])
    assert evaluate(both, USUAL)["modes"].value == 3


def test_without_held_out_samples_their_columns_are_left_out():
    assert set(evaluate(images(heldout=False), USUAL)) == ALWAYS | {"is", "modes", "mode_kl"}


def test_control_columns_where_something_was_asked():
    sets = images()
    asked = Sets(sets.reference, sets.fake, sets.logits, asked=sets.logits.argmax(1), codes=sets.logits.argmin(1))
    results = evaluate(asked, USUAL)
    assert results["label_accuracy"].value == 1
    assert results["code_error"].value > 0


def test_same_sets_same_scores_and_the_memo_is_of_the_reference_alone():
    sets = images()
    first = evaluate(sets, USUAL)
    evaluate(Sets(sets.reference, sets.fake * 2, sets.logits), USUAL)
    assert evaluate(sets, USUAL) == first
    assert evaluate(images(), USUAL) == first


def test_real_against_real_is_the_floor():
    sets = images()
    floor = evaluate(Sets(sets.reference, sets.reference.heldout), USUAL)
    copies = evaluate(Sets(sets.reference, sets.reference.real), USUAL)
    assert copies["fid"].value < 1e-9 < floor["fid"].value
    assert floor["memorised"] == floor["memorised_heldout"]


def test_a_metric_that_refuses_is_noted_where_that_is_wanted():
    def refuse(sets):
        raise ScoreError("no such thing")

    refusing = Metric(name="refusing", summary="", columns=("a",), compute=refuse)
    with pytest.raises(ScoreError, match="no such thing"):
        evaluate(images(), [refusing, *USUAL])
    refused = {}
    assert "fid" in evaluate(images(), [refusing, *USUAL], refused=refused)
    assert str(refused["refusing"]) == "no such thing"


def test_on_request_are_the_costly_ones():
    assert {m.name for m in builtin_metrics() if m.on_request} == {
        *("intra_fid", "utility", "cmmd", "fd_infinity", "sliced", "realism", "clipped", "fld", "mia_auc")
    }


def test_names_and_columns_are_declared_once_but_for_modes():
    names = [metric.name for metric in builtin_metrics()]
    columns = [column for metric in builtin_metrics() for column in metric.columns]
    assert len(set(names)) == len(names)
    assert sorted({c for c in columns if columns.count(c) > 1}) == ["mode_kl", "modes"]


def test_undeclared_columns_are_the_plugins_error():
    odd = Metric(name="odd", summary="", columns=("a",), compute=lambda sets: {"b": Estimate(1.0)})
    with pytest.raises(PluginError, match="'odd' returned"):
        evaluate(images(), [odd])


def test_listing_metrics_loads_no_scipy_nor_sklearn():
    code = (
        "import sys; from ganzoo.metrics import builtin_metrics as b; b(); "
        "sys.exit(any(m in sys.modules for m in ('scipy', 'sklearn', 'pandas', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
