"""Compatibility profiles: the numbers that the real tools gave (``make peers``), and each convention on its own."""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.parity_profiles import builtin_profiles, neighbours
from ganzoo.metrics.parity_profiles.inception import chunks, floors, runs
from ganzoo.metrics.parity_profiles.randomness import TorchStream, legacy_draws, torch_draws

PEERS = Path(__file__).resolve().parents[1] / "peers"
sys.path.insert(0, str(PEERS))  # the scripts of `make peers` import one another by their bare names

import ours  # noqa: E402
import report  # noqa: E402
from recipes import RECIPES  # noqa: E402
from verdict import judge  # noqa: E402

PROFILES = {profile.name: profile for profile in builtin_profiles()}

STORED = json.loads((PEERS / "numbers.json").read_text())
SLOW = {"heavy", "inception"}
"""Data sets on which a hundred KID subsets, or a second FID, take seconds; the others cover them."""


@cache
def case_and_sets(name):
    case = RECIPES[name]()
    return case, ours.sets_of(case)


def left_out(data, tool, column):
    """StyleGAN's KID is clean-fid's, number for number, and every tool's FID goes through the same matrices."""
    if column == "kid":
        return data in SLOW or (tool == "stylegan" and data != "gaussian")
    return data == "inception" and tool not in ("pytorch-fid", "stylegan")


def metrics_checked():
    """Every (data set, tool, columns of a metric) with stored numbers."""
    stored = [
        (data, tool, set(columns)) for data, tools in STORED["numbers"].items() for tool, columns in tools.items()
    ]
    return [
        pytest.param(data, tool, metric, id=f"{data}-{tool}-{metric[0]}")
        for data, tool, columns in stored
        for metric in ours.columns_of(tool)
        if columns.issuperset(metric) and not left_out(data, tool, metric[0])
    ]


def test_every_stored_number_belongs_to_a_metric():
    for tools in STORED["numbers"].values():
        for tool, columns in tools.items():
            assert set(columns) <= {column for metric in ours.columns_of(tool) for column in metric}
    assert len(metrics_checked()) > 150


@pytest.mark.parametrize(("data", "tool", "columns"), metrics_checked())
def test_the_numbers_of_the_real_tools(data, tool, columns):
    case, sets = case_and_sets(data)
    found = ours.numbers(tool, sets, columns[0])
    assert found.keys() == set(columns)
    for column in columns:
        theirs = STORED["numbers"][data][tool][column]
        theirs = math.nan if theirs == "nan" else theirs
        verdict = judge(case, column, theirs, found[column])
        assert verdict.passes, f"{column}: {theirs} of {tool}, {found[column]} of ganzoo"


def test_the_stored_numbers_are_of_the_pinned_tools():
    lines = (PEERS / "requirements.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    versions = {name.replace("_", "-"): number for name, number in STORED["versions"].items()}
    assert versions == {name: pinned[name] for name in versions}
    for name in ("pytorch-fid", "torch-fidelity", "clean-fid", "torchmetrics"):
        assert PROFILES[name].tool_version == pinned[name]
    assert set(STORED["numbers"]) == set(RECIPES)


def test_the_comparison_notices_a_wrong_number():
    case, sets = case_and_sets("gaussian")
    right = ours.numbers("torch-fidelity", sets, "fid")["fid"]
    assert judge(case, "fid", right, right).word == "equal"
    assert not judge(case, "fid", right, right * (1 + 2e-6)).passes
    assert not judge(case, "kid", 0.014, 0.01401).passes
    assert not judge(case, "precision", 0.5, 0.5 + 1 / 1200).passes
    assert not judge(case, "fid", right, "no").passes
    assert judge(case, "is", math.nan, 4.0).word == "tool gives nan"
    assert judge(case, "kid", "ValueError: few", "few").word == "both refuse"


def small(n=40, m=30, d=5, classes=4, seed=0):
    state = np.random.RandomState(seed)
    real, fake, logits = (state.randn(*shape).astype(np.float32) for shape in ((n, d), (m, d), (m, classes)))
    return Sets(Reference(real=real, train=real, heldout=real[:0]), fake, logits.astype(float), seed=3)


def compute(tool, column, sets):
    (metric,) = [metric for metric in PROFILES[tool].metrics if column in metric.columns]
    return metric.compute(sets)[column]


def test_profiles_are_named_and_their_metrics_told_apart():
    assert set(PROFILES) == {"pytorch-fid", "torch-fidelity", "clean-fid", "torchmetrics", "stylegan", "adm"}
    assert all(profile.name == name and profile.notes and profile.tool_version for name, profile in PROFILES.items())
    names = [metric.name for profile in PROFILES.values() for metric in profile.metrics]
    assert len(set(names)) == len(names)
    for profile in PROFILES.values():
        columns = [column for metric in profile.metrics for column in metric.columns]
        assert len(set(columns)) == len(columns)
        assert set(columns) <= {"fid", "is", "kid", "precision", "recall"}


def test_only_fid_carries_an_error():
    _, sets = case_and_sets("gaussian")
    for profile in (PROFILES["torch-fidelity"], PROFILES["adm"]):
        for metric in profile.metrics:
            if metric.columns != ("kid",):
                errors = {name: estimate.se for name, estimate in metric.compute(sets).items()}
                assert all((error is not None and error > 0) == (name == "fid") for name, error in errors.items())


def test_torch_permutations():
    """What torch 2.15 printed after ``torch.manual_seed(5)``."""
    stream = TorchStream(5)
    assert stream.permutation(12).tolist() == [11, 0, 9, 6, 10, 3, 4, 5, 8, 7, 1, 2]
    assert stream.permutation(7).tolist() == [6, 0, 4, 5, 2, 1, 3]
    assert TorchStream(5).permutation(12, 4).tolist() == [11, 0, 9, 6]
    assert TorchStream(5).permutation(1).tolist() == [0]


def test_subsets_go_on_from_one_another():
    first, second = list(torch_draws(5, 12, 7, 3, 2)), TorchStream(5)
    for a, b in first:
        assert a.tolist() == second.permutation(12)[:3].tolist()
        assert b.tolist() == second.permutation(7)[:3].tolist()
    state = np.random.RandomState(4)
    for a, b in legacy_draws(4, 12, 7, 3, 2):
        assert a.tolist() == state.choice(12, 3, replace=False).tolist()
        assert b.tolist() == state.choice(7, 3, replace=False).tolist()


def test_cuts():
    assert [part.stop - part.start for part in floors(4)(10)] == [2, 3, 2, 3]
    assert [part.stop - part.start for part in chunks(10)(12)] == [2] * 6
    assert [part.stop - part.start for part in runs(5)(12)] == [5, 5, 2]


@pytest.mark.parametrize(
    ("tool", "column", "words"),
    [
        ("torch-fidelity", "kid", "torch-fidelity needs 1000 rows on each side, but one side has 30"),
        ("torchmetrics", "kid", "torchmetrics needs 1000 rows"),
        ("torch-fidelity", "is", "leaves a split without samples"),
    ],
)
def test_what_a_tool_refuses_is_refused(tool, column, words):
    sets = small()
    sets = Sets(sets.reference, sets.fake, sets.logits[:5], sets.seed) if column == "is" else sets
    with pytest.raises(ScoreError, match=words):
        compute(tool, column, sets)


def test_scores_need_what_they_need():
    sets = small()
    with pytest.raises(ScoreError, match="needs logits"):
        compute("adm", "is", Sets(sets.reference, sets.fake))
    with pytest.raises(ScoreError, match="needs 4 rows on each side, but one side has 3"):
        compute("adm", "precision", Sets(sets.reference, sets.fake[:3]))
    with pytest.raises(ScoreError, match="width 4, the reference has 5"):
        compute("clean-fid", "kid", Sets(sets.reference, sets.fake[:, :4]))


def test_seeds_matter_where_a_tool_has_none_of_its_own():
    sets = small()
    other = Sets(sets.reference, sets.fake, sets.logits, seed=4)
    assert compute("clean-fid", "kid", sets) == compute("clean-fid", "kid", sets)
    assert compute("torchmetrics", "is", sets) != compute("torchmetrics", "is", other)
    assert compute("torch-fidelity", "is", sets) == compute("torch-fidelity", "is", other)


def test_a_class_that_underflows_is_no_nan():
    sets = small()
    sets.logits[3] = [500, 0, 0, 0]
    for tool in ("torch-fidelity", "torchmetrics", "stylegan", "adm"):
        assert 1 < compute(tool, "is", sets).value < 4


def test_divisors_and_number_types():
    _, sets = case_and_sets("gaussian")
    narrow = compute("torchmetrics", "fid", sets).value
    assert narrow == float(np.float32(narrow)) == pytest.approx(compute("pytorch-fid", "fid", sets).value, rel=1e-7)
    assert compute("clean-fid", "fid", sets).value == compute("adm", "fid", sets).value
    assert compute("stylegan", "fid", sets).value == pytest.approx(compute("pytorch-fid", "fid", sets).value, rel=2e-3)


def by_definition(real, fake):
    """Precision and recall with k = 3 from exact distances."""

    def inside(probes, centres):
        within = np.linalg.norm(centres[:, None] - centres, axis=2)
        radii = np.sort(within, axis=1)[:, 3]
        return (np.linalg.norm(probes[:, None] - centres, axis=2) <= radii).any(axis=1).mean()

    return inside(fake, real), inside(real, fake)


@pytest.mark.parametrize("tool", ["torch-fidelity", "stylegan", "adm"])
def test_precision_and_recall_are_their_definition_but_for_rounding(tool, monkeypatch):
    sets = small(200, 150, 3, seed=1)
    precision, recall = by_definition(sets.reference.real, sets.fake)
    assert compute(tool, "precision", sets).value == pytest.approx(precision, abs=0.03)
    assert compute(tool, "recall", sets).value == pytest.approx(recall, abs=0.03)
    monkeypatch.setattr(neighbours, "PANEL", 1000)
    monkeypatch.setattr(neighbours, "BLOCK", 60)
    fresh = small(200, 150, 3, seed=1)
    assert compute(tool, "precision", fresh) == compute(tool, "precision", sets)
    assert compute(tool, "recall", fresh) == compute(tool, "recall", sets)


def test_adm_turns_to_float32_where_float16_overflows():
    sets = small(60, 50, 3)
    sets.fake[0] = 1000  # its square is beyond 65504
    sets.reference.real[:] += 1e-4 * np.arange(60)[:, None]
    _, panel = next(iter(neighbours.half_squares(sets.reference.real, sets.fake)))
    assert np.isfinite(panel).all()
    assert panel.max() > np.finfo(np.float16).max
    assert (panel[:, 1:] != panel[:, 1:].astype(np.float16)).mean() > 0.5
    _, panel = next(iter(neighbours.half_squares(sets.reference.real, sets.fake[1:])))
    assert (panel == panel.astype(np.float16)).all()


def test_stylegan_counts_what_overflows_as_far_away():
    sets = small(60, 50, 3)
    sets.fake[0] = 1000
    assert 0 < compute("stylegan", "precision", sets).value < 1


def test_identical_sets():
    sets = small(50, 50)
    same = Sets(sets.reference, sets.reference.real, sets.logits)
    for tool, profile in PROFILES.items():
        assert compute(tool, "fid", same).value == pytest.approx(0, abs=1e-6), profile.name
    for tool in ("torch-fidelity", "stylegan", "adm"):
        assert compute(tool, "precision", same).value == compute(tool, "recall", same).value == 1


def test_the_report_is_of_these_data_sets_and_counts_its_own_table() -> None:
    reports = PEERS.parents[1] / "docs" / "reports"
    page, table = (reports / "parity.md").read_text(), list(csv.DictReader((reports / "parity.csv").open()))
    assert report.data_sets() in page
    counts = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \|", page.partition("## The data sets")[0], re.MULTILINE)
    found = [[row["verdict"] for row in table if row["tool"] == tool] for tool, _, _ in counts]
    assert [(len(words), words.count("equal")) for words in found] == [(int(n), int(equal)) for _, n, equal in counts]
    assert sum(map(len, found)) == len(table)
