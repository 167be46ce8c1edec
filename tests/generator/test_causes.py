"""What a user reads when ONNX Runtime refuses a graph: the cause, in a plain sentence."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ModelError
from ganzoo.generator.causes import cause
from ganzoo.generator.engine import Session

FLOAT = TensorProto.FLOAT


def model(
    *nodes: onnx.NodeProto,
    shape: Any = ("N", 5),
    kind: int = FLOAT,
    opset: int = 17,
    ir: int = 8,
    more: Any = (),
    **constants: Any,
) -> bytes:
    """z → x, through an Identity or through ``nodes``."""
    graph = helper.make_graph(
        nodes or [helper.make_node("Identity", ["z"], ["x"])],
        "graph",
        [helper.make_tensor_value_info("z", kind, shape)],
        [helper.make_tensor_value_info("x", kind, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(*each) for each in more)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=ir).SerializeToString()
    return content


def node(operator: str, *inputs: str, **more: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs or ["z"], ["x"], **more)


LOWER = "Export it with a lower opset, or update onnxruntime."
OPENED: list[tuple[bytes, str]] = [
    (model(node("Gemm", "z", "W"), W=np.ones((6, 3), np.float32)), r"its Gemm says: Dimension mismatch .* 6 and 5\."),
    (
        model(node("Transpose", perm=[0, 1, 2])),
        r"its Transpose says: Invalid attribute perm \{0, 1, 2\}, input shape = \{0, 5\}\.",
    ),
    (model(node("Identity", foo=3)), r"Unrecognized attribute: foo for operator Identity\."),
    (model(ir=99), rf"it has IR version 99, and this onnxruntime reads up to \d+\. {LOWER}"),
    (model(opset=99), rf"it uses opset 99 of ai\.onnx, and this onnxruntime reads up to \d+\. {LOWER}"),
    (model(node("Nonsense")), r"no operator 'Nonsense' is known in opset 17\."),
    (model(node("Roll", domain="foo")), r"No opset import for domain 'foo'\."),
    (
        model(node("Roll", domain="foo"), more=[("foo", 1)]),
        r"no operator 'Roll' of the domain 'foo' is known\. Export it with operators of standard ONNX\.",
    ),
    (
        model(node("MatMul", "z", "z"), kind=TensorProto.BFLOAT16),
        r"this onnxruntime has no 'MatMul' \(opset 13\) for the element types that it uses\. Export it in float32\.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), OPENED)
def test_a_graph_that_cannot_be_opened(content: bytes, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        Session(content, "theirs.onnx", device="cpu")
    assert re.fullmatch(rf"theirs\.onnx is no ONNX model that can be run: {sentence}", str(caught.value))


RUN: list[tuple[bytes, str]] = [
    (
        model(shape=(2, 5)),
        "the batch axis of its input 'z' is fixed at 2, and 4 samples were given. Export it with a dynamic batch axis.",
    ),
    (model(shape=("N", 6)), "its input 'z' takes 6 along axis 1, not 5."),
    (model(shape=(2, 6)), "its input 'z' takes 2 along axis 0, not 4 and 6 along axis 1, not 5."),
    (model(node("MatMul", "z", "z")), "its MatMul says: MatMul dimension mismatch."),
    (
        model(node("Reshape", "z", "form"), form=np.array([8, 5])),
        "its Reshape says: The input tensor cannot be reshaped to the requested shape. "
        "Input shape:{4,5}, requested shape:{8,5}.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), RUN)
def test_a_graph_that_fails_to_run(content: bytes, sentence: str) -> None:
    session = Session(content, "theirs.onnx", device="cpu")
    with pytest.raises(ModelError) as caught:
        session.run({"z": np.zeros((4, 5), np.float32)})
    assert str(caught.value) == f"theirs.onnx failed to run: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Conv node. Name:'c' Status "
            "Message: /onnxruntime_src/cuda_call.cc:129 std::conditional_t<THRW, void, common::Status> "
            "onnxruntime::CudaCall(ERRTYPE, const char*, SUCCTYPE (*)(int)) const [with ERRTYPE = cudaError; bool THRW "
            "= true] CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);",
            "its Conv says: CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);.",
        ),
        (
            "Error in execution: Non-zero status code returned while running Scan node. Name:'' Status Message: "
            "Non-zero status code returned while running MatMul node. Name:'m' Status Message: matmul_helper.h:59 "
            "Compute MatMul dimension mismatch",
            "its MatMul says: MatMul dimension mismatch.",
        ),
        (
            "Error in execution: Invalid rank for input: z Got: 3 Expected: 2",
            "Invalid rank for input: z Got: 3 Expected: 2.",
        ),
        ("tensor.cc:12 Create Tensor::Create (foo) failed: a (b)", "Tensor::Create (foo) failed: a (b)."),
        ("/a/b.cc:1 int ort::X::operator()(int) const a(b) == c was false. Why (not).", "Why (not)."),
        ("/a/b.cc:1 void ort::X<float>::Run(int) const::<lambda(int)> [with T = int] Why (not).", "Why (not)."),
        ("/a/b.cc:1 ort::make<float>(std::vector<int>) Why (not).", "Why (not)."),
        ("", "RuntimeError."),
        ("Something else (of a kind) went wrong.", "Something else (of a kind) went wrong."),
    ],
)
def test_signatures_are_left_out(text: str, sentence: str) -> None:
    assert cause(RuntimeError(text)).sentence == sentence
