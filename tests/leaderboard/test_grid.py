"""What the options of a grid mean, what its cells are called, and what is refused before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
from nasty import NASTY

import ganzoo
from ganzoo.errors import OptionError, PluginError, UnknownName, UsageError
from ganzoo.leaderboard import grid
from ganzoo.leaderboard.grid import PLAIN, Setting
from ganzoo.leaderboard.jobs import Job
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.training.runs import REAL
from ganzoo.types import DataSpec, Variant


class Options(ganzoo.Options):
    steps: Annotated[int, ganzoo.option("updates", ge=1)] = 10
    lr: Annotated[float, ganzoo.option("rate", gt=0)] = 0.5
    ema: Annotated[bool, ganzoo.option("average")] = False
    loss: Annotated[Literal["hinge", "log"], ganzoo.option("the loss")] = "log"
    name: str = ""
    start: Annotated[str, ganzoo.option("weights", file=True)] = ""

    def __post_init__(self) -> None:
        if self.loss == "hinge" and self.steps < 5:
            raise ValueError("hinge needs 5 steps")


TOY = Variant(
    name="toy",
    backend="numpy",
    summary="s",
    paper="p",
    options=Options,
    facts=ganzoo.Facts(loss="l", optimiser="o", update_order="u"),
)


def test_lists_of_values() -> None:
    assert grid.parse_grid(["lr=1e-3, 0.1", " loss = hinge,log", "name=a=b,,c"]) == {
        "lr": ["1e-3", "0.1"],
        "loss": ["hinge", "log"],
        "name": ["a=b", "", "c"],
    }
    assert grid.parse_grid([]) == {}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lr"], "--grid takes name=value,value, but 'lr' was given."),
        (["=1,2"], "--grid takes name=value,value, but '=1,2' was given."),
        (["lr="], "--grid lr= has no values."),
        (["lr= "], "--grid lr= has no values."),
        (["lr=1"], "--grid lr= has one value alone."),
        (["lr=1,2", "ema=1,0", "lr=3,4"], "Option lr was given to --grid twice."),
    ],
)
def test_what_is_no_grid(words: list[str], sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        grid.parse_grid(words)
    assert caught.value.message == sentence
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_every_combination_once_with_what_is_fixed() -> None:
    found = grid.combinations({"a": ["1", "2"], "b": ["x", "y"]}, {"c": "3"})
    assert [" ".join(f"{k}{v}" for k, v in each.items()) for each in found] == [
        *("a1 bx c3", "a1 by c3", "a2 bx c3", "a2 by c3")
    ]
    assert grid.combinations({}, {}) == [{}]
    assert grid.combinations({}, {"c": "3"}) == [{"c": "3"}]


def test_an_option_in_both_and_a_grid_without_end() -> None:
    with pytest.raises(OptionError, match=r"Option a was given to both --grid and --set\."):
        grid.combinations({"a": ["1", "2"]}, {"b": "1", "a": "1"})
    ten = [str(i) for i in range(10)]
    assert len(grid.combinations(dict.fromkeys("abc", ten), {})) == 1000
    with pytest.raises(OptionError, match=r"This grid has 10000000000 cells, and 1000 are the most\."):
        grid.combinations(dict.fromkeys("abcdefghij", ten), {})


def test_labels_are_in_the_order_given_and_say_values_as_they_are_read() -> None:
    cells = [{"loss": "hinge", "lr": "1e-3"}, {"loss": "log", "lr": "2.50"}, {}, {"ema": "1", "lr": "3", "steps": "7"}]
    assert grid.settings(TOY, cells) == [
        Setting("loss=hinge lr=0.001", cells[0]),
        Setting("loss=log lr=2.5", cells[1]),
        PLAIN,
        Setting("ema=true lr=3 steps=7", cells[3]),
    ]
    assert [each.label for each in grid.settings(TOY, [{"start": "~/a.npz"}])] == ["start=~/a.npz"]


def test_a_value_is_looked_at_alone() -> None:
    """Whether hinge has its steps depends on the recipe, too."""
    assert grid.settings(TOY, [{"loss": "hinge", "steps": "2"}])[0].label == "loss=hinge steps=2"


@pytest.mark.parametrize(
    ("cells", "error", "sentence"),
    [
        ([{"lrr": "1"}], UnknownName, "Unknown option of toy 'lrr'. Did you mean 'lr'?"),
        ([{"lr": "1"}, {"lr": "0"}], OptionError, "Option lr=0 of toy is not valid"),
        ([{"lr": "1"}, {"lr": "2"}, {"lr": "1.0"}], OptionError, "--grid has the cell 'lr=1' twice."),
    ],
)
def test_cells_that_are_none(cells: list[dict[str, str]], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        grid.settings(TOY, cells)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("a/b:c~+-_.1", "a/b:c~+-_.1"),
        ("grün", "grün"),
        ("", '""'),
        ("a b", '"a b"'),
        ("a=b", '"a=b"'),
        ("a,b", '"a,b"'),
        ('"', '"\\""'),
        ("\x1b[31m\n", '"\\u001b[31m\\n"'),
        ("\u202ex", '"\\u202ex"'),
        (True, "true"),
        (False, "false"),
        (10, "10"),
        (1.0, "1"),
        (10.05, "10.05"),
        (1e-05, "1e-05"),
        (-0.0, "-0"),
    ],
)
def test_a_value_is_one_word(value: Any, text: str) -> None:
    assert grid.shown(value) == text


def test_no_two_cells_have_one_label() -> None:
    """Be the values what they may: a label that two cells share would hide one of them."""
    texts = [*NASTY, "x", "x name=y", "x\\u001b", "x\x1b", '"x"', "x y", "x  y"]
    values = list(dict.fromkeys(text.strip() for text in texts))
    labels = [each.label for each in grid.settings(TOY, [{"name": value} for value in values])]
    assert len(set(labels)) == len(values)
    assert all(" " not in label or label.startswith('name="') for label in labels)
    assert all(label.isprintable() for label in labels)
    assert (
        grid.settings(TOY, [{"name": "x", "start": "y"}])[0].label
        != grid.settings(TOY, [{"name": "x start=y"}])[0].label
    )


Cells = Callable[..., str]


@pytest.fixture
def refusal(fake_zoo: Zoo, catalogue: Registry) -> Cells:
    """Why a bench of choosy with these cells is refused."""

    def refuse(*cells: dict[str, str], **changes: Any) -> str:
        job = Job(variant="choosy", dataset="digits", seed=0)
        found = grid.settings(fake_zoo.load("choosy").variant, cells)
        jobs = [msgspec.structs.replace(job, cell=each.label, options=each.options, **changes) for each in found]
        jobs = [msgspec.structs.replace(job, variant=REAL), *jobs, *(msgspec.structs.replace(j, seed=1) for j in jobs)]
        try:
            grid.require_trainable_cells(fake_zoo, catalogue, jobs)
        except UsageError as error:
            assert error.exit_code == 2
            return error.message
        return ""

    return refuse


BOLD, MAD = {"pace": "bold", "lr": "0.9"}, {"pace": "mad"}


def test_what_a_plugin_refuses_is_named_with_its_cell(refusal: Cells) -> None:
    assert refusal({}, {"pace": "bold"}, {"pace": "mad", "steps": "5"}) == ""
    assert refusal({}, BOLD) == (
        "1 cell of 2 cannot be trained: choosy pace=bold lr=0.9 on digits: pace=bold needs lr of at most 0.5, not 0.9."
    )
    assert refusal(MAD, BOLD) == (
        "2 cells of 2 cannot be trained: choosy pace=mad on digits: These options of choosy do not go together: "
        "pace=mad takes at most 20 steps, not 40; choosy pace=bold lr=0.9 on digits: pace=bold needs lr of at most "
        "0.5, not 0.9."
    )
    many = refusal(*(BOLD | {"steps": str(i)} for i in range(1, 8)))
    assert many.startswith("7 cells of 7 cannot be trained: ")
    assert many.endswith(" steps=5 on digits: pace=bold needs lr of at most 0.5, not 0.9; and 2 more.")
    five = refusal(*(BOLD | {"steps": str(i)} for i in range(1, 6)))
    assert five.endswith("steps=5 on digits: pace=bold needs lr of at most 0.5, not 0.9.")


def test_a_file_that_is_not_there_is_refused(zoo: Zoo, catalogue: Registry, tmp_path: Path) -> None:
    class Only(Zoo):
        def load(self, name: str) -> Any:
            loaded = zoo.load("gaussian")
            return type(loaded)(msgspec.structs.replace(TOY, name=name), loaded.origin, lambda hook, given: None)

    job = Job(variant="toy", dataset="digits", seed=0, cell="start=nowhere", options={"start": str(tmp_path / "no")})
    with pytest.raises(
        UsageError, match=r"1 cell of 1 cannot be trained: toy start=nowhere on digits: .*cannot be read"
    ):
        grid.require_trainable_cells(Only(), catalogue, [job])


def test_what_is_no_fault_of_the_request_is_left_to_the_workers(
    refusal: Cells, fake_zoo: Zoo, catalogue: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a row with its reason, and hurts no other cell."""
    assert refusal(BOLD, dataset="npz:gone.npz") == "", "data that are not there"
    assert refusal(BOLD, dataset="ring") == "", "data of another kind"
    assert refusal(BOLD, variant="unheard-of") == ""
    wrong = grid.resolve
    monkeypatch.setattr(grid, "resolve", lambda *args, owner: wrong(args[0], {"steps": 0}, owner=owner))
    assert refusal({}) == "", "a recipe that is wrong"
    assert "Option steps=0 of choosy is not valid" in refusal({"lr": "0.1"})
    monkeypatch.undo()

    def broken(self: Any, options: Any, data: DataSpec) -> str:
        raise PluginError("it is broken")

    monkeypatch.setattr(type(fake_zoo.load("choosy")), "validate", broken)
    assert refusal(BOLD) == ""


def test_data_are_looked_at_once_and_for_plugins_that_ask(
    refusal: Cells, zoo: Zoo, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    spec = DataSpec(name="digits", kind="image", shape=(3, 8, 8), classes=10)
    monkeypatch.setattr(grid, "_spec_of", lambda zoo, *data: asked.append(data) or spec)
    assert refusal({"pace": "bold"}, MAD | {"steps": "4"}) == (
        "1 cell of 2 cannot be trained: choosy pace=mad steps=4 on digits: pace=mad takes grey images alone."
    )
    assert asked == [("digits", None)]
    assert refusal(MAD | {"steps": "4"}, data_dir="/there", dataset="grey") != ""
    assert asked[1:] == [("grey", "/there")]
    grid.require_trainable_cells(zoo, catalogue, [Job(variant="gaussian", dataset="digits", seed=0)])
    assert len(asked) == 2


def test_a_quick_bench_is_held_against_the_quick_recipe(refusal: Cells, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = {False: {"lr": 0.9}, True: {"lr": 0.1}}
    monkeypatch.setattr(Registry, "recipe_options", lambda self, variant, dataset, quick: recipe[quick])
    assert "choosy pace=bold on digits" in refusal({"pace": "bold"})
    assert refusal({"pace": "bold"}, quick=True) == ""
