from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

import ganzoo
from ganzoo.errors import OptionError, UnknownName
from ganzoo.options import as_dict, content_hash, explain, parse_assignments, resolve
from ganzoo.training.runs import file_hashes


class Toy(ganzoo.Options):
    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 10
    lr: Annotated[float, ganzoo.option("learning rate", gt=0, le=1)] = 0.5
    scale: float = 1.0
    ema: Annotated[bool, ganzoo.option("keep an average")] = True
    loss: Annotated[Literal["minimax", "hinge"], ganzoo.option("the loss")] = "minimax"


def test_strings_become_the_declared_types() -> None:
    given = {"steps": "3", "lr": "1e-3", "ema": "false", "loss": "hinge"}
    assert as_dict(resolve(Toy, given, owner="toy")) == {
        "steps": 3,
        "lr": 0.001,
        "scale": 1.0,
        "ema": False,
        "loss": "hinge",
    }


def test_later_layers_win() -> None:
    assert resolve(Toy, {"steps": 1, "lr": 0.1}, {"steps": "2"}, owner="toy") == Toy(steps=2, lr=0.1)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("steps", "0", "int ≥ 1"),
        ("steps", "2.5", "int ≥ 1"),
        ("steps", "many", "int ≥ 1"),
        ("lr", "0", "float > 0, ≤ 1"),
        ("lr", 1.5, "float > 0, ≤ 1"),
        ("lr", "nan", "float > 0, ≤ 1"),
        ("scale", "nan", "finite"),
        ("scale", "inf", "finite"),
        ("ema", "maybe", "bool"),
        ("loss", "wgan", "minimax | hinge"),
    ],
)
def test_a_bad_value_names_option_owner_and_range(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(OptionError) as caught:
        resolve(Toy, {name: value}, owner="toy")
    assert f"{name}={value} of toy" in str(caught.value)
    assert wanted in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_option_says_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"Unknown option of toy 'step'\. Did you mean 'steps'\?.*ganzoo info toy"):
        resolve(Toy, {"step": 3}, owner="toy")


def test_assignments() -> None:
    assert parse_assignments(["a=1", " b = x=y ", "a=2", "c="]) == {"a": "2", "b": "x=y", "c": ""}


@pytest.mark.parametrize("word", ["steps", "=3", " =3"])
def test_an_assignment_without_name_or_sign_is_refused(word: str) -> None:
    with pytest.raises(OptionError, match="name=value"):
        parse_assignments([word])


def test_explain_keeps_order_and_prints_ranges() -> None:
    rows = [(info.name, info.type, info.default, info.range, info.help) for info in explain(Toy)]
    assert rows == [
        ("steps", "int", 10, "≥ 1", "generator updates"),
        ("lr", "float", 0.5, "> 0, ≤ 1", "learning rate"),
        ("scale", "float", 1.0, "", ""),
        ("ema", "bool", True, "", "keep an average"),
        ("loss", "choice", "minimax", "minimax | hinge", "the loss"),
    ]


def test_options_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Toy().steps = 3  # type: ignore[misc]


def test_content_hash_depends_on_content_alone() -> None:
    assert content_hash({"a": 1, "b": [2.0]}) == content_hash({"b": [2.0], "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 2})
    assert content_hash({"steps": 3}) == "545356d813e3"  # pinned: run keys and protocols in the wild depend on it


class Pair(ganzoo.Options):
    low: Annotated[int, ganzoo.option("the lower", ge=0)] = 1
    high: Annotated[int, ganzoo.option("the higher", ge=0)] = 5

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low={self.low} is above\nhigh={self.high}.")


def test_values_that_do_not_go_together_are_one_sentence() -> None:
    with pytest.raises(OptionError) as caught:
        resolve(Pair, {"low": "3"}, {"high": 2}, owner="toy")
    assert caught.value.message == "These options of toy do not go together: low=3 is above high=2."
    assert caught.value.exit_code == 2


def test_values_are_looked_at_together_and_not_one_by_one() -> None:
    """low=7 alone would be above the default of high."""
    assert resolve(Pair, {"low": 7, "high": "9"}, owner="toy") == Pair(low=7, high=9)
    with pytest.raises(OptionError, match=r"Option high=-1 of toy is not valid \(Expected `int` >= 0\)"):
        resolve(Pair, {"low": 7, "high": -1}, owner="toy")


class WithFile(ganzoo.Options):
    start: Annotated[str, ganzoo.option("weights to start from", file=True)] = ""
    name: str = "start"


def test_an_option_that_names_a_file_is_told_by_its_content(tmp_path: Path) -> None:
    assert [(info.name, info.type) for info in explain(WithFile)] == [("start", "file"), ("name", "str")]
    assert file_hashes(WithFile(), owner="toy") == {}
    (tmp_path / "a").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2's example
    assert file_hashes(WithFile(start=str(tmp_path / "a")), owner="toy") == {"start": digest}


@pytest.mark.parametrize("name", ["missing", ".", "a/b", "nul\0", "x" * 300])
def test_a_file_that_cannot_be_read_is_named_with_its_option(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    path = str(tmp_path / name)
    with pytest.raises(OptionError) as caught:
        file_hashes(WithFile(start=path), owner="toy")
    assert f"start={path} of toy cannot be read" in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_tilde_in_an_option_that_names_a_file_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a").write_bytes(b"x")
    found = resolve(WithFile, {"start": "~/a", "name": "~/a"}, owner="toy")
    assert (found.start, found.name) == (str(tmp_path / "a"), "~/a")
    assert set(file_hashes(found, owner="toy")) == {"start"}


def test_only_a_string_can_name_a_file() -> None:
    class Wrong(ganzoo.Options):
        start: Annotated[int, ganzoo.option("weights", file=True)] = 0

    with pytest.raises(TypeError, match="start has file=True, which is for str"):
        explain(Wrong)
