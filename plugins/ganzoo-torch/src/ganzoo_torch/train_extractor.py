"""Train the small classifiers that ganzoo ships as feature extractors, and write them as ONNX.

    python -m ganzoo_torch.train_extractor digits -o digits.onnx
    python -m ganzoo_torch.train_extractor mnist --data-dir DIR -o mnist.onnx

Input ``x`` float32 [N, 1, H, W] in [-1, 1]; outputs ``features`` float32 [N, 64], the rectified layer before the last,
and ``logits`` float32 [N, 10]. Only the training split is used; the accuracy printed and stored is that of the held-out
split, measured with ONNX Runtime on the file itself.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from ganzoo_torch import kit, onnx_file

if TYPE_CHECKING:
    from ganzoo.data.base import Split

FEATURES = 64
SCORE_BATCH = 1000


@dataclass(frozen=True)
class Recipe:
    """How one dataset's classifier is built and trained."""

    widths: tuple[int, ...]
    """Output channels of the convolutions."""
    halve: tuple[int, ...]
    """Positions in ``widths`` with stride 2."""
    shift: int
    """Largest random shift in pixels, each way."""
    epochs: int
    batch: int = 128
    lr: float = 4e-3
    smoothing: float = 0.05


RECIPES = {
    "digits": Recipe(widths=(32, 64, 64), halve=(1, 2), shift=1, epochs=80, batch=64),
    "mnist": Recipe(widths=(16, 32, 32, 64, 64), halve=(1, 3, 4), shift=2, epochs=8),
}


class Classifier(nn.Module):
    """Strided 3×3 convolutions with BN and ReLU, then 64 rectified features and the logits on top."""

    def __init__(self, recipe: Recipe, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        before, height, width = shape
        layers: list[nn.Module] = []
        for number, after in enumerate(recipe.widths):
            stride = 2 if number in recipe.halve else 1
            layers += [
                nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
            before, height, width = after, -(-height // stride), -(-width // stride)
        layers += [nn.Flatten(), nn.Linear(before * height * width, FEATURES), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.logits = nn.Linear(FEATURES, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N, 64] and logits [N, classes] of images in [-1, 1]."""
        features = self.features(x)
        return features, self.logits(features)


def shifted(x: Tensor, offsets: Tensor, shift: int) -> Tensor:
    """Move image i of [N, C, H, W] by ``shift - offsets[i]`` rows and columns, filling with black (−1)."""
    n, _, height, width = x.shape
    padded = pad(x, [shift] * 4, value=-1.0)
    rows = offsets[:, 0, None] + torch.arange(height)
    columns = offsets[:, 1, None] + torch.arange(width)
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def fit(recipe: Recipe, split: Split, seed: int) -> Classifier:
    """Train on one split with AdamW on a one-cycle schedule; every draw comes from ``seed``."""
    assert split.y is not None
    rng = np.random.Generator(np.random.Philox(seed))
    with kit.seeded(seed):
        net = Classifier(recipe, split.spec.shape, split.spec.classes)
    x, y = torch.from_numpy(split.scaled()), torch.from_numpy(split.y)
    per_epoch = len(x) // recipe.batch
    optimiser = torch.optim.AdamW(net.parameters(), lr=recipe.lr, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.lr, total_steps=recipe.epochs * per_epoch)
    for _ in range(recipe.epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        offsets = torch.from_numpy(rng.integers(0, 2 * recipe.shift + 1, (len(x), 2)))
        for i in range(per_epoch):
            rows = order[i * recipe.batch : (i + 1) * recipe.batch]
            _, logits = net(shifted(x[rows], offsets[rows], recipe.shift))
            kit.descend(optimiser, cross_entropy(logits, y[rows], label_smoothing=recipe.smoothing))
            schedule.step()
    return net.eval()


def accuracy(path: Path, split: Split) -> float:
    """Share of ``split`` that the ONNX file at ``path`` classifies rightly."""
    import onnxruntime

    assert split.y is not None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = split.scaled()
    right = 0
    for start in range(0, len(x), SCORE_BATCH):
        (logits,) = session.run(["logits"], {"x": x[start : start + SCORE_BATCH]})
        right += int((logits.argmax(1) == split.y[start : start + SCORE_BATCH]).sum())
    return right / len(x)


def build(dataset: Any, recipe: Recipe, seed: int, command: str, path: Path) -> float:
    """Train, write ``path`` with its accuracy and command in the metadata, and return the held-out accuracy."""
    net = fit(recipe, dataset.train, seed)
    examples = {"x": torch.zeros(onnx_file.EXAMPLE_BATCH, *dataset.spec.shape)}
    onnx_file.write(net, examples, ["features", "logits"], path)
    measured = accuracy(path, dataset.heldout)
    onnx_file.annotate(path, {"dataset": dataset.spec.name, "accuracy": f"{measured:.4f}", "command": command})
    return measured


def main(arguments: list[str] | None = None) -> int:
    """The command line; prints the held-out accuracy."""
    import ganzoo

    parser = argparse.ArgumentParser("python -m ganzoo_torch.train_extractor", description="Train an extractor.")
    parser.add_argument("dataset", choices=sorted(RECIPES))
    parser.add_argument("--data-dir", type=Path, default=None, help="folder with the dataset's files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the ONNX file to write")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    dataset = ganzoo.dataset(given.dataset, given.data_dir)
    command = f"python -m ganzoo_torch.train_extractor {given.dataset} --seed {given.seed} -o {given.output.name}"
    measured = build(dataset, RECIPES[given.dataset], given.seed, command, given.output)
    sys.stdout.write(f"{given.output}: held-out accuracy {measured:.4f}, {given.output.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
