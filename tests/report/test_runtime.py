"""Packages of npm's registry: nothing but what was written down gets in."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from ganzoo.errors import DataError
from ganzoo.report import runtime
from ganzoo.report.runtime import NpmPackage, package_files


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the registry serves, last in the list; nothing: it cannot be reached."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    content: list[bytes] = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path) -> str:
        if not content:
            raise OSError("no network")
        (Path(path) / fname).write_bytes(content[-1])
        if f"sha256:{digest(content[-1])}" != known_hash:
            raise ValueError("hash")
        return str(Path(path) / fname)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    return content


def package(made: bytes, files: dict[str, bytes]) -> NpmPackage:
    return NpmPackage("some", "1.0.0", digest(made), {name: digest(each) for name, each in files.items()}, 1)


def test_files_are_fetched_once_and_fetched_again_where_the_cache_was_changed(served: list[bytes]) -> None:
    files = {"dist/a.js": b"a", "dist/b.wasm": b"b"}
    served.append(archive({**files, "README": b"x"}))
    some = package(served[-1], files)
    assert package_files(some) == files
    assert sorted(path.name for path in some.folder.iterdir() if path.suffix != ".lock") == ["a.js", "b.wasm"]
    made = served.pop()
    assert package_files(some) == files, "from the cache"
    (some.folder / "a.js").write_bytes(b"changed")
    with pytest.raises(DataError, match=r"could not be fetched into .*OSError"):
        package_files(some)
    served.append(made)
    assert package_files(some) == files


@pytest.mark.parametrize("what", ["archive", "file", "missing", "folder"])
def test_anything_else_is_refused(what: str, served: list[bytes]) -> None:
    files = {"a.js": b"a"}
    others = {"archive": {"a.js": b"a", "b": b""}, "file": {"a.js": b"x"}, "missing": {}, "folder": {"a.js/x": b"a"}}
    other = others[what]
    served.append(archive(other))
    some = package(archive(files) if what == "archive" else served[-1], files)
    with pytest.raises(DataError, match="could not be fetched"):
        package_files(some)
    assert not (some.folder / "a.js").exists()


def test_the_runtime_is_three_files(served: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    names = list(runtime.ONNXRUNTIME_WEB.files)
    monkeypatch.setattr(runtime, "package_files", lambda package: {name: name.encode() for name in package.files})
    found = runtime.fetch_runtime()
    assert [found.script, found.glue, found.wasm] == [name.encode() for name in names]
