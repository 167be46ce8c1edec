"""published.toml: the packaged file fits the zoo, and what is wrong with another one is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import api
from ganzoo.errors import RegistryError, UnknownName, UsageError
from ganzoo.options import resolve
from ganzoo.plugin.compatibility import require_trainable
from ganzoo.plugin.manager import Zoo
from ganzoo.published.measures import require_measurable
from ganzoo.published.planning import Cell
from ganzoo.published.tables import Published, budget_of, load, parse, printed

ROOT = Path(__file__).resolve().parents[2]
TABLE = """
api = 1
[tables.one]
paper = "A paper"
place = "Table 1"
data = "ring"
protocol = "Points."
measure = "mixture"
n = 100
steps = 1000
not_small = "it is none"
[tables.one.quantities]
modes = { label = "modes", number = "modes" }
[[tables.one.rows]]
name = "A"
variant = "a"
numbers = { modes = "7.5 ± 0.5" }
"""


@pytest.fixture(scope="module")
def packaged() -> Published:
    return load(ROOT / "published.toml")


def test_a_number_in_print_has_a_value_an_error_and_a_last_digit() -> None:
    found = printed("98.2 ± 0.25")
    assert (found.value, found.error, found.half_unit) == (98.2, 0.25, pytest.approx(0.05))
    assert (printed("5").value, printed("5").error, printed("5").half_unit) == (5.0, None, 0.5)
    assert printed("0.0781").half_unit == pytest.approx(0.00005)
    assert printed("-3").value == -3.0


@pytest.mark.parametrize("text", ["", "fail", "6.3±0.5", "6.3 +- 0.5", "6.3 ± ", "1e3", "nan"])
def test_what_is_no_number_in_print(text: str) -> None:
    with pytest.raises(ValueError, match="no number in print"):
        printed(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "nan", "inf", "much", ""])
def test_a_budget_is_above_nothing_and_at_most_the_whole(text: str) -> None:
    with pytest.raises(UsageError, match="--budget takes a part"):
        budget_of(text)


def test_budgets() -> None:
    assert (budget_of("1"), budget_of("0.1"), budget_of("small")) == (1.0, 0.1, None)


def test_the_file_given_wins_over_that_of_the_folder_and_that_over_the_packaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "pacgan-ring" in load().tables
    (tmp_path / "published.toml").write_text(TABLE)
    assert list(load().tables) == ["one"]
    (tmp_path / "other.toml").write_text(TABLE.replace("tables.one", "tables.two"))
    assert list(load(tmp_path / "other.toml").tables) == ["two"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("n = 100", "m = 100", "Object contains unknown field `m` at 'tables[...]'"),
        ('measure = "mixture"', 'measure = "eye"', "Invalid enum value 'eye' at 'tables[...].measure'"),
        ("steps = 1000", "steps = 0", "Expected `int` >= 1 at 'tables[...].steps'"),
        ('modes = "7.5 ± 0.5"', 'hq = "7.5"', "row 'A' has a number 'hq', which is none of the quantities"),
        ('"7.5 ± 0.5"', '"many"', "row 'A': 'many' is no number in print"),
        ('not_small = "it is none"', "", "it has neither 'small' nor the reason 'not_small'"),
        ('not_small = "it is none"', "small = { budget = 2.0, seeds = 1 }", "Expected `float` <= 1.0"),
        ('not_small = "it is none"', "small = { budget = 0.0, seeds = 1 }", "Expected `float` > 0.0"),
        ('variant = "a"', 'variant = "a"\noptions = { steps = 3 }', "row 'A' sets 'steps'"),
        ("api = 1", "api = 2", "Invalid enum value 2 at 'api'"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, sentence: str) -> None:
    assert TABLE.count(old) == 1
    with pytest.raises(RegistryError) as caught:
        parse(TABLE.replace(old, new), "mine.toml")
    assert "mine.toml is not a valid list of published tables" in caught.value.message
    assert sentence in caught.value.message


def test_two_rows_of_one_name_and_tables_of_none() -> None:
    row = TABLE[TABLE.index("[[tables") :]
    with pytest.raises(RegistryError, match="there are two rows 'A'"):
        parse(TABLE + row, "mine.toml")
    with pytest.raises(RegistryError, match="no name"):
        parse(TABLE.replace("tables.one", 'tables."a b"'), "mine.toml")


def test_names_that_are_not_there(packaged: Published) -> None:
    with pytest.raises(UnknownName, match="pacgan-ring"):
        packaged.table("pacgan-rink")
    with pytest.raises(UnknownName, match="PacGAN2"):
        packaged.table("pacgan-ring").row("PacGAN5")


def test_what_the_mission_asks_for_is_in_the_packaged_file(packaged: Published) -> None:
    rows = {f"{name}/{row.name}": row.numbers for name, table in packaged.tables.items() for row in table.rows}
    assert rows["pacgan-ring/GAN"] == {"modes": "6.3 ± 0.5", "hq": "98.2 ± 0.2", "kl": "0.45 ± 0.09"}
    assert rows["salimans-mnist/100 labels"] == {"errors": "93 ± 6.5"}
    assert rows["infogan-mnist/InfoGAN"] == {"error": "5"}
    assert rows["r3gan-stacked/GAN + R1 + R2"] == {"modes": "693", "kl": "0.9270"}
    assert sum(table.small is not None for table in packaged.tables.values()) >= 6


POINTS = ("ring", "ring-7", "grid", "8gaussians", "25gaussians", "swissroll")


@pytest.mark.parametrize("name", sorted(load(ROOT / "published.toml").tables))
def test_every_row_of_points_can_be_trained_and_measured(name: str, packaged: Published) -> None:
    """Rows of images need the files of MNIST; their options are resolved all the same."""
    installed = Zoo.discover()
    table = packaged.table(name)
    for row in table.rows:
        plugin = installed.load(row.variant)
        cell = Cell(name, table, row, 1.0, ())
        options = resolve(plugin.variant.options, cell.options, owner=row.variant)
        assert options.steps == table.steps  # type: ignore[attr-defined]
        if table.data in POINTS:
            data = api.dataset(table.data, zoo=installed)
            require_trainable(plugin, options, data.spec)
            require_measurable(table, plugin.variant, data)
        elif table.measure == "reported":
            assert {each.number for each in table.quantities.values()} <= {each.name for each in plugin.variant.reports}
