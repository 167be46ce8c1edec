"""The ONNX Inception against a network written by itself in torch, on random weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from drawn_weights import DrawnWeights, images

from ganzoo.errors import ModelError
from ganzoo.extractors.inception import CLASSES, LOGITS, TAPS, inception_model
from ganzoo.generator.engine import Session

if TYPE_CHECKING:
    from ganzoo.types import Array

torch = pytest.importorskip("torch")
F = torch.nn.functional

LIMIT = 1e-4
SIZES = [(32, 32), (64, 48), (299, 299), (320, 512)]
Tensor = Any


class Reference(DrawnWeights):
    """The network as the papers and torchvision describe it, batch norms apart, on weights it draws when first met."""

    def __init__(self) -> None:
        super().__init__(seed=7)

    def conv(self, x: Tensor, name: str, out: int, kernel: Any, stride: int = 1, padding: Any = 0) -> Tensor:
        high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
        weight = self.kernel(f"{name}.conv.weight", (out, x.shape[1], high, wide))
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        return F.relu(self.normed(x, f"{name}.bn"))

    def average(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)

    def block_5(self, x: Tensor, at: str, pool: int) -> Tensor:
        five = self.conv(self.conv(x, f"{at}.branch5x5_1", 48, 1), f"{at}.branch5x5_2", 64, 5, padding=2)
        three = self.conv(self.conv(x, f"{at}.branch3x3dbl_1", 64, 1), f"{at}.branch3x3dbl_2", 96, 3, padding=1)
        three = self.conv(three, f"{at}.branch3x3dbl_3", 96, 3, padding=1)
        pooled = self.conv(self.average(x), f"{at}.branch_pool", pool, 1)
        return torch.cat([self.conv(x, f"{at}.branch1x1", 64, 1), five, three, pooled], 1)

    def block_6(self, x: Tensor, at: str, c: int) -> Tensor:
        row, column = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        one = self.conv(x, f"{at}.branch1x1", 192, 1)
        seven = self.conv(self.conv(x, f"{at}.branch7x7_1", c, 1), f"{at}.branch7x7_2", c, **row)
        seven = self.conv(seven, f"{at}.branch7x7_3", 192, **column)
        twice = self.conv(self.conv(x, f"{at}.branch7x7dbl_1", c, 1), f"{at}.branch7x7dbl_2", c, **column)
        twice = self.conv(self.conv(twice, f"{at}.branch7x7dbl_3", c, **row), f"{at}.branch7x7dbl_4", c, **column)
        twice = self.conv(twice, f"{at}.branch7x7dbl_5", 192, **row)
        return torch.cat([one, seven, twice, self.conv(self.average(x), f"{at}.branch_pool", 192, 1)], 1)

    def block_7(self, x: Tensor, at: str, pooled: Tensor) -> Tensor:
        def fork(y: Tensor, name: str) -> list[Tensor]:
            return [
                self.conv(y, f"{at}.{name}a", 384, (1, 3), padding=(0, 1)),
                self.conv(y, f"{at}.{name}b", 384, (3, 1), padding=(1, 0)),
            ]

        one = self.conv(x, f"{at}.branch1x1", 320, 1)
        three = self.conv(x, f"{at}.branch3x3_1", 384, 1)
        twice = self.conv(self.conv(x, f"{at}.branch3x3dbl_1", 448, 1), f"{at}.branch3x3dbl_2", 384, 3, padding=1)
        parts = [one, *fork(three, "branch3x3_2"), *fork(twice, "branch3x3dbl_3")]
        return torch.cat([*parts, self.conv(pooled, f"{at}.branch_pool", 192, 1)], 1)

    def run(self, images: Array) -> dict[str, Array]:
        """Every tap of uint8 images."""
        with torch.no_grad():
            return {name: value.numpy() for name, value in self._run(images).items()}

    def _run(self, images: Array) -> dict[str, Tensor]:
        taps = {}
        x = (resize(torch.from_numpy(images).float(), 299) - 128) / 128
        x = self.conv(x, "Conv2d_1a_3x3", 32, 3, stride=2)
        x = self.conv(self.conv(x, "Conv2d_2a_3x3", 32, 3), "Conv2d_2b_3x3", 64, 3, padding=1)
        x = F.max_pool2d(x, 3, stride=2)
        taps["64"] = x.mean((2, 3))
        x = self.conv(self.conv(x, "Conv2d_3b_1x1", 80, 1), "Conv2d_4a_3x3", 192, 3)
        x = F.max_pool2d(x, 3, stride=2)
        taps["192"] = x.mean((2, 3))
        x = self.block_5(self.block_5(self.block_5(x, "Mixed_5b", 32), "Mixed_5c", 64), "Mixed_5d", 64)
        at = "Mixed_6a"
        twice = self.conv(self.conv(x, f"{at}.branch3x3dbl_1", 64, 1), f"{at}.branch3x3dbl_2", 96, 3, padding=1)
        twice = self.conv(twice, f"{at}.branch3x3dbl_3", 96, 3, stride=2)
        x = torch.cat([self.conv(x, f"{at}.branch3x3", 384, 3, stride=2), twice, F.max_pool2d(x, 3, stride=2)], 1)
        for at, c in zip(("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"), (128, 160, 160, 192), strict=True):
            if at == "Mixed_6d":
                single = self.conv(x, f"{at}.branch1x1", 192, 1)
                taps["spatial"] = single[:, :7].permute(0, 2, 3, 1).reshape(len(x), -1)
            x = self.block_6(x, at, c)
        taps["768"] = x.mean((2, 3))
        at = "Mixed_7a"
        three = self.conv(self.conv(x, f"{at}.branch3x3_1", 192, 1), f"{at}.branch3x3_2", 320, 3, stride=2)
        seven = self.conv(
            self.conv(x, f"{at}.branch7x7x3_1", 192, 1), f"{at}.branch7x7x3_2", 192, (1, 7), padding=(0, 3)
        )
        seven = self.conv(seven, f"{at}.branch7x7x3_3", 192, (7, 1), padding=(3, 0))
        seven = self.conv(seven, f"{at}.branch7x7x3_4", 192, 3, stride=2)
        x = torch.cat([three, seven, F.max_pool2d(x, 3, stride=2)], 1)
        x = self.block_7(x, "Mixed_7b", self.average(x))
        x = self.block_7(x, "Mixed_7c", F.max_pool2d(x, 3, stride=1, padding=1))
        taps["2048"] = x.mean((2, 3))
        matrix = self.get("fc.weight", lambda: self.draw.normal(0, 1 / np.sqrt(2048), (1008, 2048)))
        taps["logits_unbiased"] = taps["2048"] @ matrix.T
        return taps


def resize(x: Tensor, side: int) -> Tensor:
    """TensorFlow 1's bilinear rule, by gathering pixels."""

    def along(values: Tensor, axis: int) -> Tensor:
        count = values.shape[axis]
        place = torch.arange(side, dtype=torch.float32) * (torch.tensor(float(count)) / side)
        low = place.floor().long().clamp(max=count - 1)
        share = (place - low).reshape([-1 if axis == i else 1 for i in range(4)])
        first = values.index_select(axis, low)
        return first + (values.index_select(axis, (low + 1).clamp(max=count - 1)) - first) * share

    return along(along(x, 3), 2)


@pytest.fixture(scope="module")
def reference() -> Reference:
    net = Reference()
    net.run(images(64, 64, 4))
    return net


@pytest.fixture(scope="module")
def content(reference: Reference) -> bytes:
    serialised: bytes = inception_model(reference.weights).SerializeToString()
    return serialised


@pytest.fixture(scope="module")
def session(content: bytes) -> Session:
    return Session(content, "inception", device="cpu", threads=2)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_every_tap_is_that_of_the_reference(session: Session, reference: Reference, size: tuple[int, int]) -> None:
    x = images(*size)
    ours, theirs = session.run({"x": x}), reference.run(x)
    assert set(ours) == set(theirs) == {*TAPS, LOGITS}
    for name, wanted in theirs.items():
        assert ours[name].shape == (len(x), TAPS.get(name, CLASSES))
        assert 0.05 < wanted.std() < 20, f"{name}: the comparison would say little"
        assert np.abs(ours[name] - wanted).max() <= LIMIT, name


def test_an_image_does_not_depend_on_its_batch(session: Session) -> None:
    x = images(40, 40, 3)
    together = session.run({"x": x})
    for name, value in session.run({"x": x[2:]}).items():
        np.testing.assert_allclose(value, together[name][2:], atol=LIMIT)


def test_equal_weights_give_equal_bytes(reference: Reference, content: bytes) -> None:
    """The sha256 of the file is the extractor's identity, so the conversion must be the same everywhere."""
    shuffled = dict(sorted(reference.weights.items(), reverse=True))
    assert inception_model(shuffled).SerializeToString() == content


def test_what_the_network_does_not_use_is_passed_over(reference: Reference, content: bytes) -> None:
    more = {"Conv2d_1a_3x3.bn.num_batches_tracked": np.array(3), "AuxLogits.fc.weight": np.zeros((1000, 768))}
    assert inception_model({**reference.weights, **more}).SerializeToString() == content


@pytest.mark.parametrize(
    ("key", "change", "reason"),
    [
        ("Mixed_7c.branch_pool.conv.weight", None, "have no 'Mixed_7c.branch_pool.conv.weight'"),
        ("fc.weight", lambda w: w[:1000], r"'fc.weight' of shape \[1000, 2048\] instead of \[1008, 2048\]"),
        ("Mixed_5b.branch1x1.bn.bias", lambda w: w * np.nan, "'Mixed_5b.branch1x1.bn.bias' are not all finite"),
        ("Mixed_5b.branch1x1.bn.running_var", lambda w: -w, "negative variance in 'Mixed_5b.branch1x1.bn.running_var'"),
        ("Conv2d_1a_3x3.conv.weight", lambda w: w.astype(np.int64), "'Conv2d_1a_3x3.conv.weight' are not all finite"),
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
        inception_model(weights)
