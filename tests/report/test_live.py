"""What the page of running generators is made of; how it works is tested in tests/page."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path

import pytest

from ganzoo.errors import ModelError, UsageError
from ganzoo.registry import load
from ganzoo.report import live
from ganzoo.report.live import LiveModel, slugs, write_live
from ganzoo.report.runtime import Runtime
from ganzoo.report.site import write_report
from ganzoo.training.runs import RunStore

from .test_site import seed_0

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = Runtime(b"script", b"glue", b"wasm")


def packed(text: str) -> dict[str, bytes]:
    """What a script hands to the page."""
    found = re.findall(r"^PACKED\[(\".*\")\] = (\".*\");$", text, re.MULTILINE)
    return {json.loads(name): zlib.decompress(base64.b64decode(json.loads(data))) for name, data in found}


def test_the_latents_of_the_page_are_those_of_the_documentation() -> None:
    (listing,) = re.findall(r"^```js\n(.*?)^```", (ROOT / "docs" / "onnx.md").read_text(), re.MULTILINE | re.DOTALL)
    assert (Path(live.__file__).parent / "assets" / "latents.js").read_text() == listing


def test_the_page_holds_the_generators_and_the_runtime(store: RunStore, tmp_path: Path) -> None:
    onnx = seed_0(store).file("generator.onnx")
    models = [LiveModel("a", "digits", onnx), LiveModel('b"</script>\u202e', "digits", onnx, ("x",) * 10)]
    written = write_live(models, tmp_path, RUNTIME)
    assert written[0] == tmp_path / "live" / "index.html" and all(path.is_file() for path in written)
    listed = (tmp_path / "live" / "models.js").read_text()
    (entries,) = re.findall(r"const MODELS = (.*);\n", listed, re.DOTALL)
    assert [(each["slug"], each["kind"], each["shape"]) for each in json.loads(entries)] == [
        ("digits-a", "image", [1, 8, 8]),
        ("digits-b-script", "image", [1, 8, 8]),
    ]
    assert json.loads(entries)[0]["latent"]["z_dim"] > 0
    for slug in slugs(models):
        assert packed((tmp_path / "live" / "models" / f"{slug}.js").read_text()) == {
            f"models/{slug}": onnx.read_bytes()
        }
    assert packed((tmp_path / "live" / "runtime" / "packed.js").read_text()) == {"glue": b"glue", "wasm": b"wasm"}
    assert "MIT" in (tmp_path / "live" / "runtime" / "LICENSE.txt").read_text()
    first = {path: path.read_bytes() for path in written}
    assert {path: path.read_bytes() for path in write_live(models, tmp_path, RUNTIME)} == first


def test_names_that_are_alike_have_links_of_their_own(tmp_path: Path) -> None:
    named = [LiveModel(name, "d", tmp_path) for name in ("A", "a", "a ", "a-2", "é", "数")]
    found = slugs(named)
    assert found[:2] == ["d-a", "d-a-2"] and len(set(found)) == 6
    assert all(re.fullmatch(r"[a-z0-9._-]+", slug) for slug in found)


def test_what_is_no_generator_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        write_live([LiveModel("x", "d", tmp_path / "x.onnx")], tmp_path / "out", RUNTIME)
    assert not (tmp_path / "out").exists()


def test_one_file_holds_no_generators(boards: Path, store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Generators that run in the page are files of their own"):
        write_report(boards, store, load(), tmp_path / "report", single_file=True, live=True)
