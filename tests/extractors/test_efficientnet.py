"""The ONNX EfficientNet-Lite0 against a network written by itself in torch, on random weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from drawn_weights import DrawnWeights, images

from ganzoo.errors import ModelError
from ganzoo.extractors.efficientnet import CLASSES, efficientnet_model, projection
from ganzoo.generator.engine import Session

if TYPE_CHECKING:
    from ganzoo.types import Array

torch = pytest.importorskip("torch")
F = torch.nn.functional

LIMIT = 1e-4
# Repeats, kernel, stride, expansion, channels: table 1 of the paper, whose strides belong to the first of each group.
GROUPS = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
Tensor = Any


class Reference(DrawnWeights):
    """The network in torch, batch norms apart, on weights it draws when first met."""

    def __init__(self) -> None:
        super().__init__(seed=11)

    def conv(self, x: Tensor, name: str, norm: str, out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> Any:
        weight = self.kernel(f"{name}.weight", (out, x.shape[1] // groups, kernel, kernel))
        side = x.shape[2]
        missing = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        low, high = missing // 2, missing - missing // 2
        x = F.conv2d(F.pad(x, (low, high, low, high)), weight, stride=stride, groups=groups)
        return self.normed(x, norm)

    def block(self, x: Tensor, at: str, kernel: int, stride: int, expansion: int, out: int) -> Tensor:
        wide, y = x.shape[1] * expansion, x
        if expansion != 1:
            y = F.relu6(self.conv(y, f"{at}._expand_conv", f"{at}._bn0", wide))
        y = F.relu6(self.conv(y, f"{at}._depthwise_conv", f"{at}._bn1", wide, kernel, stride, groups=wide))
        y = self.conv(y, f"{at}._project_conv", f"{at}._bn2", out)
        return x + y if y.shape == x.shape else y

    def run(self, images: Array, side: int) -> dict[str, Array]:
        """Features and logits of uint8 images."""
        with torch.no_grad():
            x = torch.from_numpy(images).float()
            if x.shape[2:] != (side, side):
                x = F.interpolate(x, (side, side), mode="bicubic", antialias=True)
            x = F.relu6(self.conv((x - 127) / 128, "_conv_stem", "_bn0", 32, 3, 2))
            number = 0
            for repeats, kernel, stride, expansion, out in GROUPS:
                for i in range(repeats):
                    x = self.block(x, f"_blocks.{number}", kernel, stride if i == 0 else 1, expansion, out)
                    number += 1
            pooled = F.relu6(self.conv(x, "_conv_head", "_bn1", 1280)).mean((2, 3))
            matrix = self.get("_fc.weight", lambda: self.draw.normal(0, 1 / np.sqrt(1280), (CLASSES, 1280)))
            bias = self.get("_fc.bias", lambda: self.draw.normal(size=CLASSES))
            signs = torch.from_numpy(signs_by_hand())
            return {"features": (pooled @ signs / 16).numpy(), "logits": (pooled @ matrix.T + bias).numpy()}


def signs_by_hand() -> Array:
    """Bit by bit, from the highest of the first byte on."""
    rows = []
    for i in range(1280):
        number = int(hashlib.sha256(b"ganzoo projection %d" % i).hexdigest(), 16)
        rows.append([1.0 if number >> (255 - j) & 1 else -1.0 for j in range(256)])
    return np.array(rows, np.float32)


@pytest.fixture(scope="module")
def reference() -> Reference:
    net = Reference()
    net.run(images(64, 64, 4), 96)
    return net


# 100 and 75 are odd somewhere on the way down, where both halves of the padding differ.
@pytest.mark.parametrize("side", [96, 100, 75, 224])
@pytest.mark.parametrize("size", [(32, 32), (64, 48), (224, 224)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_features_and_logits_are_those_of_the_reference(reference: Reference, side: int, size: tuple[int, int]) -> None:
    session = Session(efficientnet_model(reference.weights, side).SerializeToString(), "net", device="cpu")
    x = images(*size)
    ours, theirs = session.run({"x": x}), reference.run(x, side)
    assert set(ours) == set(theirs)
    for name, wanted in theirs.items():
        assert 0.05 < wanted.std() < 20, f"{name}: the comparison would say little"
        assert np.abs(ours[name] - wanted).max() <= LIMIT, name


def test_the_projection_keeps_distances_and_mixes_all_features() -> None:
    matrix = projection()
    np.testing.assert_array_equal(matrix, signs_by_hand() / 16)
    x = np.random.default_rng(0).exponential(size=(50, 1280))
    before = np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(50, 1)]
    after = np.linalg.norm((x @ matrix)[:, None] - (x @ matrix)[None], axis=2)[np.triu_indices(50, 1)]
    assert np.abs(after / before - 1).max() < 0.25
    assert np.mean(after / before) == pytest.approx(1, abs=0.02)


def test_equal_weights_give_equal_bytes(reference: Reference) -> None:
    shuffled = dict(sorted(reference.weights.items(), reverse=True)) | {"_bn0.num_batches_tracked": np.array(3)}
    first, second = (efficientnet_model(weights, 96) for weights in (reference.weights, shuffled))
    assert first.SerializeToString() == second.SerializeToString()


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("_blocks.15._bn2.bias", None, "The EfficientNet-Lite0 weights have no '_blocks.15._bn2.bias'"),
        ("_fc.bias", lambda w: w[:999], r"'_fc.bias' of shape \[999\] instead of \[1000\]"),
        ("_conv_head.weight", lambda w: w * np.nan, "'_conv_head.weight' are not all finite"),
    ],
)
def test_wrong_weights_name_the_key(
    reference: Reference, key: str, change: Callable[[Array], Array] | None, reason: str
) -> None:
    weights = dict(reference.weights)
    taken = weights.pop(key)
    if change is not None:
        weights[key] = change(taken)
    with pytest.raises(ModelError, match=reason):
        efficientnet_model(weights, 96)
