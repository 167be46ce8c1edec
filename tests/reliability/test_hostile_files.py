"""Small files that declare, or become, far more than a machine has: one sentence, exit code 1, no memory taken.

Each is given to the command line in a process of its own, whose largest memory is looked at.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from ganzoo.generator.contract import METADATA_KEY
from ganzoo.limits import VARIABLE
from ganzoo.types import LatentSpec

MOST_MB = 400
"""ONNX Runtime and NumPy take a quarter of it; the smallest of these files would take 3 GB."""
COMMAND = """
import re, resource, sys
from pathlib import Path
from ganzoo.cli import main

def peak():
    if sys.platform == "linux":  # where that of getrusage is at least what the parent had when it forked
        return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

try:
    main()
finally:
    print(peak(), file=sys.stderr)
"""
LATENT = LatentSpec(z_dim=4)


def refused(*arguments: object) -> str:
    """The one sentence of a command that fails, with exit code 1 and within MOST_MB."""
    command = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    *lines, peak = done.stderr.splitlines()
    text = "\n".join(lines)
    assert done.returncode == 1, text
    assert len(lines) == 1, text
    assert text.startswith("Error: "), text
    assert "inside ganzoo" not in text
    scale = 1 if sys.platform == "darwin" else 1024  # in bytes there
    assert int(peak) * scale < MOST_MB * 10**6, text
    return text


def generator(path: Path, change: Callable[[dict[str, Any]], object] = lambda _: None, **more: Any) -> Path:
    """A generator whose metadata were changed."""
    graphs.linear(path, LATENT, (1, 8, 8), **more)
    model = onnx.load(path)
    told = msgspec.to_builtins(graphs.info(LATENT, msgspec.structs.replace(graphs.IMAGES, classes=0)))
    change(told)
    helper.set_model_props(model, {METADATA_KEY: json.dumps(told)})
    onnx.save(model, path)
    return path


def test_the_files_are_sound_where_nothing_is_changed(tmp_path: Path) -> None:
    sample = ("sample", generator(tmp_path / "a.onnx"), "-n", 2, "-o", tmp_path / "a.png")
    command = [sys.executable, "-c", COMMAND, *map(str, sample)]
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda told: told["latent"].update(z_dim=10**12),
            "64 latents of a.onnx, 1000000000000 numbers each",
        ),
        (lambda told: told["latent"].update(z_dim=-5), "latent.z_dim is -5, and must be 1 or more"),
        (lambda told: told["latent"].update(classes=10**12), "The 1000000000000 classes of a.onnx would take"),
        (lambda told: told["data"].update(shape=[3, 10**6, 10**6]), "64 samples of a.onnx, 3000000000000 numbers each"),
        (lambda told: told["data"].update(shape=[1, 16, 16]), r"declares 'x' as .*, but by its metadata it is"),
    ],
)
def test_sizes_in_metadata(change: Callable[[dict[str, Any]], object], words: str, tmp_path: Path) -> None:
    path = generator(tmp_path / "a.onnx", change, out_shape=["N", 1, 8, 8])
    found = refused("sample", path, "-n", 2, "-o", tmp_path / "a.png")
    assert re.search(words, found), found


def test_a_constant_of_three_gigabytes(tmp_path: Path) -> None:
    ones = numpy_helper.from_array(np.ones(1, np.float32))
    shape = numpy_helper.from_array(np.array([3, 1 << 14, 1 << 14]), "three")
    nodes = [
        helper.make_node("Constant", [], ["three"], value=shape),
        helper.make_node("ConstantOfShape", ["three"], ["large"], value=ones),
        helper.make_node("ReduceMean", ["large"], ["mean"], keepdims=0),
        helper.make_node("Add", ["flat", "mean"], ["sum"]),
    ]
    path = generator(tmp_path / "a.onnx", extra=nodes, source="sum")
    found = refused("sample", path, "-n", 2, "-o", tmp_path / "a.png")
    assert "'large' of a.onnx, [3, 16384, 16384], would take 3.22 GB of memory" in found
    assert f"Set {VARIABLE}=4GB to allow it." in found


def test_text_in_metadata_that_is_none(tmp_path: Path) -> None:
    path = generator(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes().replace(b'"fake"', b'"f\xff\xfee"'))
    assert "not UTF-8" in refused("sample", path, "-n", 2, "-o", tmp_path / "a.png")


def test_three_gigabytes_in_an_npz_file(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w", force_zip64=True) as x:
        header = {"descr": "|u1", "fortran_order": False, "shape": (1024, 3, 1024, 1024)}
        np.lib.format.write_array_header_1_0(x, header)
        x.write(bytes(1 << 20))
    assert path.stat().st_size < 10_000
    for arguments in (("data", f"npz:{path}"), ("score", path, "--data", "digits")):
        assert "uint8 [1024, 3, 1024, 1024], would take 3.22 GB" in refused(*arguments)


def test_pictures_of_169_million_pixels(tmp_path: Path) -> None:
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(_png(13_000, b""))
    found = refused("score", f"folder:{tmp_path}", "--data", "digits")
    assert "13000×13000 pixels, would take 4.06 GB of memory, and one file may take 2.15 GB" in found
    assert "2 of 2 images cannot be read" in refused("data", f"folder:{tmp_path}")


def _png(side: int, rows: bytes) -> bytes:
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
