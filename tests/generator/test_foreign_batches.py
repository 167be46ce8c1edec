"""Foreign graphs that take batches of one size only: run so, with the samples that they give themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from graphs import foreign
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ModelError
from ganzoo.generator.engine import Session
from ganzoo.generator.foreign import Reading, open_foreign
from ganzoo.types import DataSpec

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
NORMAL = Reading(latents=("noise:5:normal",))
GREY = DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "theirs.onnx"


def in_turn(path: Path, feeds: dict[str, Any], size: int) -> Any:
    """What the graph itself gives, ``size`` rows at a time; their number is a multiple of it."""
    session = Session(path.read_bytes(), path.name, device="cpu")
    rows = len(next(iter(feeds.values())))
    parts = [{key: value[start : start + size] for key, value in feeds.items()} for start in range(0, rows, size)]
    return np.concatenate([session.run(part)["image"] for part in parts])


@pytest.mark.parametrize("opset", [9, 13, 17])
@pytest.mark.parametrize(
    ("batch", "inside", "size"),
    [(1, -1, 1), (3, -1, 3), (1, 1, 1), (40, 40, 40), ("N", 1, 1), ("N", 4, 4), ("N", 16, 16), ("N", 40, 40)],
)
def test_the_samples_are_those_of_the_graph(batch: Any, inside: int, size: int, opset: int, file: Path) -> None:
    generator = open_foreign(foreign(file, batch=batch, inside=inside, opset=opset), NORMAL, device="cpu")
    z = generator.inputs(240, 3)["z"]
    x = generator.sample(240, 3)
    np.testing.assert_array_equal(x, in_turn(file, {"noise": z}, size))
    words = "one" if size == 1 else size
    assert generator.notes[0] == f"theirs.onnx: its batch axis is fixed at {size}: samples are made {words} at a time"
    for count, at_a_time in ((7, 7), (7, 1), (41, 5)):  # the last part is not full
        np.testing.assert_array_equal(generator.sample(count, 3, batch=at_a_time), x[:count])


def test_an_open_batch_axis_is_left_as_it_is(file: Path) -> None:
    generator = open_foreign(foreign(file), NORMAL, device="cpu")
    assert not any("batch" in note for note in generator.notes)
    assert generator.adapted is not None
    assert "Scan" not in {node.op_type for node in onnx.load_model_from_string(generator.adapted).graph.node}


@pytest.mark.parametrize(
    ("kind", "dims", "latent"),
    [
        (INT64, [3], "y:10:labels"),
        (INT64, [3, 1], "y:10:labels"),
        (INT64, ["N"], "y:10:labels"),
        (FLOAT, [3, 10], "y:10:onehot"),
        (INT64, [3], "y:4:fixed"),
    ],
)
def test_labels_go_along(kind: int, dims: list[Any], latent: str, file: Path) -> None:
    foreign(file, inputs={"noise": (FLOAT, [3, 5]), "y": (kind, dims)}, batch=3)
    reading = Reading(latents=("noise:5:normal", latent))
    generator = open_foreign(file, reading, GREY, device="cpu")
    given = generator.inputs(12, 0)
    labels = given.get("y", np.full(12, 4))
    y = np.eye(10, dtype=np.float32)[labels] if kind == FLOAT else labels.reshape(12, *dims[1:])
    np.testing.assert_array_equal(generator.sample(12), in_turn(file, {"noise": given["z"], "y": y}, 3))


def changed(path: Path, nodes: Sequence[onnx.NodeProto], **constants: Any) -> None:
    """Put nodes between a generator's sum and its activation: "sum_0" to "odd"."""
    model = onnx.load(path)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
    place = next(i for i, node in enumerate(kept) if "sum_0" in node.input)
    kept[place].input[0] = "odd"
    del model.graph.node[:]
    model.graph.node.extend([*kept[:place], *nodes, *kept[place:]])
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    onnx.save(model, path)


def test_samples_that_depend_on_their_part_are_refused(file: Path) -> None:
    """Which samples share a part depends on how many are drawn at a time."""
    mean = helper.make_node("ReduceMean", ["sum_0"], ["mean"], axes=[0])
    for batch in (4, 1):
        changed(foreign(file, batch=batch), [mean, helper.make_node("Sub", ["sum_0", "mean"], ["odd"])])
        if batch == 1:  # alone it depends on nothing else
            open_foreign(file, NORMAL, device="cpu")
            continue
        with pytest.raises(ModelError, match=r"its samples depend on their batch"):
            open_foreign(file, NORMAL, device="cpu")


def test_noise_inside_is_refused(file: Path) -> None:
    noise = helper.make_node("RandomNormalLike", ["sum_0"], ["drawn"])
    changed(foreign(file, batch=1), [noise, helper.make_node("Add", ["sum_0", "drawn"], ["odd"])])
    with pytest.raises(ModelError, match=r"it draws noise itself \(RandomNormalLike\)"):
        open_foreign(file, NORMAL, device="cpu")


def test_an_error_inside_a_part_is_that_of_its_operator(file: Path) -> None:
    """A class that the table lacks is met only where it is drawn."""
    foreign(file, inputs={"noise": (FLOAT, [1, 5]), "y": (INT64, [1])}, batch=1)
    with pytest.raises(ModelError, match=r"^theirs\.onnx failed to run: its Gather says: indices element out of data"):
        open_foreign(file, Reading(latents=("noise:5:normal", "y:500:labels")), device="cpu")


@pytest.mark.parametrize(
    ("noise", "sentence"),
    [
        ([1, 5], "theirs.onnx takes batches of different fixed sizes: 1 of 'noise', 4 of 'y'."),
        ([5], "theirs.onnx's input 'noise' [5] has no batch axis."),
    ],
)
def test_what_cannot_be_a_batch(noise: list[int], sentence: str, file: Path) -> None:
    foreign(file, inputs={"noise": (FLOAT, noise), "y": (INT64, [4])})
    with pytest.raises(ModelError) as caught:
        open_foreign(file, Reading(latents=("noise:5:normal", "y:10:labels")), device="cpu")
    assert str(caught.value) == f"{sentence} Export it with a dynamic batch axis."


def test_an_opset_that_is_too_old(file: Path) -> None:
    foreign(file, batch=1, opset=8)
    with pytest.raises(ModelError, match=r"^The batch axis of theirs\.onnx is fixed at 1, and its opset is too old\."):
        open_foreign(file, NORMAL, device="cpu")


def test_another_number_of_samples_than_of_inputs(file: Path) -> None:
    foreign(file, shape=(64,), batch=2)
    changed(file, [helper.make_node("Concat", ["sum_0", "sum_0"], ["odd"], axis=0)])
    with pytest.raises(ModelError, match=r"gave samples \(4, 64\) for a batch of 2"):
        open_foreign(file, Reading(latents=("noise:5:normal",), value_range="-1,1"), device="cpu")


def test_a_graph_that_runs_with_no_size_says_its_own_error(file: Path) -> None:
    changed(
        foreign(file), [helper.make_node("MatMul", ["sum_0", "wrong"], ["odd"])], wrong=np.ones((3, 64), np.float32)
    )
    with pytest.raises(ModelError, match=r"^theirs\.onnx .*its MatMul says: Incompatible dimensions"):
        open_foreign(file, NORMAL, device="cpu")
