"""The Inception network of the FID (TensorFlow graph of 2015-12-05; Heusel et al. 2017) as one ONNX graph.

Layers and names are torchvision's (Szegedy et al. 2016), with what the TensorFlow graph does differently: average pools
leave the padding out of the mean, the last block pools by maximum, and images are resized as TensorFlow 1 does. The
graph takes bytes and holds everything after them, so that no caller can prepare images in another way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.extractors.network import Network
from ganzoo.extractors.resize import resized

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

SIDE = 299
SPATIAL = "spatial"
POOLED = {"64": 64, "192": 192, "768": 768, "2048": 2048}
"""Averages over the grid after the first and second pool, Mixed_6e and Mixed_7c, and their widths."""
TAPS = {**POOLED, SPATIAL: 7 * 17 * 17}
"""Feature outputs and their widths. The spatial one is that of the sFID (Nash et al. 2021, section 5): the first seven
channels of the 1×1 branch of Mixed_6d (``mixed_6/conv`` of the TensorFlow graph) at all 17×17 places, channels last."""
_SPATIAL_BLOCK, _SPATIAL_CHANNELS = "Mixed_6d", 7
LOGITS = "logits_unbiased"
"""The class scores without the bias: what the inception score of the TensorFlow graph is computed from."""
CLASSES = 1008

Pair = tuple[int, int]


def inception_model(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The network with these weights: ``x`` uint8 [N, 3, H, W] → the taps [N, d] and ``logits_unbiased`` [N, 1008].

    ``weights`` are named as in torchvision's state dict (``Conv2d_1a_3x3.conv.weight``, ``….bn.running_mean``, …,
    ``fc.weight``); entries that the network does not use are passed over. N, H and W are open. Equal weights give equal
    bytes. Raises ModelError, with the key, where one is missing, misshapen or not finite.
    """
    net = _Network(weights)
    net.build()
    return net.model({**TAPS, LOGITS: CLASSES})


class _Network(Network):
    """Adds the layers in order; values are followed by their number of channels."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        super().__init__("inception", weights, "FID Inception")
        self._channels: dict[str, int] = {}

    def build(self) -> None:
        """The whole network, from bytes to logits."""
        x = self._stem()
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = self._block_a(name, x, pooled)
        x = self._block_b("Mixed_6a", x)
        for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            x = self._block_c(name, x, width)
        self._tap(x, "768")
        x = self._block_d("Mixed_7a", x)
        x = self._block_e("Mixed_7b", x, self._average(x))
        x = self._block_e("Mixed_7c", x, self._maximum(x, stride=1))
        features = self._tap(x, "2048")
        matrix = self.weight("fc.weight", (CLASSES, TAPS["2048"]))
        self.add("MatMul", features, self.constant(matrix.T.astype(np.float32)), output=LOGITS)

    def _stem(self) -> str:
        x = resized(self, self.add("Cast", "x", to=1), "tf1", (SIDE, SIDE))
        x = self.add("Div", self.add("Sub", x, self.number(128)), self.number(128))
        self._channels[x] = 3
        x = self._conv("Conv2d_1a_3x3", x, 32, (3, 3), stride=2)
        x = self._conv("Conv2d_2a_3x3", x, 32, (3, 3))
        x = self._conv("Conv2d_2b_3x3", x, 64, (3, 3), same=True)
        x = self._maximum(x)
        self._tap(x, "64")
        x = self._conv("Conv2d_3b_1x1", x, 80, (1, 1))
        x = self._conv("Conv2d_4a_3x3", x, 192, (3, 3))
        x = self._maximum(x)
        self._tap(x, "192")
        return x

    def _block_a(self, name: str, x: str, pooled: int) -> str:
        """35×35: 1×1, 5×5, two 3×3, and a pool of ``pooled`` channels."""
        return self._join(
            self._chain(name, x, ("branch1x1", 64, (1, 1))),
            self._chain(name, x, ("branch5x5_1", 48, (1, 1)), ("branch5x5_2", 64, (5, 5))),
            self._chain(
                name, x, ("branch3x3dbl_1", 64, (1, 1)), ("branch3x3dbl_2", 96, (3, 3)), ("branch3x3dbl_3", 96, (3, 3))
            ),
            self._chain(name, self._average(x), ("branch_pool", pooled, (1, 1))),
        )

    def _block_b(self, name: str, x: str) -> str:
        """35×35 to 17×17."""
        double = self._chain(name, x, ("branch3x3dbl_1", 64, (1, 1)), ("branch3x3dbl_2", 96, (3, 3)))
        return self._join(
            self._conv(f"{name}.branch3x3", x, 384, (3, 3), stride=2),
            self._conv(f"{name}.branch3x3dbl_3", double, 96, (3, 3), stride=2),
            self._maximum(x),
        )

    def _block_c(self, name: str, x: str, width: int) -> str:
        """17×17: 7×7 as rows and columns, ``width`` channels within."""
        row, column = (1, 7), (7, 1)
        single = self._chain(name, x, ("branch1x1", 192, (1, 1)))
        if name == _SPATIAL_BLOCK:
            self._tap_places(single)
        return self._join(
            single,
            self._chain(
                name, x, ("branch7x7_1", width, (1, 1)), ("branch7x7_2", width, row), ("branch7x7_3", 192, column)
            ),
            self._chain(
                name,
                x,
                ("branch7x7dbl_1", width, (1, 1)),
                ("branch7x7dbl_2", width, column),
                ("branch7x7dbl_3", width, row),
                ("branch7x7dbl_4", width, column),
                ("branch7x7dbl_5", 192, row),
            ),
            self._chain(name, self._average(x), ("branch_pool", 192, (1, 1))),
        )

    def _block_d(self, name: str, x: str) -> str:
        """17×17 to 8×8."""
        small = self._chain(name, x, ("branch3x3_1", 192, (1, 1)))
        large = self._chain(
            name, x, ("branch7x7x3_1", 192, (1, 1)), ("branch7x7x3_2", 192, (1, 7)), ("branch7x7x3_3", 192, (7, 1))
        )
        return self._join(
            self._conv(f"{name}.branch3x3_2", small, 320, (3, 3), stride=2),
            self._conv(f"{name}.branch7x7x3_4", large, 192, (3, 3), stride=2),
            self._maximum(x),
        )

    def _block_e(self, name: str, x: str, pool: str) -> str:
        """8×8: 3×3 split into a row and a column side by side."""
        small = self._chain(name, x, ("branch3x3_1", 384, (1, 1)))
        double = self._chain(name, x, ("branch3x3dbl_1", 448, (1, 1)), ("branch3x3dbl_2", 384, (3, 3)))
        return self._join(
            self._chain(name, x, ("branch1x1", 320, (1, 1))),
            self._chain(name, small, ("branch3x3_2a", 384, (1, 3))),
            self._chain(name, small, ("branch3x3_2b", 384, (3, 1))),
            self._chain(name, double, ("branch3x3dbl_3a", 384, (1, 3))),
            self._chain(name, double, ("branch3x3dbl_3b", 384, (3, 1))),
            self._chain(name, pool, ("branch_pool", 192, (1, 1))),
        )

    def _chain(self, block: str, x: str, *layers: tuple[str, int, Pair]) -> str:
        """Convolutions that keep the grid, one after the other."""
        for name, width, kernel in layers:
            x = self._conv(f"{block}.{name}", x, width, kernel, same=True)
        return x

    def _conv(self, name: str, x: str, width: int, kernel: Pair, *, stride: int = 1, same: bool = False) -> str:
        """Convolution, batch norm and ReLU; the batch norm becomes part of the kernel and a bias, in float64."""
        folded = self.normed(f"{name}.conv", f"{name}.bn", (width, self._channels[x], *kernel))
        pads = [(side - 1) // 2 if same else 0 for side in kernel] * 2
        out = self.add(
            "Conv",
            x,
            *folded,
            kernel_shape=kernel,
            strides=[stride, stride],
            pads=pads,
        )
        return self._carry(self.add("Relu", out), width)

    def _average(self, x: str) -> str:
        pooled = self.add("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1], count_include_pad=0)
        return self._carry(pooled, self._channels[x])

    def _maximum(self, x: str, stride: int = 2) -> str:
        pads = [1] * 4 if stride == 1 else [0] * 4
        pooled = self.add("MaxPool", x, kernel_shape=[3, 3], pads=pads, strides=[stride, stride])
        return self._carry(pooled, self._channels[x])

    def _join(self, *parts: str) -> str:
        return self._carry(self.add("Concat", *parts, axis=1), sum(self._channels[part] for part in parts))

    def _tap(self, x: str, name: str) -> str:
        return self.add("ReduceMean", x, output=name, axes=[2, 3], keepdims=0)

    def _tap_places(self, x: str) -> None:
        cut = self.add("Slice", x, self.integers(0), self.integers(_SPATIAL_CHANNELS), self.integers(1))
        self.add("Flatten", self.add("Transpose", cut, perm=[0, 2, 3, 1]), output=SPATIAL)

    def _carry(self, x: str, channels: int) -> str:
        self._channels[x] = channels
        return x
