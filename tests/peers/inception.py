"""The ONNX Inception beside the real torch-fidelity and pytorch-fid, on random weights in a file that torch wrote.

    PYTHONPATH=. .venv-peers/bin/python tests/peers/inception.py

Prints a Markdown table of the largest difference at each tap. The weights go the whole way: ``torch.save``, ganzoo's
reader of such files, the conversion, ONNX Runtime.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytorch_fid.inception
import torch
import torchvision
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from ganzoo.extractors.inception import LOGITS, POOLED, SPATIAL, TAPS, inception_model
from ganzoo.extractors.torch_weights import state_dict

LIMIT = 1e-4
SIZES = ((32, 32), (64, 48), (256, 256), (299, 299), (320, 512))
N = 4
Run = Callable[[np.ndarray], dict[str, np.ndarray]]


def random_weights() -> dict[str, torch.Tensor]:
    """Torchvision's network with random weights; statistics near those of what reaches each batch norm, not equal."""
    torch.manual_seed(0)
    net = torchvision.models.inception_v3(weights=None, num_classes=1008, aux_logits=False, init_weights=False).eval()
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
        elif isinstance(layer, torch.nn.BatchNorm2d):
            layer.register_forward_pre_hook(settle)
    with torch.no_grad():
        net(torch.from_numpy(images(299, 299)).float() / 128 - 1)
    return net.state_dict()


def settle(norm: torch.nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
    """Give a batch norm its statistics and its affine part."""
    mean, std = inputs[0].mean((0, 2, 3)), inputs[0].std((0, 2, 3))
    norm.running_mean.copy_(mean + 0.2 * std * torch.randn_like(mean))
    norm.running_var.copy_((std * (0.7 + 0.7 * torch.rand_like(std))) ** 2)
    norm.weight.uniform_(0.6, 1.3)
    norm.bias.normal_(0.5, 0.3)


def images(height: int, width: int) -> np.ndarray:
    """Uint8 [N, 3, H, W]: noise over smooth fields."""
    draw = np.random.default_rng(height * 1000 + width)
    rows, columns = np.linspace(0, 3, height)[:, None], np.linspace(0, 3, width)[None]
    waves = np.sin(draw.uniform(0, 6, (N, 3, 1, 1)) + draw.uniform(1, 3, (N, 3, 1, 1)) * rows + columns)
    return np.clip(128 + 90 * waves + draw.normal(0, 25, (N, 3, height, width)), 0, 255).astype(np.uint8)


def ours(file: Path) -> Run:
    """The ONNX graph of the weights in ``file``."""
    content = inception_model(state_dict(file.read_bytes(), str(file))).SerializeToString()
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda x: dict(zip(names, session.run(names, {"x": x}), strict=True))


def torch_fidelity(file: Path) -> Run:
    """Its own extractor, given the file by its own option."""
    names = [*POOLED, LOGITS]
    net = FeatureExtractorInceptionV3("peer", names, feature_extractor_weights_path=str(file))
    branch: list[torch.Tensor] = []
    net.Mixed_6d.branch1x1.register_forward_hook(lambda module, inputs, output: branch.append(output))

    def run(x: np.ndarray) -> dict[str, np.ndarray]:
        found = dict(zip(names, (value.numpy() for value in net(torch.from_numpy(x))), strict=True))
        return found | {SPATIAL: branch.pop()[:, :7].permute(0, 2, 3, 1).flatten(1).numpy()}

    return run


def pytorch_fid_net(file: Path) -> Run:
    """Its network: it takes 299 px only here, as u / 256, because its resize and its scale (u / 255) are others."""
    state = torch.load(file)

    def load(*args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:
        return state

    pytorch_fid.inception.load_state_dict_from_url = load
    net = pytorch_fid.inception.InceptionV3(list(range(len(POOLED))), resize_input=False).eval()

    def run(x: np.ndarray) -> dict[str, np.ndarray]:
        with torch.no_grad():
            values = net(torch.from_numpy(x).float() / 256)
        return {name: value.mean((2, 3)).numpy() for name, value in zip(POOLED, values, strict=True)}

    return run


def rows() -> list[str]:
    """The Markdown table: peers and sizes down, taps across, the largest absolute difference in each cell."""
    columns = [*TAPS, LOGITS]
    lines = [f"| peer | image | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.pth"
        torch.save(random_weights(), file, _use_new_zipfile_serialization=False)
        mine = ours(file)
        peers = (
            (f"torch-fidelity {version('torch-fidelity')}", torch_fidelity(file), SIZES),
            (f"pytorch-fid {version('pytorch-fid')} (network)", pytorch_fid_net(file), ((299, 299),)),
        )
        for name, peer, sizes in peers:
            for height, width in sizes:
                x = images(height, width)
                found, wanted = mine(x), peer(x)
                cells = [f"{np.abs(found[tap] - wanted[tap]).max():.1e}" if tap in wanted else "" for tap in columns]
                lines.append(f"| {name} | {width} × {height} | {' | '.join(cells)} |")
            lines.append(f"| its values: std | | {' | '.join(spread(wanted, columns))} |")
    return lines


def spread(values: dict[str, np.ndarray], columns: list[str]) -> list[str]:
    """How large the compared values are."""
    return [f"{values[tap].std():.2f}" if tap in values else "" for tap in columns]


def main() -> None:
    """Print the table; exit 1 where a difference exceeds the limit."""
    lines = rows()
    sys.stdout.write("\n".join(lines) + "\n")
    cells = [cell for line in lines[2:] if "values" not in line for cell in line.split("|")[3:-1]]
    sys.exit(any(float(cell) > LIMIT for cell in cells if cell.strip()))


if __name__ == "__main__":
    main()
