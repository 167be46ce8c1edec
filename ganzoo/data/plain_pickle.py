"""Read the plain values of a pickle without unpickling: no import, no call, no class but a NumPy byte array.

A tiny interpreter over ``pickletools.genops``. It knows dicts, lists, tuples, strings, bytes, integers and the one way
in which NumPy 1 and 2 write uint8 arrays in protocols 2 to 4; all else is refused before anything happens.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

from ganzoo.errors import DataError

_MARK = object()
_NAMES = {
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy._core.multiarray _reconstruct": "reconstruct",
    "numpy ndarray": "ndarray",
    "numpy dtype": "dtype",
    "_codecs encode": "encode",
}


class _RefusedError(Exception):
    """The pickle holds what this reader does not know."""


class _Name:
    """Stands for one of the five allowed globals; nothing is imported."""

    def __init__(self, qualified: str) -> None:
        if qualified not in _NAMES:
            raise _RefusedError(f"it names '{qualified}'")
        self.role = _NAMES[qualified]


class _Dtype:
    """The dtype uint8."""


class _Cell:
    """An array that is filled by the BUILD opcode after it was put on the stack."""

    array: np.ndarray[Any, np.dtype[np.uint8]] | None = None


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def pop_to_mark(self) -> list[Any]:
        at = len(self.stack) - 1 - next(i for i, item in enumerate(reversed(self.stack)) if item is _MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def pop_tuple(self, size: int) -> None:
        if len(self.stack) < size:
            raise IndexError
        items = tuple(self.stack[len(self.stack) - size :])
        del self.stack[len(self.stack) - size :]
        self.stack.append(items)

    def remember(self, index: int | None) -> None:
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise _RefusedError("it appends to what is no list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or not all(type(key) in (str, bytes, int) for key in items[::2]):
            raise _RefusedError("it sets a key of what is no plain dict")
        target.update(zip(items[::2], items[1::2], strict=True))

    def reduce(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        self.stack.append(_call(name, arguments))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _Cell):
            target.array = _array(state)
        elif not isinstance(target, _Dtype):
            raise _RefusedError("it sets the state of what is no array")

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(f"{module} {name}"))


def _call(name: object, arguments: Any) -> Any:
    role = name.role if isinstance(name, _Name) else None
    match role, arguments:
        case "encode", (str() as text, "latin1" | "latin-1"):
            return text.encode("latin1")
        case "dtype", (("u1" | b"u1" | "|u1"), *_):
            return _Dtype()
        case "reconstruct", (_Name(role="ndarray"), *_):
            return _Cell()
    raise _RefusedError(f"it calls '{role or type(name).__name__}' in an unknown way")


def _array(state: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    match state:
        case (_, tuple() as shape, _Dtype(), fortran, (str() | bytes()) as raw):
            values = raw.encode("latin1") if isinstance(raw, str) else raw
            return np.frombuffer(values, np.uint8).reshape(shape, order="F" if fortran else "C")
    raise _RefusedError("it holds an array of something other than bytes")


# fmt: off
_PUSHED = (
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
)
# fmt: on

_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    **dict.fromkeys(_PUSHED, lambda m, value: m.stack.append(value)),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), lambda m, index: m.remember(index)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda m, index: m.stack.append(m.memo[index])),
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda m, _: None),
    "NONE": lambda m, _: m.stack.append(None),
    "NEWTRUE": lambda m, _: m.stack.append(True),
    "NEWFALSE": lambda m, _: m.stack.append(False),
    "MARK": lambda m, _: m.stack.append(_MARK),
    "EMPTY_DICT": lambda m, _: m.stack.append({}),
    "EMPTY_LIST": lambda m, _: m.stack.append([]),
    "EMPTY_TUPLE": lambda m, _: m.stack.append(()),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.pop_to_mark())),
    "TUPLE1": lambda m, _: m.pop_tuple(1),
    "TUPLE2": lambda m, _: m.pop_tuple(2),
    "TUPLE3": lambda m, _: m.pop_tuple(3),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.pop_to_mark()),
    "SETITEM": lambda m, _: m.update([m.stack.pop(-2), m.stack.pop()]),
    "SETITEMS": lambda m, _: m.update(m.pop_to_mark()),
    "GLOBAL": lambda m, name: m.stack.append(_Name(name)),
    "STACK_GLOBAL": lambda m, _: m.stack_global(),
    "REDUCE": lambda m, _: m.reduce(),
    "BUILD": lambda m, _: m.build(),
}


def read_plain_pickle(content: bytes, name: str) -> dict[str, Any]:
    """The dict that a pickle holds, its keys as strings, its uint8 arrays as arrays; Python 2 strings as latin-1 text.

    Nothing is unpickled. Raises DataError for anything but plain values and byte arrays, and for a damaged file.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(content):
            if opcode.name not in _STEPS:
                raise _RefusedError(f"it uses the operation {opcode.name}")
            _STEPS[opcode.name](machine, argument)
        (result,) = machine.stack
        if type(result) is not dict:
            raise _RefusedError("it holds no dict")
    except _RefusedError as reason:
        raise DataError(
            f"The pickle {name} is refused: {reason}.", "Only plain values and byte arrays are read; nothing was run."
        ) from None
    except (ValueError, IndexError, KeyError, StopIteration, TypeError) as error:
        raise DataError(
            f"The pickle {name} is damaged ({type(error).__name__}).", "Put a good copy of the file in its place."
        ) from error
    return {_text(key): value.array if isinstance(value, _Cell) else value for key, value in result.items()}


def _text(key: Any) -> str:
    return key.decode("latin1") if isinstance(key, bytes) else str(key)
