"""EfficientNet-Lite0 as one ONNX graph, from bytes to features and the scores of ImageNet's 1000 classes.

Tan and Le 2019, "EfficientNet", table 1, without squeeze-and-excitation and with ReLU6 for swish: what the authors call
Lite. Padding is TensorFlow's "SAME": of an odd number of pixels the larger half lies to the right and below.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.extractors.network import Network
from ganzoo.extractors.resize import resized

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

POOLED = 1280
"""Averages over the last grid."""
WIDTH = 256
"""Features: the averages, projected at random. Distances stay what they are to 1/√256 or so (Johnson and Lindenstrauss
1984), and covariances are known from a fifth of the images."""
CLASSES = 1000
_MEAN, _SCALE = 127, 128
"""The network sees (u - 127) / 128 of bytes u, as it was trained."""


class _Stage(NamedTuple):
    """Blocks of one kind; only the first of them strides."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def efficientnet_model(weights: Mapping[str, Array], side: int) -> onnx.ModelProto:
    """The network on images resized to ``side`` × ``side``: ``x`` uint8, ``features`` [N, 256], ``logits`` [N, 1000].

    ``x`` is [N, 3, H, W] with all but the 3 open; resized by the antialiased bicubic kernel. ``weights`` are named
    as in the state dict of the PyTorch port (``_conv_stem.weight``, ``_blocks.0._bn1.running_mean``, …, ``_fc.bias``).
    Equal weights give equal bytes. Raises ModelError, with the key, where one is missing, misshapen or not finite.
    """
    net = _EfficientNet(weights)
    net.build(side)
    return net.model({"features": WIDTH, "logits": CLASSES})


def projection() -> Array:
    """The matrix [1280, 256] of the random projection: ±1/16 by the bits of SHA-256, so that it is the same anywhere.

    Row i has the signs of the 256 bits, from the highest on, of the digest of "ganzoo projection i"; 1 is plus.
    """
    rows = [hashlib.sha256(f"ganzoo projection {i}".encode()).digest() for i in range(POOLED)]
    bits = np.unpackbits(np.frombuffer(b"".join(rows), np.uint8)).reshape(POOLED, WIDTH)
    signs: Array = (2 * bits.astype(np.float32) - 1) / np.float32(np.sqrt(WIDTH))
    return signs


class _EfficientNet(Network):
    """Adds the layers in order, and follows the number of channels and the side of the grid."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        super().__init__("efficientnet", weights, "EfficientNet-Lite0")
        self._channels, self._side = 3, 0
        self._bounds = self.number(0), self.number(6)

    def build(self, side: int) -> None:
        """The whole network."""
        self._side = side
        x = resized(self, self.add("Cast", "x", to=1), "bicubic", (side, side))
        x = self.add("Div", self.add("Sub", x, self.number(_MEAN)), self.number(_SCALE))
        x = self._relu6(self._conv("_conv_stem", "_bn0", x, 32, kernel=3, stride=2))
        number = 0
        for stage in _STAGES:
            for i in range(stage.blocks):
                x = self._block(f"_blocks.{number}", x, stage, stage.stride if i == 0 else 1)
                number += 1
        x = self._relu6(self._conv("_conv_head", "_bn1", x, POOLED))
        pooled = self.add("Flatten", self.add("GlobalAveragePool", x))
        self.add("MatMul", pooled, self.constant(projection()), output="features")
        matrix, bias = self.weight("_fc.weight", (CLASSES, POOLED)), self.weight("_fc.bias", (CLASSES,))
        scores = self.add("MatMul", pooled, self.constant(matrix.T.astype(np.float32)))
        self.add("Add", scores, self.constant(bias.astype(np.float32)), output="logits")

    def _block(self, name: str, x: str, stage: _Stage, stride: int) -> str:
        """Expand by 1×1, filter each channel, project by 1×1; the input is added where the form stays."""
        wide, given, y = self._channels * stage.expansion, self._channels, x
        if stage.expansion > 1:
            y = self._relu6(self._conv(f"{name}._expand_conv", f"{name}._bn0", y, wide))
        filtered = self._conv(
            f"{name}._depthwise_conv", f"{name}._bn1", y, wide, kernel=stage.kernel, stride=stride, groups=wide
        )
        y = self._conv(f"{name}._project_conv", f"{name}._bn2", self._relu6(filtered), stage.width)
        return self.add("Add", y, x) if stride == 1 and stage.width == given else y

    def _conv(
        self, name: str, norm: str, x: str, width: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
    ) -> str:
        """Convolution and batch norm."""
        folded = self.normed(name, norm, (width, self._channels // groups, kernel, kernel))
        out = -(-self._side // stride)
        missing = max((out - 1) * stride + kernel - self._side, 0)
        before, after = missing // 2, missing - missing // 2
        self._channels, self._side = width, out
        return self.add(
            "Conv",
            x,
            *folded,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, after, after],
            group=groups,
        )

    def _relu6(self, x: str) -> str:
        return self.add("Clip", x, *self._bounds)
