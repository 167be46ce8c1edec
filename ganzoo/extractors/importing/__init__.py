"""Importing extractors: the FID Inception from its official weights, and any other network from its ONNX file.

An imported file takes bytes, ``x`` uint8 [N, C, H, W], and holds all that is done to them: resize, range, mean and
standard deviation, token. What was done is written into its metadata, and its sha256 is its identity.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import ModelError, OptionError
from ganzoo.extractors.catalogue import INCEPTION, imported_file, shipped_extractors
from ganzoo.extractors.graph import ExtractorInfo, with_info
from ganzoo.extractors.importing.reading import Adapter
from ganzoo.extractors.importing.wrapping import adapted
from ganzoo.extractors.inception import SIDE, inception_model
from ganzoo.extractors.torch_weights import state_dict
from ganzoo.files import write_bytes
from ganzoo.generator.engine import read_model
from ganzoo.naming import LONGEST, is_name

WEIGHTS = "pt_inception-2015-12-05-6726825d.pth"
WEIGHTS_URL = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{WEIGHTS}"
WEIGHTS_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
_TORCHSCRIPT_SHA256 = "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4"

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Means and standard deviations of ImageNet's red, green and blue, in the range 0..1."""
PRESETS = {
    "dinov2": Adapter(
        names=("pixel_values", "last_hidden_state"),
        value_range="0,1",
        resize="bicubic",
        size=224,
        width=1024,
        mean=IMAGENET[0],
        std=IMAGENET[1],
    )
}
"""Networks with published numbers, and how images were prepared for them."""


class Imported(NamedTuple):
    """What an import made, and what it had to infer."""

    path: Path
    sha256: str
    notes: tuple[str, ...]


def import_inception(file: Path | None = None) -> Path:
    """Convert the official weights into the user's cache and return the ONNX file.

    Without ``file`` they are downloaded, unless the conversion is there already. Raises ModelError for a file with
    another content, and where the download fails.
    """
    target = imported_file(INCEPTION)
    if file is None and target.exists():
        return target
    model = inception_model(state_dict(_official(file) if file else _downloaded(target.parent), WEIGHTS))
    policy = f"resize tf1 {SIDE}×{SIDE}; (x - 128) / 128"
    info = ExtractorInfo(summary="FID Inception", policy=policy, source_sha256=WEIGHTS_SHA256, size=(SIDE, SIDE))
    write_bytes(target, with_info(model, info))
    return target


def _official(file: Path) -> bytes:
    content = read_model(file)
    found = hashlib.sha256(content).hexdigest()
    if found == WEIGHTS_SHA256:
        return content
    script = " (it is NVIDIA's TorchScript file of the same network)" if found == _TORCHSCRIPT_SHA256 else ""
    raise ModelError(
        f"{file} is not the file of the FID Inception: its sha256 is {found}{script}, and should be {WEIGHTS_SHA256}.",
        f"Give {WEIGHTS} (95,628,359 bytes) from {WEIGHTS_URL}.",
    )


def _downloaded(folder: Path) -> bytes:
    import pooch

    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The weights themselves are not kept: the conversion holds them.
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            return Path(
                pooch.retrieve(WEIGHTS_URL, known_hash=f"sha256:{WEIGHTS_SHA256}", fname=WEIGHTS, path=temporary)
            ).read_bytes()
    except (OSError, ValueError) as error:
        reason = "its sha256 is not the published one" if isinstance(error, ValueError) else type(error).__name__
        raise ModelError(
            f"{WEIGHTS_URL} could not be downloaded ({reason}).",
            f"Fetch it elsewhere and run 'ganzoo extractor import {INCEPTION} FILE'.",
        ) from error


def import_onnx(name: str, file: Path, wanted: Adapter | None = None) -> Imported:
    """Adapt an ONNX file and put it into the user's cache as the extractor ``name``.

    What ``wanted`` leaves open is taken from the preset of that name, then inferred where one reading is possible.
    Raises OptionError for a bad name and for what must be notes, ModelError for a file that is no extractor.
    """
    _check_name(name)
    adapter = (wanted or Adapter()).over(PRESETS.get(name, Adapter()))
    content = read_model(file)
    model, policy, size, notes = adapted(file, adapter)
    digest = hashlib.sha256(content).hexdigest()
    info = ExtractorInfo(summary=f"imported from {file.name}", policy=policy, source_sha256=digest, size=size)
    result = with_info(model, info)
    target = imported_file(name)
    if target.exists():
        notes = [*notes, f"It replaces the extractor '{name}' that was imported before."]
    write_bytes(target, result)
    return Imported(target, hashlib.sha256(result).hexdigest(), tuple(notes))


def _check_name(name: str) -> None:
    if not is_name(name) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise OptionError(
            f"'{name}' cannot be the name of an extractor.",
            f"Use up to {LONGEST} lower-case letters, digits, '.', '_' and '-'.",
        )
    if name in {source.name for source in shipped_extractors()}:
        raise OptionError(f"'{name}' is one of ganzoo's own extractors.", "Give the import another name.")
