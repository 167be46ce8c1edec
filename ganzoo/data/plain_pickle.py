"""Read the plain values of a pickle without unpickling: no import, no call, no class but a NumPy byte array.

On top of ``ganzoo.data.safe_pickle`` it knows the one way in which NumPy 1 and 2 write uint8 arrays in protocols 2 to
4; all else is refused before anything happens.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganzoo.data.safe_pickle import DAMAGED, Machine, RefusedError
from ganzoo.errors import DataError

_NAMES = {
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy._core.multiarray _reconstruct": "reconstruct",
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
}


class _Name:
    """Stands for one of the five allowed globals; nothing is imported."""

    def __init__(self, qualified: str) -> None:
        if qualified not in _NAMES:
            raise RefusedError(f"it names '{qualified}'")
        self.role = _NAMES[qualified]


class _Dtype:
    """The dtype uint8."""


class _Cell:
    """An array that is filled by the BUILD opcode after it was put on the stack."""

    array: np.ndarray[Any, np.dtype[np.uint8]] | None = None


class _Arrays(Machine):
    """What NumPy's names, calls and states stand for."""

    def name(self, qualified: str) -> _Name:
        return _Name(qualified)

    def call(self, function: Any, arguments: Any) -> Any:
        role = function.role if isinstance(function, _Name) else None
        match role, arguments:
            case "encode", (str() as text, "latin1" | "latin-1"):
                return text.encode("latin1")
            case "dtype", (("u1" | b"u1" | "|u1"), *_):
                return _Dtype()
            case "reconstruct", (_Name(role="ndarray"), *_):
                return _Cell()
        raise RefusedError(f"it calls '{role or type(function).__name__}' in an unknown way")

    def set_state(self, target: Any, state: Any) -> None:
        if isinstance(target, _Cell):
            target.array = _array(state)
        elif not isinstance(target, _Dtype):
            raise RefusedError("it sets the state of what is no array")


def _array(state: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    match state:
        case (_, tuple() as shape, _Dtype(), fortran, (str() | bytes()) as raw):
            values = raw.encode("latin1") if isinstance(raw, str) else raw
            return np.frombuffer(values, np.uint8).reshape(shape, order="F" if fortran else "C")
    raise RefusedError("it holds an array of something other than bytes")


def read_plain_pickle(content: bytes, name: str) -> dict[str, Any]:
    """The dict that a pickle holds, its keys as strings, its uint8 arrays as arrays; Python 2 strings as latin-1 text.

    Nothing is unpickled. Raises DataError for anything but plain values and byte arrays, and for a damaged file.
    """
    try:
        result = _Arrays().run(content)
        if type(result) is not dict:
            raise RefusedError("it holds no dict")
    except RefusedError as reason:
        raise DataError(
            f"The pickle {name} is refused: {reason}.", "Only plain values and byte arrays are read; nothing was run."
        ) from None
    except DAMAGED as error:
        raise DataError(
            f"The pickle {name} is damaged ({type(error).__name__}).", "Put a good copy of the file in its place."
        ) from error
    return {_text(key): value.array if isinstance(value, _Cell) else value for key, value in result.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)
