"""Weights files read as data: what torch wrote comes back, and nothing in a file is ever run."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.errors import ModelError
from ganzoo.extractors.torch_weights import state_dict

torch = pytest.importorskip("torch")

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    return state_dict(path.read_bytes(), str(path))


def save(path: Path, value: Any, zipped: bool) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def tensors() -> dict[str, Any]:
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
    return {
        "whole": base,
        "turned": base.permute(2, 0, 1),
        "steps": base[::2, 1:, ::3],
        "shared": base[1],
        "stretched": torch.tensor([1.0, 2.0]).expand(3, 2),
        "scalar": torch.tensor(7, dtype=torch.int64),
        "empty": torch.zeros(0, 3),
        "double": torch.tensor([1 / 3, -2.5], dtype=torch.float64),
        "half": torch.tensor([0.1, 65504.0], dtype=torch.float16),
        "int": torch.tensor([-1, 2], dtype=torch.int32),
        "byte": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
    }


@FORMATS
def test_every_tensor_comes_back(tmp_path: Path, zipped: bool) -> None:
    wanted = tensors()
    read = read_state_dict(save(tmp_path / "w.pth", OrderedDict(wanted), zipped))
    assert list(read) == list(wanted)
    for name, tensor in wanted.items():
        assert read[name].dtype == tensor.numpy().dtype, name
        np.testing.assert_array_equal(read[name], tensor.numpy(), err_msg=name)


@FORMATS
def test_the_state_dict_of_a_module(tmp_path: Path, zipped: bool) -> None:
    """It carries an attribute ``_metadata``, and its parameters may be saved as such."""
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    read = read_state_dict(save(tmp_path / "w.pth", net.state_dict(), zipped))
    assert set(read) == set(net.state_dict())
    np.testing.assert_array_equal(read["0.weight"], net[0].weight.detach().numpy())
    parameters = read_state_dict(save(tmp_path / "p.pth", dict(net.named_parameters()), zipped))
    np.testing.assert_array_equal(parameters["1.bias"], net[1].bias.detach().numpy())


@FORMATS
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([torch.zeros(2)], "it holds no state dict"),
        ({"epoch": 3}, "its entry 'epoch' is no tensor"),
        ({"state_dict": {"w": torch.zeros(2)}}, "its entry 'state_dict' is no tensor"),
        ({5: torch.zeros(2)}, "its key 5 is no text"),
        ({"w": torch.zeros(2, dtype=torch.bfloat16)}, r"it names 'torch\.BFloat16Storage'"),
        ({"net": torch.nn.ReLU()}, r"it names 'torch\.nn\.modules\.activation\.ReLU'"),
        ({"w": torch.zeros(2).to_sparse()}, r"it names 'torch\._utils\._rebuild_sparse_tensor'"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, zipped: bool, value: Any, reason: str) -> None:
    with pytest.raises(ModelError, match=f"w.pth is refused: {reason}"):
        read_state_dict(save(tmp_path / "w.pth", value, zipped))


class Hostile:
    """Unpickling it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return os.mkdir, (str(self.folder),)


@FORMATS
@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_called(tmp_path: Path, zipped: bool, protocol: int) -> None:
    trace = tmp_path / "trace"
    path = tmp_path / "w.pth"
    torch.save({"w": Hostile(trace)}, path, pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"it names '(posix|nt)\.mkdir'"):
        read_state_dict(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the file would have done it"


def legacy(body: bytes, keys: list[Any], *storages: bytes, magic: int = 0x1950A86A20F9469CFC6C) -> bytes:
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = b"".join(pickle.dumps(value, 2) for value in (magic, 1001, system))
    return head + body + pickle.dumps(keys, 2) + b"".join(storages)


class Writer(pickle.Pickler):
    """Writes ``Stored`` objects as torch's persistent ids."""

    def persistent_id(self, value: Any) -> Any:
        return ("storage", torch.FloatStorage, "0", "cpu", *value.rest) if isinstance(value, Stored) else None


class Stored:
    def __init__(self, *rest: Any) -> None:
        self.rest = rest


class Tensor:
    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __reduce__(self) -> Any:
        return torch._utils._rebuild_tensor_v2, self.arguments


def body(*arguments: Any) -> bytes:
    """A state dict with one tensor."""
    stream = io.BytesIO()
    Writer(stream, 2).dump({"w": Tensor(*arguments, False, OrderedDict())})
    return stream.getvalue()


FOUR = struct.pack("<q4f", 4, 1, 2, 3, 4)


def test_a_legacy_file_made_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(legacy(body(Stored(4, None), 1, (3,), (1,)), ["0"], FOUR))
    np.testing.assert_array_equal(read_state_dict(path)["w"], [2, 3, 4])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (legacy(body(Stored(4, None), 1, (4,), (1,)), ["0"], FOUR), "reaches beyond its storage"),
        (legacy(body(Stored(4, None), 0, (2, 2), (3, 1)), ["0"], FOUR), "reaches beyond its storage"),
        (legacy(body(Stored(4, None), -1, (2,), (1,)), ["0"], FOUR), "a tensor of impossible shape"),
        (legacy(body(Stored(4, None), 0, (2,), (-1,)), ["0"], FOUR), "a tensor of impossible shape"),
        (legacy(body(Stored(4, None), 0, (2, 2), (1,)), ["0"], FOUR), "a tensor of impossible shape"),
        (legacy(body(Stored(4, None), 0, ("2",), (1,)), ["0"], FOUR), "a tensor of impossible shape"),
        (legacy(body(Stored(4, ("1", 0, 2)), 0, (2,), (1,)), ["0"], FOUR), "refers to something that is no storage"),
        (legacy(body(Stored(1 << 60, None), 0, (2,), (1,)), ["0"], FOUR), "not the length that was announced"),
        (legacy(body(Stored(5, None), 0, (2,), (1,)), ["0"], FOUR), "not the length that was announced"),
        (legacy(body(Stored(4, None), 0, (2,), (1,)), ["0"], FOUR[:-1]), "not the length that was announced"),
        (legacy(body("text", 0, (2,), (1,)), ["0"], FOUR), "it calls 'tensor' in an unknown way"),
        (legacy(b"", [], magic=5), "does not begin as a file of torch weights"),
        (pickle.dumps({"w": [1.0]}, 2), "it uses the operation BINFLOAT"),
    ],
)
def test_a_lying_file_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        read_state_dict(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        legacy(body(Stored(4, None), 0, (2,), (1,)), ["1"], FOUR),
        legacy(body(Stored(4, None), 0, (2,), (1,)), ["0"]),
        legacy(body(Stored(1 << 70, None), 0, (2,), (1,)), ["0"], FOUR),
        legacy(body(Stored(4, None), 0, (1 << 70,), (0,)), ["0"], FOUR),
        b"PK\x03\x04 and no more",
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"is no whole file of torch weights \(\w+\)"):
        read_state_dict(path)


@FORMATS
def test_every_cut_of_a_file_is_one_sentence(tmp_path: Path, zipped: bool) -> None:
    content = save(tmp_path / "w.pth", {"w": torch.arange(3.0)}, zipped).read_bytes()
    for end in range(0, len(content), 7):
        (tmp_path / "cut.pth").write_bytes(content[:end])
        with pytest.raises(ModelError):
            read_state_dict(tmp_path / "cut.pth")


def repacked(path: Path, change: Callable[[dict[str, bytes]], None], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("change", "compression", "reason"),
    [
        (lambda files: None, zipfile.ZIP_DEFLATED, "compressed, which torch.save never does"),
        (lambda files: files.update({"w/byteorder": b"big"}), zipfile.ZIP_STORED, "not little-endian"),
        (lambda files: files.update({"w/data/0": b"12345"}), zipfile.ZIP_STORED, "not the length"),
        (lambda files: files.update({"v/data.pkl": b""}), zipfile.ZIP_STORED, "without the one 'data.pkl'"),
        (lambda files: files.pop("w/data/0"), zipfile.ZIP_STORED, "no whole file of torch weights"),
    ],
)
def test_a_changed_archive_is_refused(tmp_path: Path, change: Any, compression: int, reason: str) -> None:
    path = save(tmp_path / "w.pth", {"w": torch.arange(3.0)}, True)
    with pytest.raises(ModelError, match=reason):
        read_state_dict(repacked(path, change, compression))


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelError, match=r"an archive without the one 'data.pkl' of torch"):
        read_state_dict(tmp_path / "w.pth")
