from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data.cifar import load_cifar
from ganzoo.data.plain_pickle import read_plain_pickle
from ganzoo.data.published import CIFAR10, CifarSet
from ganzoo.errors import DataError

ROWS = 10
SMALL = replace(CIFAR10, rows=ROWS, python_md5={})
NAMES = (*CIFAR10.train, CIFAR10.test)
Batches = dict[str, tuple[np.ndarray, list[int]]]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise ConnectionError("no network in tests")

    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.retrieve", refuse)


@pytest.fixture
def batches() -> Batches:
    rng = np.random.default_rng(2)
    return {
        name: (rng.integers(256, size=(ROWS, 3072), dtype=np.uint8), rng.permutation(10).tolist()) for name in NAMES
    }


def python3_batch(data: np.ndarray, labels: list[int]) -> bytes:
    return pickle.dumps({b"batch_label": b"a batch", b"labels": labels, b"data": data}, protocol=2)


def python2_batch(data: np.ndarray, labels: list[int]) -> bytes:
    """The layout of the published files, as cPickle of Python 2 with NumPy 1 wrote them."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    raw = data.tobytes()
    parts = [
        b"\x80\x02}q\x01(",
        text(b"batch_label") + b"q\x02" + text(b"training batch 1 of 5") + b"q\x03",
        text(b"labels") + b"q\x04]q\x05(" + b"".join(b"K" + bytes([label]) for label in labels) + b"e",
        text(b"data") + b"q\x06cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85",
        text(b"b") + b"\x87Rq\x09(K\x01" + b"K" + bytes([len(data)]) + b"M" + struct.pack("<H", 3072) + b"\x86",
        b"cnumpy\ndtype\nq\x0a" + text(b"u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + text(b"|"),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
        b"T" + struct.pack("<i", len(raw)) + raw + b"tb",
        text(b"filenames") + b"q\x0c]q\x0d(" + text(b"a.png") + text(b"b.png") + b"eu.",
    ]
    return b"".join(parts)


def binary_batch(data: np.ndarray, labels: list[int]) -> bytes:
    return np.concatenate([np.array(labels, np.uint8)[:, None], data], axis=1).tobytes()


FORMS = {
    "cifar-10-batches-py": (python2_batch, ""),
    "cifar-10-batches-bin": (binary_batch, ".bin"),
}


def write_folder(root: Path, folder: str, batches: Batches, write: object = None) -> None:
    default, suffix = FORMS[folder]
    (root / folder).mkdir(parents=True)
    for name, batch in batches.items():
        (root / folder / f"{name}{suffix}").write_bytes((write or default)(*batch))  # type: ignore[operator]


def write_archive(root: Path, folder: str, archive: str, batches: Batches) -> None:
    root.mkdir()
    write, suffix = FORMS[folder]
    with tarfile.open(root / archive, "w:gz") as tar:
        for name, batch in {"readme.html": None, **batches}.items():
            content = write(*batch) if batch else b"<html>"
            info = tarfile.TarInfo(f"{folder}/{name}{suffix if batch else ''}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def test_all_forms_give_identical_arrays(tmp_path: Path, batches: Batches) -> None:
    write_folder(tmp_path / "a", "cifar-10-batches-py", batches)
    write_folder(tmp_path / "b", "cifar-10-batches-py", batches, python3_batch)
    write_folder(tmp_path / "c", "cifar-10-batches-bin", batches)
    write_archive(tmp_path / "d", "cifar-10-batches-py", "cifar-10-python.tar.gz", batches)
    write_archive(tmp_path / "e", "cifar-10-batches-bin", "cifar-10-binary.tar.gz", batches)
    loaded = [load_cifar(SMALL, tmp_path / name) for name in "abcde"]
    loaded += [load_cifar(SMALL, tmp_path / "a" / "cifar-10-batches-py")]
    loaded += [load_cifar(SMALL, tmp_path / "c" / "cifar-10-batches-bin")]
    assert len({data.digest for data in loaded}) == 1
    data = loaded[0]
    assert data.train.x.shape == (50, 3, 32, 32)
    np.testing.assert_array_equal(data.train.x[10, 2].ravel(), batches["data_batch_2"][0][0, 2048:])
    assert data.heldout.y is not None
    assert data.heldout.y.tolist() == batches["test_batch"][1]


def test_python_batches_are_held_to_their_md5(tmp_path: Path, batches: Batches) -> None:
    write_folder(tmp_path, "cifar-10-batches-py", batches)
    md5 = {name: hashlib.md5(python2_batch(*batch)).hexdigest() for name, batch in batches.items()}
    assert len(load_cifar(replace(SMALL, python_md5=md5), tmp_path).train) == 50
    md5["data_batch_3"] = "0" * 32
    with pytest.raises(DataError, match=r"data_batch_3 is not data_batch_3 of cifar10: its md5 begins with .*not 0000"):
        load_cifar(replace(SMALL, python_md5=md5), tmp_path)


def test_missing_batch(tmp_path: Path, batches: Batches) -> None:
    del batches["data_batch_4"]
    write_folder(tmp_path, "cifar-10-batches-bin", batches)
    with pytest.raises(DataError, match="lacks the batch data_batch_4"):
        load_cifar(SMALL, tmp_path)


def test_truncated_archive(tmp_path: Path, batches: Batches) -> None:
    write_archive(tmp_path / "d", "cifar-10-batches-bin", "cifar-10-binary.tar.gz", batches)
    path = tmp_path / "d" / "cifar-10-binary.tar.gz"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"cifar-10-binary.tar.gz (cannot be read|lacks the batch)"):
        load_cifar(SMALL, tmp_path / "d")
    path.write_bytes(b"not a tar at all")
    with pytest.raises(DataError, match="cannot be read"):
        load_cifar(SMALL, tmp_path / "d")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:-1], "is no batch of cifar10: 30729 bytes"),
        (lambda c: b"\x0b" + c[1:], "has the label 11|label"),
        (lambda c: bytes([(c[0] + 1) % 10]) + c[1:], "equally frequent"),
    ],
)
def test_wrong_binary_batch(tmp_path: Path, batches: Batches, change: object, message: str) -> None:
    write_folder(tmp_path, "cifar-10-batches-bin", batches)
    path = tmp_path / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DataError, match=message):
        load_cifar(SMALL, tmp_path)


@pytest.mark.parametrize(
    "batch",
    [
        {b"labels": [0] * ROWS},
        {b"data": np.zeros((ROWS, 3071), np.uint8), b"labels": [0] * ROWS},
        {b"data": np.zeros((ROWS, 3072), np.uint8), b"labels": [0] * (ROWS - 1)},
        {b"data": np.zeros((ROWS, 3072), np.uint8), b"labels": [10] * ROWS},
        {b"data": np.zeros((ROWS, 3072), np.uint8)},
    ],
)
def test_python_batch_of_the_wrong_form(tmp_path: Path, batches: Batches, batch: dict[bytes, object]) -> None:
    write_folder(tmp_path, "cifar-10-batches-py", batches)
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(DataError, match=r"data_batch_1 must hold '(data|labels)'"):
        load_cifar(SMALL, tmp_path)


def test_nothing_there_and_no_network(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz of cifar10 was found neither") as caught:
        load_cifar(CIFAR10, tmp_path)
    assert "cifar-10-binary.tar.gz into" in caught.value.hint


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, batches: Batches, protocol: int) -> None:
    mark = tmp_path / "ran"
    content = pickle.dumps({b"data": Evil(mark), b"labels": []}, protocol=protocol)
    write_folder(tmp_path, "cifar-10-batches-py", batches)
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_1 is refused: it names '(posix|nt) system'"):
        load_cifar(SMALL, tmp_path)
    assert not mark.exists()
    pickle.loads(content)  # noqa: S301 - shows that the bait works: the real unpickler runs it
    assert mark.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_pickle_reads_what_pickle_wrote(protocol: int) -> None:
    value = {"a": [1, -2, 300, 70000, 2**40, True, None], b"b": (b"x", "y\u00e9"), "c": {"d": []}, "e": ()}
    array = np.asfortranarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    read = read_plain_pickle(pickle.dumps({**value, "array": array}, protocol=protocol), "p")
    np.testing.assert_array_equal(read.pop("array"), array)
    assert read == {"a": value["a"], "b": value[b"b"], "c": {"d": []}, "e": ()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a": np.zeros(3, np.float32)}, protocol=2), "refused: it calls 'dtype'"),
        (pickle.dumps({"a": np.array([None])}, protocol=2), "refused"),
        (pickle.dumps({"a": 1.5}, protocol=2), "refused: it uses the operation BINFLOAT"),
        (pickle.dumps([1], protocol=2), "refused: it holds no dict"),
        (b"\x80\x02}cbuiltins\neval\nX\x01\x00\x00\x001\x85R.", "refused: it names 'builtins eval'"),
        (b"\x80\x02c_codecs\nencode\n}b.", "refused: it sets the state"),
        (b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x06\x00\x00\x00base64\x86R.", "refused: it calls 'encode'"),
        (b"\x80\x02]K\x01K\x02s.", "refused: it sets a key of what is no plain dict"),
        (b"\x80\x02K\x01K\x02a.", "refused: it appends to what is no list"),
        (b"", "damaged"),
        (b"\x80\x02R.", "damaged"),
        (b"\x80\x02u.", "damaged"),
        (b"\x80\x02h\x07.", "damaged"),
        (b"\x80\x02}\x86.", "damaged"),
        (b"\x80\x02.", "damaged"),
        (b"\x80\x02}}.", "damaged"),
        (b"\xff\xff", "damaged"),
        (pickle.dumps({"a": np.zeros(30, np.uint8)}, protocol=2)[:-20], "damaged"),
    ],
)
def test_other_pickles_are_refused_or_damaged(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"The pickle p is {message}"):
        read_plain_pickle(content, "p")


def test_published_tables_are_whole() -> None:
    assert isinstance(CIFAR10, CifarSet)
    assert set(CIFAR10.python_md5) == set(NAMES)
    assert all(len(md5) == 32 for md5 in CIFAR10.python_md5.values())
