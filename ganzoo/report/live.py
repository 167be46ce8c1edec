"""The page that runs generators in the browser: ``live/`` of a report.

Browsers let no page that was opened from the disk read other files, but load scripts. So the binary of the runtime and
the generators are packed (zlib, base64) into scripts, each loaded when it is needed.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.escaping import one_line
from ganzoo.files import write_bytes
from ganzoo.labels import called
from ganzoo.report.runtime import Runtime, fetch_runtime

if TYPE_CHECKING:
    from ganzoo.generator.contract import GeneratorInfo

FOLDER = "live"
_ASSETS = Path(__file__).parent / "assets"
_PAGE = {
    "index.html": "live.html",
    "live.css": "live.css",
    "latents.js": "latents.js",
    "engine.js": "engine.js",
    "drawing.js": "drawing.js",
    "live.js": "live.js",
    "runtime/LICENSE.txt": "onnxruntime-LICENSE.txt",
}
"""What is written as it is shipped: its name in the page's folder, and among the assets."""


@dataclass(frozen=True)
class LiveModel:
    """A generator to run in the page."""

    name: str
    """What it is called; any text."""
    dataset: str
    """What it was trained on; any text."""
    onnx: Path
    class_names: tuple[str, ...] = ()
    """Of the classes that it can be asked for; none: as the file says, or else by number."""


def slugs(models: Sequence[LiveModel]) -> list[str]:
    """The name of each generator in links to the page, ``live/index.html#model=SLUG``; no two are the same."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for model in models:
        plain = re.sub(r"[^a-z0-9._-]+", "-", f"{model.dataset}-{model.name}".lower()).strip("-.") or "model"
        slug = plain
        while slug in found:
            seen[plain] += 1
            slug = f"{plain}-{seen[plain] + 1}"
        found.append(slug)
    return found


def write_live(models: Sequence[LiveModel], folder: Path, runtime: Runtime | None = None) -> list[Path]:
    """Write the page below ``folder``, and return its files, ``live/index.html`` first.

    Without ``runtime`` it is taken from the cache or the network. Everything is read before anything is written. Raises
    DataError where there is no runtime, ModelError for a file that is no generator, StoreError where writing fails.
    """
    content = {name: (_ASSETS / asset).read_bytes() for name, asset in _PAGE.items()}
    content |= _generators(models)
    content |= _runtime(runtime or fetch_runtime())
    for name, data in content.items():
        write_bytes(folder / FOLDER / name, data)
    return [folder / FOLDER / name for name in content]


def _generators(models: Sequence[LiveModel]) -> dict[str, bytes]:
    """The list of the generators, and a script for each."""
    from ganzoo.generator.engine import Generator

    content: dict[str, bytes] = {}
    listed = []
    for slug, model in zip(slugs(models), models, strict=True):
        listed.append(_entry(slug, model, Generator(model.onnx, device="cpu").info))
        content[f"models/{slug}.js"] = _script({f"models/{slug}": model.onnx.read_bytes()})
    return {"models.js": f'"use strict";\nconst MODELS = {json.dumps(listed, indent=1)};\n'.encode(), **content}


def _entry(slug: str, model: LiveModel, info: GeneratorInfo) -> dict[str, Any]:
    """What the page has to know of a generator before it loads it."""
    names = (model.class_names or called(info.class_names, info.latent.classes)) if info.latent.classes else ()
    return {
        "slug": slug,
        "name": one_line(model.name),
        "dataset": one_line(model.dataset),
        "latent": msgspec.to_builtins(info.latent),
        "kind": info.data.kind,
        "shape": list(info.data.shape),
        "classNames": [one_line(name) for name in names],
    }


def _runtime(runtime: Runtime) -> dict[str, bytes]:
    content = {
        "runtime/ort.wasm.min.js": runtime.script,
        "runtime/packed.js": _script({"glue": runtime.glue, "wasm": runtime.wasm}),
    }
    if notices := _notices():
        content["runtime/ThirdPartyNotices.txt"] = notices
    return content


def _script(files: Mapping[str, bytes]) -> bytes:
    """A script that hands the page some files."""
    packed = {name: base64.b64encode(zlib.compress(data, 9)).decode() for name, data in files.items()}
    return "".join(f"PACKED[{json.dumps(name)}] = {json.dumps(data)};\n" for name, data in packed.items()).encode()


def _notices() -> bytes:
    """The licences of what is built into ONNX Runtime, which its Python package brings; b"" where that lacks them."""
    spec = importlib.util.find_spec("onnxruntime")
    places = list(spec.submodule_search_locations or ()) if spec else []
    files = [Path(place) / "ThirdPartyNotices.txt" for place in places]
    return next((file.read_bytes() for file in files if file.is_file()), b"")
