"""Weights that ``torch.save`` wrote, read without torch and without unpickling.

Both formats: the zip archive of torch ≥ 1.6 (``data.pkl`` and one file for each storage) and the legacy stream before
it (magic number, protocol, system, state dict, storage keys, raw storages). A state dict of tensors is known and
nothing else; a file can make this reader refuse it, but not make it run anything.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.data.safe_pickle import DAMAGED, Machine, RefusedError
from ganzoo.errors import ModelError

if TYPE_CHECKING:
    from ganzoo.types import Array

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_ZIP = b"PK\x03\x04"

_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_CALLS = {
    "collections OrderedDict": "dict",
    "torch._utils _rebuild_tensor_v2": "tensor",
    "torch._utils _rebuild_parameter": "parameter",
}


class _Name(NamedTuple):
    """A global that is known: what calling it gives."""

    role: str


class _Storage(NamedTuple):
    """A flat run of numbers outside the pickle; as the name of a class, without key and length."""

    dtype: str
    key: str = ""
    length: int = 0


class _Tensor(NamedTuple):
    """A view of a storage, in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _StateDict(Machine):
    """What the names, calls and persistent ids of a state dict stand for."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[str, _Storage] = {}

    def name(self, qualified: str) -> Any:
        module, _, kind = qualified.partition(" ")
        if module == "torch" and kind in _DTYPES:
            return _Storage(_DTYPES[kind])
        if qualified not in _CALLS:
            raise RefusedError(f"it names '{qualified.replace(' ', '.')}'")
        return _Name(_CALLS[qualified])

    def call(self, function: Any, arguments: Any) -> Any:
        match function, arguments:
            case _Name("dict"), ():
                return {}
            case _Name("parameter"), (_Tensor() as tensor, *_):
                return tensor
            case _Name("tensor"), (_Storage() as storage, int() as offset, tuple() as shape, tuple() as strides, *_):
                return _tensor(storage, offset, shape, strides)
        raise RefusedError(f"it calls '{getattr(function, 'role', type(function).__name__)}' in an unknown way")

    def set_state(self, target: Any, state: Any) -> None:
        """A state dict carries the version numbers of its modules as an attribute; they say nothing of the weights."""
        if type(target) is not dict:
            raise RefusedError("it sets the state of what is no state dict")

    def persistent(self, identity: Any) -> _Storage:
        match identity:
            case ("storage", _Storage(key="") as kind, str() as key, str(), int() as length, *rest) if rest in (
                [],
                [None],
            ):
                storage = _Storage(kind.dtype, key, length)
                if self.storages.setdefault(key, storage) != storage:
                    raise RefusedError("it reads one storage as two types")
                return storage
        raise RefusedError("it refers to something that is no storage")


def _tensor(storage: _Storage, offset: int, shape: tuple[Any, ...], strides: tuple[Any, ...]) -> _Tensor:
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or not all(type(number) is int and number >= 0 for number in numbers):
        raise RefusedError("it holds a tensor of impossible shape")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if math.prod(shape) and last >= storage.length:
        raise RefusedError("it holds a tensor that reaches beyond its storage")
    return _Tensor(storage, offset, shape, strides)


def state_dict(content: bytes, name: str) -> dict[str, Array]:
    """The tensors of a saved state dict by name, read-only, in the dtype they were saved with.

    Raises ModelError, which calls the file ``name``, for one that is damaged and for one that holds anything but a flat
    dict of tensors.
    """
    read = _read_zip if content.startswith(_ZIP) else _read_legacy
    try:
        tensors, storages = read(io.BytesIO(content))
        return {_key(key): _view(key, value, storages) for key, value in tensors.items()}
    except RefusedError as reason:
        raise ModelError(
            f"{name} is refused: {reason}.", "Only a state dict of tensors, as torch.save writes it, is read."
        ) from None
    except (*DAMAGED, EOFError, struct.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ModelError(
            f"{name} is no whole file of torch weights ({type(error).__name__}).", "Fetch the file once more."
        ) from error


def _key(key: Any) -> str:
    if type(key) is not str:
        raise RefusedError(f"its key {key!r} is no text")
    return key


def _view(key: str, value: Any, storages: Mapping[str, bytes]) -> Array:
    if not isinstance(value, _Tensor):
        raise RefusedError(f"its entry '{key}' is no tensor")
    flat = np.frombuffer(storages[value.storage.key], value.storage.dtype)
    strides = tuple(stride * flat.itemsize for stride in value.strides)
    # The reach was checked when the tensor was met, and the storage's length when it was read.
    return np.lib.stride_tricks.as_strided(flat[value.offset :], value.shape, strides, writeable=False)


def _dict(value: Any) -> dict[Any, Any]:
    if type(value) is not dict:
        raise RefusedError("it holds no state dict")
    return value


def _read_legacy(stream: io.BytesIO) -> tuple[dict[Any, Any], dict[str, bytes]]:
    if Machine().run(stream) != _MAGIC or Machine().run(stream) != _PROTOCOL:
        raise RefusedError("it does not begin as a file of torch weights")
    system = Machine().run(stream)
    if type(system) is not dict or not system.get("little_endian", False):
        raise RefusedError("its numbers are not little-endian")
    machine = _StateDict()
    tensors = _dict(machine.run(stream))
    storages = {}
    for key in Machine().run(stream):
        (length,) = struct.unpack("<q", stream.read(8))
        storages[key] = _checked(machine.storages[key], length, stream.read(_bytes(machine.storages[key])))
    return tensors, storages


def _read_zip(stream: io.BytesIO) -> tuple[dict[Any, Any], dict[str, bytes]]:
    with zipfile.ZipFile(stream) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise RefusedError("it is an archive without the one 'data.pkl' of torch")
        (root,) = roots

        def content(name: str) -> bytes:
            # torch stores without compression, so that no entry is larger than the file.
            if entries[root + name].compress_type != zipfile.ZIP_STORED:
                raise RefusedError("it is compressed, which torch.save never does")
            return archive.read(entries[root + name])

        if f"{root}byteorder" in entries and content("byteorder") != b"little":
            raise RefusedError("its numbers are not little-endian")
        machine = _StateDict()
        tensors = _dict(machine.run(content("data.pkl")))
        storages = {
            key: _checked(storage, storage.length, content(f"data/{key}")) for key, storage in machine.storages.items()
        }
    return tensors, storages


def _bytes(storage: _Storage) -> int:
    return storage.length * np.dtype(storage.dtype).itemsize


def _checked(storage: _Storage, length: int, content: bytes) -> bytes:
    if length != storage.length or len(content) != _bytes(storage):
        raise RefusedError("a storage has not the length that was announced")
    return content
