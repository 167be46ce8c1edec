"""Building a network's ONNX graph from a state dict: weights are checked by name, batch norms go into convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ModelError
from ganzoo.generator.nodes import IR_VERSION, OLDEST_OPSET, Nodes, tensor

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

EPSILON = 1e-3
"""Added to the variance in every batch norm of the networks that were trained in TensorFlow."""


class Network(Nodes):
    """Adds layers in order; ``title`` calls the weights in errors."""

    def __init__(self, name: str, weights: Mapping[str, Array], title: str) -> None:
        super().__init__(name)
        self._weights = weights
        self._title = title

    def weight(self, key: str, shape: tuple[int, ...]) -> Array:
        """One entry in float64. Raises ModelError, with the key, where it is missing, misshapen or not finite."""
        if key not in self._weights:
            raise ModelError(f"The {self._title} weights have no '{key}'.", f"Give the weights of the {self._title}.")
        value = self._weights[key]
        if value.shape != shape:
            raise ModelError(
                f"The {self._title} weights have '{key}' of shape {list(value.shape)} instead of {list(shape)}.",
                f"Give the weights of the {self._title}.",
            )
        if value.dtype.kind != "f" or not np.isfinite(value).all():
            raise ModelError(f"The {self._title} weights '{key}' are not all finite numbers.")
        return value.astype(np.float64)

    def normed(self, kernel: str, norm: str, shape: tuple[int, ...]) -> tuple[str, str]:
        """Kernel [out, in, h, w] and bias [out] of a convolution with the batch norm after it, folded in float64."""
        matrix = self.weight(f"{kernel}.weight", shape)
        gain, shift, mean, variance = (
            self.weight(f"{norm}.{part}", shape[:1]) for part in ("weight", "bias", "running_mean", "running_var")
        )
        if (variance < 0).any():
            raise ModelError(f"The {self._title} weights have a negative variance in '{norm}.running_var'.")
        factor = gain / np.sqrt(variance + EPSILON)
        folded = (matrix * factor[:, None, None, None]).astype(np.float32)
        return self.constant(folded), self.constant((shift - mean * factor).astype(np.float32))

    def model(self, outputs: Mapping[str, int]) -> onnx.ModelProto:
        """The whole graph: ``x`` uint8 [N, 3, H, W] to float32 outputs [N, width]. Equal weights give equal bytes."""
        from onnx import helper

        graph = helper.make_graph(
            self.nodes,
            self.prefix,
            [tensor("x", "uint8", ["N", 3, "H", "W"])],
            [tensor(name, "float32", ["N", width]) for name, width in outputs.items()],
            self.constants,
        )
        opset = [helper.make_opsetid("", OLDEST_OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="ganzoo")
