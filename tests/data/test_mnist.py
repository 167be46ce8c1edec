from __future__ import annotations

import gzip
import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import files, load
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.idx import parse_idx
from ganzoo.data.mnist import file_names, load_idx_set
from ganzoo.data.published import FASHION_MNIST, MNIST, IdxFile, IdxSet
from ganzoo.errors import DataError

SHARED = Path(__file__).parents[3] / "shared" / "data" / "mnist"


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise ConnectionError("no network in tests")

    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.retrieve", refuse)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_set() -> tuple[IdxSet, dict[str, bytes]]:
    rng = np.random.default_rng(1)
    contents = {}
    entries = []
    for published, rows in zip(MNIST.files, (20, 20, 10, 10), strict=True):
        shape = (rows, 4, 3) if "images" in published.name else (rows,)
        array = (
            rng.integers(256, size=shape, dtype=np.uint8) if len(shape) > 1 else np.arange(rows, dtype=np.uint8) % 10
        )
        contents[published.name] = idx(array)
        entries.append(IdxFile(published.name, shape, "0" * 32, hashlib.sha256(idx(array)).hexdigest()))
    return replace(MNIST, files=tuple(entries)), contents


def test_gzip_plain_and_dotted_names_give_the_same(tmp_path: Path) -> None:
    published, contents = small_set()
    digests = set()
    for kind in range(4):
        folder = tmp_path / str(kind)
        folder.mkdir()
        for file in published.files:
            name = file_names(file)[kind]
            packed = gzip.compress(contents[file.name]) if name.endswith(".gz") else contents[file.name]
            (folder / name).write_bytes(packed)
        data = load_idx_set(published, folder)
        digests.add(data.digest)
    assert len(digests) == 1
    assert data.train.x.shape == (20, 1, 4, 3)
    assert data.heldout.y is not None
    assert data.heldout.y.tolist() == list(range(10))
    assert data.train.x.tobytes() == contents[published.files[0].name][16:]


def test_names() -> None:
    assert file_names(MNIST.files[0]) == (
        "train-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte",
        "train-images.idx3-ubyte.gz",
        "train-images.idx3-ubyte",
    )


def test_the_name_does_not_decide_whether_a_file_is_gzip(tmp_path: Path) -> None:
    published, contents = small_set()
    for name, content in contents.items():
        (tmp_path / f"{name}.gz").write_bytes(content)
    assert len(load_idx_set(published, tmp_path).train) == 20


def write(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))


def test_cache_is_used_after_the_data_dir(tmp_path: Path) -> None:
    published, contents = small_set()
    write(files.cache_dir() / "mnist", contents)
    assert files.cache_dir() == tmp_path / "cache" / "data"
    assert len(load_idx_set(published, None).train) == 20
    write(tmp_path / "own", {published.files[1].name: b"junk"})
    with pytest.raises(DataError, match=r"own/train-labels-idx1-ubyte\.gz is no IDX file"):
        load_idx_set(published, tmp_path / "own")


def test_wrong_content_names_file_and_both_hashes(tmp_path: Path) -> None:
    published, contents = small_set()
    first = published.files[0]
    changed = contents[first.name][:-1] + bytes([contents[first.name][-1] ^ 1])
    write(tmp_path, {**contents, first.name: changed})
    found = hashlib.sha256(changed).hexdigest()[:12]
    with pytest.raises(DataError, match=rf"{first.name}.*begins with {found}, not {first.sha256[:12]}"):
        load_idx_set(published, tmp_path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda packed: packed[:-9], "cannot be read"),
        (lambda packed: packed[:20] + bytes(8) + packed[28:], "cannot be read"),
        (lambda packed: b"", "no IDX file of bytes: it begins with nothing"),
        (lambda packed: gzip.compress(bytes(10_000_000)), "more than the 256 bytes expected"),
        (lambda packed: gzip.compress(gzip.decompress(packed)[:-1]), "has 239 values, but its header says 20 × 4 × 3"),
        (lambda packed: gzip.compress(gzip.decompress(packed)[:9]), "ends within its header, after 9 of 16"),
        (lambda packed: gzip.compress(b"\0\0\x0d" + gzip.decompress(packed)[3:]), "begins with 00000d03"),
        (lambda packed: gzip.compress(idx(np.zeros((20, 3, 4), np.uint8))), "has the shape"),
    ],
)
def test_damaged_files_are_one_sentence(tmp_path: Path, damage: object, message: str) -> None:
    published, contents = small_set()
    write(tmp_path, contents)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=message) as caught:
        load_idx_set(published, tmp_path)
    assert "train-images-idx3-ubyte" in caught.value.message
    assert caught.value.hint


def test_without_network_the_message_says_which_files_go_where(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded \\(ConnectionError\\)") as caught:
        load_idx_set(FASHION_MNIST, tmp_path)
    for file in FASHION_MNIST.files:
        assert f"{file.name}.gz" in caught.value.hint
    assert str(files.cache_dir() / "fashion-mnist") in caught.value.hint


def test_download_tries_each_mirror_with_the_published_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    published, contents = small_set()
    calls = []

    def retrieve(url: str, known_hash: str, fname: str, path: Path) -> str:
        calls.append((url, known_hash))
        if url.startswith(published.mirrors[0]):
            raise ValueError("wrong hash")
        (path / fname).write_bytes(gzip.compress(contents[fname.removesuffix(".gz")]))
        return str(path / fname)

    monkeypatch.setattr("pooch.retrieve", retrieve)
    assert len(load_idx_set(published, None).train) == 20
    name = "train-images-idx3-ubyte.gz"
    assert calls[:2] == [(mirror + name, "md5:" + "0" * 32) for mirror in published.mirrors]
    assert len(calls) == 8
    calls.clear()
    load_idx_set(published, None)
    assert calls == []


def test_unwritable_cache_is_a_data_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="could not be downloaded"):
        load_idx_set(MNIST, None)


def test_unknown_content_must_be_balanced_and_in_range(tmp_path: Path) -> None:
    published, contents = small_set()
    unknown = replace(published, files=tuple(replace(f, sha256="") for f in published.files), balanced=True)
    write(tmp_path, contents)
    assert len(load_idx_set(unknown, tmp_path).train) == 20
    labels = np.arange(20, dtype=np.uint8) % 10
    labels[0] = 1
    write(tmp_path, {unknown.files[1].name: idx(labels)})
    with pytest.raises(DataError, match="between 1 and 3 samples of a class"):
        load_idx_set(unknown, tmp_path)
    labels[0] = 10
    write(tmp_path, {unknown.files[1].name: idx(labels)})
    with pytest.raises(DataError, match="has the label 10"):
        load_idx_set(unknown, tmp_path)


def test_parse_idx_keeps_the_values() -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(parse_idx(idx(array), "x"), array)


needs_mnist = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the real MNIST is not at {SHARED}")


@needs_mnist
def test_real_mnist() -> None:
    data = load("mnist", {source.name: source for source in builtin_sources()}, SHARED)
    assert (data.train.x.shape, data.heldout.x.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert data.train.y is not None and data.heldout.y is not None
    assert data.train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.heldout.y[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.train.x.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


@needs_mnist
def test_mnist_is_not_taken_for_fashion_mnist() -> None:
    with pytest.raises(DataError, match="is train-images-idx3-ubyte of mnist, not of fashion-mnist"):
        load_idx_set(FASHION_MNIST, SHARED)
