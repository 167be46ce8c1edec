"""The contract is said once in code, and docs/onnx.md says the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import graphs
import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto

from ganzoo import latents
from ganzoo.data.base import quantise
from ganzoo.errors import ModelError
from ganzoo.generator import contract
from ganzoo.types import DataSpec, LatentSpec

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "onnx.md").read_text("utf-8")
LATENT = LatentSpec(z_dim=4, classes=3, categorical=2, continuous=1, noise=(2, 8, 8))
NAMES = ["z", "y", "c", "noise"]


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
    assert list(LATENT.names) == NAMES, "every input that a specification can have is in the table"


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
    assert contract.read_info({entry.key: entry.value}, reversed(NAMES), ["x", "more"], name="f") == info
    assert info.value_range == (-1.0, 1.0)
    points = DataSpec(name="p", kind="points", shape=(2,))
    assert contract.describe("v", points, LATENT, backend="numpy").value_range is None


def test_metadata_without_class_names_are_read_as_before() -> None:
    info = contract.describe("v", graphs.IMAGES, LATENT, backend="numpy", class_names=("a", "b", "c"))
    value = msgspec.to_builtins(info)
    del value["class_names"]
    older = contract.read_info({contract.METADATA_KEY: json.dumps(value)}, NAMES, ["x"], name="f")
    assert older == msgspec.structs.replace(info, class_names=())
    assert contract.sidecar(info)["class_names"] == ("a", "b", "c")


def test_metadata_speak_of_noise_where_there_is_some_alone() -> None:
    """Files without noise are those of versions that knew none, to the bit."""
    plain = contract.describe("v", graphs.IMAGES, LatentSpec(z_dim=4), backend="numpy")
    model = onnx.ModelProto()
    contract.put_info(model, plain)
    value = json.loads(model.metadata_props[0].value)
    known = {"z_dim": 4, "law": "normal", "classes": 0, "categorical": 0, "continuous": 0}
    assert value["latent"] == contract.sidecar(plain)["latent"] == known
    assert contract.read_info({contract.METADATA_KEY: json.dumps(value)}, ["z"], ["x"], name="f") == plain
    noisy = contract.describe("v", graphs.IMAGES, LATENT, backend="numpy")
    assert contract.sidecar(noisy)["latent"]["noise"] == (2, 8, 8)


def test_the_sidecar_says_what_latents_are_drawn_as() -> None:
    said = contract.sidecar(contract.describe("v", graphs.IMAGES, LATENT, backend="numpy"))
    drawn = latents.samples(LATENT, 0, 0, 500)
    assert [each["name"] for each in said["inputs"]] == list(drawn)
    for each in said["inputs"]:
        values = drawn[each["name"]]
        assert each["dtype"] == str(values.dtype)
        assert each["shape"][1:] == list(values.shape[1:])
    _, y, c, noise = said["inputs"]
    assert (noise["law"], noise["range"], noise["shape"]) == ("normal", None, ["N", 2, 8, 8])
    assert y["range"] == [drawn["y"].min(), drawn["y"].max()] == [0, 2]
    onehot, uniform = (drawn["c"][:, slice(*part["columns"])] for part in c["parts"])
    assert [part["law"] for part in c["parts"]] == ["onehot", "uniform"]
    assert (onehot.sum(axis=1) == 1).all()
    assert uniform.shape == (500, 1)
    assert [part["range"] for part in c["parts"]] == [[0, 1], [-1, 1]]
    assert json.loads(json.dumps(said))["latent"]["z_dim"] == 4


def test_the_sidecar_says_what_comes_out() -> None:
    info = contract.describe("v", graphs.IMAGES, LatentSpec(z_dim=4, law="uniform"), backend="numpy")
    said = contract.sidecar(info)
    assert said["output"]["shape"] == ["N", 1, 8, 8]
    x = np.linspace(-1.1, 1.1, 999, dtype=np.float32)
    names = {"clip": np.clip, "round": np.rint, "x": x}
    made = eval(said["output"]["pixels"].removeprefix("uint8 = "), names)
    np.testing.assert_array_equal(made.astype(np.uint8), quantise(x))
    assert said["inputs"] == [
        {"name": "z", "dtype": "float32", "shape": ["N", 4], "law": "uniform", "range": [-1.0, 1.0]}
    ]
    points = contract.sidecar(contract.describe("v", graphs.POINTS, LatentSpec(z_dim=4), backend="numpy"))
    assert (points["inputs"][0]["law"], points["inputs"][0]["range"]) == ("normal", None)
    assert [points["output"][key] for key in ("layout", "range", "pixels")] == [None] * 3
    coded = contract.sidecar(contract.describe("v", graphs.POINTS, LatentSpec(z_dim=4, continuous=2), backend="numpy"))
    assert [part["columns"] for part in coded["inputs"][1]["parts"]] == [[0, 2]]


def test_the_page_has_the_sidecars_fields() -> None:
    said = contract.sidecar(contract.describe("v", graphs.IMAGES, LATENT, backend="numpy"))
    rows = {row[0]: row[1] for row in table("### Beside the file")}
    keys = {key for each in said["inputs"] for key in each}
    assert set(re.findall(r"`(\w+)`", rows["`inputs`"])) >= keys
    assert set(re.findall(r"`(\w+)`", rows["`output`"])) >= set(said["output"])
    assert contract.PIXELS in PAGE


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "of format 2; this ganzoo reads 1"),
        ({"seed": "x"}, "damaged ganzoo metadata"),
        ({"class_names": ["a", "b"]}, "damaged ganzoo metadata: 2 class names, but 3 classes"),
        (
            {"latent": {"z_dim": 4}},
            r"takes \['c', 'noise', 'y', 'z'\] and gives \['x'\]; by its metadata it takes \['z'\]",
        ),
        (
            {"latent": {"z_dim": 4, "noise": [2, 8, 9]}},
            r"latent.noise is \[2, 8, 9\], and must be some maps as large as",
        ),
        ({"latent": {"z_dim": 4, "noise": [0, 8, 8]}}, r"latent.noise is \[0, 8, 8\]"),
        ({"latent": {"z_dim": 4, "noise": [8]}}, r"latent.noise is \[8\]"),
        ({"data": {"name": "p", "kind": "points", "shape": [8]}}, r"latent.noise is \[2, 8, 8\]"),
    ],
)
def test_metadata_that_do_not_fit(change: dict[str, object], sentence: str) -> None:
    model = onnx.ModelProto()
    contract.put_info(model, contract.describe("v", graphs.IMAGES, LATENT, backend="numpy"))
    value = json.dumps(json.loads(model.metadata_props[0].value) | change)
    with pytest.raises(ModelError, match=sentence):
        contract.read_info({contract.METADATA_KEY: value}, NAMES, ["x"], name="f")
