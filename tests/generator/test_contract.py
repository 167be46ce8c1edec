"""The contract is said once in code, and docs/onnx.md says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import graphs
import onnx
import pytest
from onnx import TensorProto

from ganzoo.errors import ModelError
from ganzoo.generator import contract
from ganzoo.types import DataSpec, LatentSpec

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "onnx.md").read_text("utf-8")
LATENT = LatentSpec(z_dim=4, classes=3, categorical=2, continuous=1)


def table(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading, without its header."""
    lines = PAGE.split(heading, 1)[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_the_page_has_these_inputs_and_types() -> None:
    names = {TensorProto.FLOAT: "float32", TensorProto.INT64: "int64"}
    assert {row[0]: row[1] for row in table("## Inputs and output")} == {
        f"`{name}`": names[kind] for name, kind in contract.DTYPES.items()
    }
    assert tuple(LATENT.names) == ("z", "y", "c"), "every input that a specification can have is in the table"


def test_the_page_has_these_fields() -> None:
    rows = table("## Metadata")
    assert re.findall(r"`(\w+)`", " ".join(row[0] for row in rows)) == list(contract.GeneratorInfo.__struct_fields__)
    assert next(row for row in rows if row[0] == "`format`")[1] == f"`{contract.FORMAT}`"
    assert f"hold one key, `{contract.METADATA_KEY}`" in PAGE


def test_the_page_has_these_limits() -> None:
    limits = {row[0]: row[1] for row in table("## What is refused")}
    told = [float(found) for limit in limits.values() for found in re.findall(r"at most ([\d.e-]+)", limit)]
    assert told == [contract.PARITY_LIMIT] * 3
    assert contract.MOST_OUTSIDE == 0.1
    assert "more than a tenth" in PAGE


def test_metadata_survive_the_file() -> None:
    info = contract.describe("v", graphs.IMAGES, LATENT, backend="numpy", options={"steps": 3}, seed=7)
    model = onnx.ModelProto()
    contract.put_info(model, info)
    (entry,) = model.metadata_props
    assert json.loads(entry.value)["latent"]["classes"] == 3
    assert contract.read_info({entry.key: entry.value}, ["z", "c", "y"], ["x", "more"], name="f") == info
    assert info.value_range == (-1.0, 1.0)
    points = DataSpec(name="p", kind="points", shape=(2,))
    assert contract.describe("v", points, LATENT, backend="numpy").value_range is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "of format 2; this ganzoo reads 1"),
        ({"seed": "x"}, "damaged ganzoo metadata"),
        ({"latent": {"z_dim": 4}}, r"takes \['c', 'y', 'z'\] and gives \['x'\]; by its metadata it takes \['z'\]"),
    ],
)
def test_metadata_that_do_not_fit(change: dict[str, object], sentence: str) -> None:
    model = onnx.ModelProto()
    contract.put_info(model, contract.describe("v", graphs.IMAGES, LATENT, backend="numpy"))
    value = json.dumps(json.loads(model.metadata_props[0].value) | change)
    with pytest.raises(ModelError, match=sentence):
        contract.read_info({contract.METADATA_KEY: value}, ["z", "y", "c"], ["x"], name="f")
