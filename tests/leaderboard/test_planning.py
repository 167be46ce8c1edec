"""Which recipes a bench runs, and in which order."""

from __future__ import annotations

import msgspec

from ganzoo import registry
from ganzoo.leaderboard import planning
from ganzoo.leaderboard.grid import Setting
from ganzoo.leaderboard.jobs import Job, variant_of
from ganzoo.plugin.manager import Zoo
from ganzoo.training.runs import REAL

BOOK = """
api = 1
[datasets.digits]
extractor = "digits"
[datasets.ring]
extractor = "points"
[datasets.mnist]
extractor = "mnist"
bench = false
[variants.a]
package = "p"
[variants.a.recipes.digits]
[variants.a.recipes.mnist]
[variants.a.recipes.ring]
bench = false
[variants.b]
package = "p"
[variants.b.recipes.digits]
[variants.b.recipes.ring]
"""


def test_cells_are_the_recipes_that_take_part() -> None:
    book = registry.parse(BOOK, "here")
    assert planning.bench_datasets(book) == ["digits", "ring"]
    assert planning.cells(book, ["a", "b"], ["digits", "ring"]) == [("a", "digits"), ("b", "digits"), ("b", "ring")]
    assert planning.cells(book, ["a"], ["mnist"]) == [("a", "mnist")]
    assert planning.cells(book, ["other"], ["digits"]) == []


def test_the_core_is_a_part_of_the_bench() -> None:
    """bench = false keeps out of both, whatever is said of the core."""
    book = registry.parse(
        BOOK.replace('"points"', '"points"\ncore = false').replace(
            "a.recipes.digits]", "a.recipes.digits]\ncore = false"
        ),
        "here",
    )
    assert planning.bench_datasets(book, core=True) == ["digits"]
    assert planning.bench_datasets(book) == ["digits", "ring"]
    assert planning.cells(book, ["a", "b"], ["digits", "ring"], core=True) == [("b", "digits"), ("b", "ring")]
    assert len(planning.cells(book, ["a", "b"], ["digits", "ring"])) == 3


def test_a_variant_without_any_recipe_runs_on_the_dataset_of_its_kind(zoo: Zoo) -> None:
    book = registry.parse(BOOK + '[variants.empty]\npackage = "p"\n', "here")
    known = zoo.load("gaussian").variant
    asked = {"a": ("image",), "empty": ("points", "image"), "new": ("image", "points"), "points-only": ("points",)}
    variants = [msgspec.structs.replace(known, name=name, takes=takes) for name, takes in asked.items()]
    assert planning.default_cells(book, variants) == [("empty", "digits"), ("new", "digits"), ("points-only", "ring")]


def test_a_plan_puts_floors_first_and_goes_seed_by_seed() -> None:
    template = Job(variant="", dataset="", seed=0, quick=True, runs="/r", data_dir="/d", device="cpu", registry="/x")
    plan = planning.plan([("a", "digits"), ("b", "ring")], [0, 1], template)
    assert [(job.variant, job.dataset, job.seed) for job in plan] == [
        (REAL, "digits", 0),
        (REAL, "ring", 0),
        ("a", "digits", 0),
        ("b", "ring", 0),
        ("a", "digits", 1),
        ("b", "ring", 1),
    ]
    assert all((job.quick, job.runs, job.data_dir, job.registry) == (True, "/r", "/d", "/x") for job in plan)
    assert plan[3].label == "b ring seed 0"


def test_a_plan_has_a_job_for_each_setting_of_a_variant() -> None:
    settings = {"a": [Setting("lr=1", {"lr": "1"}), Setting("lr=2", {"lr": "2.0"})]}
    template = Job(variant="", dataset="", seed=0)
    plan = planning.plan([("a", "digits"), ("b", "digits")], [0, 1], template, settings)
    assert [job.label for job in plan] == [
        "real digits seed 0",
        *("a lr=1 digits seed 0", "a lr=2 digits seed 0", "b digits seed 0"),
        *("a lr=1 digits seed 1", "a lr=2 digits seed 1", "b digits seed 1"),
    ]
    assert [(job.name, job.cell, job.options) for job in plan[:4]] == [
        ("real", "", {}),
        ("a lr=1", "lr=1", {"lr": "1"}),
        ("a lr=2", "lr=2", {"lr": "2.0"}),
        ("b", "", {}),
    ]
    assert [variant_of(job.name) for job in plan[:4]] == ["real", "a", "a", "b"]
