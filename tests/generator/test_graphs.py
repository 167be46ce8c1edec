"""The whole of an ONNX model, not the top of its graph: weights, operators and files inside of If and the like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

from ganzoo.cli import main
from ganzoo.errors import ModelError
from ganzoo.extractors.base import OnnxExtractor
from ganzoo.extractors.catalogue import shipped_file
from ganzoo.extractors.importing.reading import load
from ganzoo.generator.contract import METADATA_KEY
from ganzoo.generator.engine import Generator, Session
from ganzoo.generator.export import finalise
from ganzoo.generator.graphs import every_graph, every_tensor, external_files, parameter_count
from ganzoo.types import LatentSpec

LATENT = LatentSpec(z_dim=8)
WIDTH = 64


def branch(name: str, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> onnx.GraphProto:
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    return helper.make_graph(nodes, name, [], [output], weights)


def conditional(path: Path, *, operator: str = "Mul", domain: str = "", depth: int = 1) -> Path:
    """x = flat · outer, inside an If (in an If …) with as many weights of its own; ``outer`` is used there alone."""
    own = numpy_helper.from_array(np.ones(WIDTH, np.float32), "own")
    scaled = helper.make_node(operator, ["flat", "outer"], ["scaled"], domain=domain)
    body = branch("then", [scaled, helper.make_node("Mul", ["scaled", "own"], ["inner"])], [own])
    rest = branch("else", [helper.make_node("Identity", ["flat"], ["inner"])], [])
    for level in range(depth - 1):
        node = helper.make_node("If", ["yes"], ["inner"], then_branch=body, else_branch=rest)
        body = branch(f"level{level}", [node], [])
    yes = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("v", TensorProto.BOOL, [], [True]))
    last = helper.make_node("If", ["yes"], ["odd"], then_branch=body, else_branch=rest)
    opsets = [("", 20), *([(domain, 1)] if domain else [])]
    graphs.linear(path, LATENT, (1, 8, 8), extra=[yes, last], source="odd", opsets=opsets)
    model = onnx.load(path)
    model.graph.initializer.append(numpy_helper.from_array(np.full(WIDTH, 0.5, np.float32), "outer"))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_weights_inside_count_and_outer_ones_stay(depth: int, tmp_path: Path) -> None:
    flat = graphs.linear(tmp_path / "flat.onnx", LATENT, (1, 8, 8))
    raw, done = conditional(tmp_path / "raw.onnx", depth=depth), tmp_path / "g.onnx"
    expected = parameter_count(onnx.load(flat)) + 2 * WIDTH
    assert finalise(raw, done, graphs.info(LATENT)) == expected
    generator = Generator(done, device="cpu")
    inputs = generator.inputs(5, 0)
    plain = Session(flat.read_bytes(), "flat", device="cpu").run(inputs)["x"]
    np.testing.assert_allclose(generator.run(inputs), plain / 2, rtol=1e-6)


@pytest.mark.parametrize("depth", [1, 2])
def test_operators_inside_are_looked_at(depth: int, tmp_path: Path) -> None:
    raw = conditional(tmp_path / "raw.onnx", operator="BiasGelu", domain="com.microsoft", depth=depth)
    with pytest.raises(ModelError, match=r"operators of the domain com\.microsoft are not standard"):
        finalise(raw, tmp_path / "g.onnx", graphs.info(LATENT))


def test_a_flat_graph_counts_what_it_counted(tmp_path: Path) -> None:
    path = graphs.linear(tmp_path / "flat.onnx", LATENT, (1, 8, 8))
    model = onnx.load(path)
    assert parameter_count(model) == sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)


def constant(**attributes: Any) -> onnx.NodeProto:
    return helper.make_node("Constant", [], ["held"], **attributes)


def sparse(values: list[float], size: int) -> onnx.SparseTensorProto:
    kept = numpy_helper.from_array(np.array(values, np.float32), "kept")
    places = numpy_helper.from_array(np.arange(len(values), dtype=np.int64), "places")
    return helper.make_sparse_tensor(kept, places, [size])


def held(values: Any, dtype: Any = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype), "held")


CONSTANTS = {
    "weights": (constant(value=held(np.ones(WIDTH))), WIDTH),
    "half weights": (constant(value=held(np.ones(WIDTH), np.float16)), WIDTH),
    "quantised weights": (constant(value=held(np.ones(WIDTH), np.int8)), WIDTH),
    "a list": (constant(value_floats=[0.5] * WIDTH), WIDTH),
    "sparse weights": (constant(sparse_value=sparse([1.0, 2.0], WIDTH)), 2),
    "a number": (constant(value=held(0.5)), 0),
    "one number in a list": (constant(value_floats=[0.5]), 0),
    "a shape": (constant(value=held([-1, 1, 8, 8], np.int64)), 0),
    "axes": (constant(value_ints=[1, 2]), 0),
    "a condition": (constant(value=held([True, False], np.bool_)), 0),
}


def at_the_top(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    model.graph.node.insert(0, node)


def in_a_function(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    opset = helper.make_opsetid("", 20)
    model.functions.append(helper.make_function("local", "Held", [], ["held"], [node], [opset]))


def as_a_default(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    opset = helper.make_opsetid("", 20)
    function = helper.make_function("local", "Held", [], [], [], [opset], attribute_protos=list(node.attribute))
    model.functions.append(function)


@pytest.mark.parametrize("place", [at_the_top, in_a_function, as_a_default])
@pytest.mark.parametrize("kind", CONSTANTS)
def test_weights_in_constants_count(kind: str, place: Any, tmp_path: Path) -> None:
    model = onnx.load(conditional(tmp_path / "raw.onnx", depth=2))
    before, (node, expected) = parameter_count(model), CONSTANTS[kind]
    place(model, node)
    assert parameter_count(model) - before == expected


def test_weights_in_constants_of_inner_graphs_count(tmp_path: Path) -> None:
    model = onnx.load(conditional(tmp_path / "raw.onnx", depth=3))
    bodies = [graph for graph in every_graph(model) if graph.name in ("then", "else")]
    before = parameter_count(model)
    for body in bodies:
        body.node.insert(0, CONSTANTS["weights"][0])
    assert len(bodies) == 4  # the same "else" stands beside each level
    assert parameter_count(model) - before == 4 * WIDTH


def test_sparse_weights_count_as_they_are_stored(tmp_path: Path) -> None:
    model = onnx.load(graphs.linear(tmp_path / "flat.onnx", LATENT, (1, 8, 8)))
    before = parameter_count(model)
    model.graph.sparse_initializer.append(sparse([1.0, 2.0, 3.0], WIDTH))
    assert parameter_count(model) - before == 3


def outside(tensor: onnx.TensorProto, location: str) -> None:
    """Make a tensor's values those of a file."""
    del tensor.float_data[:]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def in_an_initializer(model: onnx.ModelProto) -> onnx.TensorProto:
    return next(tensor for tensor in model.graph.initializer if tensor.name == "A")


def in_a_constant(model: onnx.ModelProto) -> onnx.TensorProto:
    value = numpy_helper.from_array(np.zeros(WIDTH, np.float32), "c")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["extra"], value=value))
    return model.graph.node[0].attribute[0].t


def in_a_branch(model: onnx.ModelProto) -> onnx.TensorProto:
    return next(tensor for tensor in every_tensor(model) if tensor.name == "own")


PLACES = [in_an_initializer, in_a_constant, in_a_branch]


@pytest.fixture(params=PLACES, ids=lambda place: place.__name__)
def leaky(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished generator with a weight that is a file of the current directory."""
    find: Callable[[onnx.ModelProto], onnx.TensorProto] = request.param
    finalise(conditional(tmp_path / "raw.onnx"), tmp_path / "g.onnx", graphs.info(LATENT))
    model = onnx.load(tmp_path / "g.onnx")
    if find is in_an_initializer:
        model.graph.initializer[0].name = "A"
        first = next(node for node in model.graph.node if node.op_type == "MatMul")
        first.input[1] = "A"
    outside(find(model), "secret.txt")
    (tmp_path / "g.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "secret.txt").write_bytes(bytes(8 * WIDTH * 4))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "g.onnx"


def test_external_data_are_refused_where_a_model_is_opened(leaky: Path) -> None:
    assert external_files(onnx.load(leaky, load_external_data=False)) == ["secret.txt"]
    with pytest.raises(ModelError, match=r"keeps weights in a second file \('secret\.txt'\), which is not read"):
        Generator(leaky, device="cpu")


def test_an_extractor_is_no_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = onnx.load(shipped_file("digits"))
    outside(max(model.graph.initializer, key=lambda tensor: int(np.prod(tensor.dims))), "secret.txt")
    (tmp_path / "e.onnx").write_bytes(model.SerializeToString())
    (tmp_path / "secret.txt").write_bytes(bytes(1 << 20))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"keeps weights in a second file \('secret\.txt'\), which is not read"):
        OnnxExtractor("odd", tmp_path / "e.onnx", "cpu")


def test_commands_refuse_them_too(leaky: Path) -> None:
    model = onnx.load(leaky, load_external_data=False)
    kept = [entry for entry in model.metadata_props if entry.key != METADATA_KEY]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    leaky.with_name("theirs.onnx").write_bytes(model.SerializeToString())
    foreign: list[Any] = ["score", "theirs.onnx", "--data", "digits", "--latent", "z:8:normal"]
    for words in (foreign, ["sample", leaky], ["score", leaky, "--data", "digits"], ["stats", leaky, "-o", "s.npz"]):
        result = CliRunner().invoke(main, [*map(str, words), "--device", "cpu"])
        assert result.exit_code == 1
        assert "keeps weights in a second file ('secret.txt')" in result.stderr


@pytest.mark.parametrize("location", ["../secret.txt", "sub/secret.txt", "/etc/hostname", "link.txt"])
def test_an_import_reads_plain_files_beside_it_only(location: str, tmp_path: Path) -> None:
    (tmp_path / "here" / "sub").mkdir(parents=True)
    for path in ("secret.txt", "here/sub/secret.txt"):
        (tmp_path / path).write_bytes(bytes(8 * WIDTH * 4))
    (tmp_path / "here" / "link.txt").symlink_to(tmp_path / "secret.txt")
    path = graphs.linear(tmp_path / "here" / "m.onnx", LATENT, (1, 8, 8))
    model = onnx.load(path)
    outside(in_an_initializer(model), location)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="which is not a file beside it"):
        load(path)


def test_an_import_reads_its_own_file_of_weights(tmp_path: Path) -> None:
    path = graphs.linear(tmp_path / "m.onnx", LATENT, (1, 8, 8))
    model = onnx.load(path)
    weights = numpy_helper.to_array(in_an_initializer(model))
    onnx.save(model, path, save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    np.testing.assert_array_equal(numpy_helper.to_array(in_an_initializer(load(path))), weights)


def test_an_import_names_the_file_of_weights_that_is_not_there(tmp_path: Path) -> None:
    path = graphs.linear(tmp_path / "m.onnx", LATENT, (1, 8, 8))
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    (tmp_path / "m.onnx.data").unlink()
    with pytest.raises(ModelError, match=r"keeps weights in 'm\.onnx\.data', which is not there"):
        load(path)
