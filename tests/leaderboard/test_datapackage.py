"""datapackage.json: a field for every column of every file, whose type every cell has, in the words of Frictionless."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import msgspec
import pandas as pd
import pytest

from ganzoo import registry
from ganzoo.leaderboard import board, datapackage
from ganzoo.leaderboard.datapackage import descriptor, field
from ganzoo.leaderboard.rows import COLUMNS, LONG, MEASURED
from ganzoo.leaderboard.small_csv import header_of
from ganzoo.metrics import builtin_metrics
from ganzoo.training.runs import RunStore
from tests.fakes.boards import seeds, write_runs

SHIPPED = Path(__file__).resolve().parents[2] / "leaderboards"
PARSERS = {"string": str, "integer": int, "number": float, "datetime": datetime.fromisoformat, "any": str}
KINDS = {"integer": "Int64", "number": "float64", "string": "string", "datetime": "string", "any": "string"}


def resources() -> list[dict]:
    return json.loads((SHIPPED / datapackage.FILE).read_text("utf-8"))["resources"]


@pytest.mark.parametrize("name", [*COLUMNS, *LONG, *(f"{name}_ci" for name in MEASURED), "rank", "seeds", "behind"])
def test_every_column_has_a_type_and_a_meaning(name: str) -> None:
    found = field(name)
    assert found["name"] == name
    assert found["type"] in {"string", "integer", "number", "datetime"}
    assert len(found["description"]) > 5


def test_a_column_of_somebody_else_is_any() -> None:
    assert field("my_se")["type"] == field("mine")["type"] == "any"


def test_the_shipped_package_has_every_file_with_its_header() -> None:
    files = {path.name for path in SHIPPED.glob("*.csv")}
    assert {each["path"] for each in resources()} == files
    for each in resources():
        with (SHIPPED / each["path"]).open(encoding="utf-8", newline="") as stream:
            assert [one["name"] for one in each["schema"]["fields"]] == next(csv.reader(stream))


def test_every_cell_of_the_shipped_files_is_of_its_type() -> None:
    for each in resources():
        kinds = {one["name"]: PARSERS[one["type"]] for one in each["schema"]["fields"]}
        with (SHIPPED / each["path"]).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                for name, cell in row.items():
                    if cell not in each["schema"]["missingValues"]:
                        kinds[name](cell)


def test_pandas_reads_an_empty_column_as_what_it_is() -> None:
    """Of the points no row has an inception score: a column of numbers all the same, and notes are texts."""
    each = next(one for one in resources() if one["path"] == "ring.csv")
    kinds = {one["name"]: KINDS[one["type"]] for one in each["schema"]["fields"]}
    table = pd.read_csv(SHIPPED / "ring.csv", dtype=kinds)
    assert table["is"].isna().all()
    assert table["is"].dtype == "float64"
    assert table["behind"].dtype == "string"
    assert table["rank"].dtype == "Int64"


def test_the_form_is_that_of_a_tabular_data_package() -> None:
    package = msgspec.json.decode(descriptor([("runs.csv", ["variant", "fid", "mine"]), ("my_data.csv", ["rank"])]))
    assert package["profile"] == "tabular-data-package"
    assert [each["name"] for each in package["resources"]] == ["runs", "my-data"]
    assert [one["type"] for one in package["resources"][0]["schema"]["fields"]] == ["string", "number", "any"]
    assert descriptor([("runs.csv", ["fid"])]) == descriptor([("runs.csv", ["fid"])])


def test_a_bench_describes_the_numbers_in_print_that_lie_beside_its_boards(tmp_path: Path) -> None:
    folder = write_runs(tmp_path / "boards", seeds("a", [1.0, 2.0]))
    (folder / "published.csv").write_text("table,printed\n")
    board.write(RunStore(tmp_path / "runs"), folder, registry.load())
    found = {each["path"]: each for each in json.loads((folder / datapackage.FILE).read_text())["resources"]}
    assert [one["type"] for one in found["published.csv"]["schema"]["fields"]] == ["string", "string"]
    assert "runs.csv" in found


@pytest.mark.parametrize("content", [b"", b"\xff\xfe"])
def test_a_file_without_a_header_has_no_fields(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    assert header_of(tmp_path / "x.csv") == []


WHOLE = """{
 "name": "ganzoo-leaderboards",
 "title": "Generative models on one board, scored by one harness",
 "profile": "tabular-data-package",
 "resources": [
  {
   "name": "my-data",
   "path": "my_data.csv",
   "profile": "tabular-data-resource",
   "encoding": "utf-8",
   "schema": {
    "fields": [
     {
      "name": "coverage",
      "type": "number",
      "description": "SUMMARY"
     }
    ],
    "missingValues": [
     ""
    ]
   }
  }
 ]
}
"""


def test_the_file_word_for_word() -> None:
    """Programs look for these keys, and people read the file in a diff."""
    (summary,) = (metric.summary for metric in builtin_metrics() if "coverage" in metric.columns)
    assert descriptor([("my_data.csv", ["coverage"])]).decode() == WHOLE.replace("SUMMARY", summary)
