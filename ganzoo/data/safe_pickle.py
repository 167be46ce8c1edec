"""A pickle read as data, not run: a small stack machine over ``pickletools.genops``. No import, no call, no class.

It knows the plain values (dicts, lists, tuples, strings, bytes, numbers, booleans). What a global name stands for, what
a "call" of it yields and what a persistent id means is answered by the reader of one format, who subclasses ``Machine``
and refuses the rest.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import IO, Any

_MARK = object()
DAMAGED = (ValueError, IndexError, KeyError, StopIteration, TypeError, OverflowError)
"""What reading a damaged pickle may raise."""


class RefusedError(Exception):
    """The pickle holds what its reader does not know; the text completes "is refused: …"."""


class Machine:
    """The stack and the memo of one pickle. By itself it refuses every name, call, state and persistent id."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def name(self, qualified: str) -> Any:
        """What stands for the global "module name" on the stack."""
        raise RefusedError(f"it names '{qualified}'")

    def call(self, function: Any, arguments: Any) -> Any:
        """What stands for a call's result on the stack."""
        raise RefusedError(f"it calls '{type(function).__name__}'")

    def set_state(self, target: Any, state: Any) -> None:
        """Give a built object its state."""
        raise RefusedError(f"it sets the state of '{type(target).__name__}'")

    def persistent(self, identity: Any) -> Any:
        """What stands for an object stored outside the pickle."""
        raise RefusedError("it refers to objects outside of it")

    def run(self, stream: bytes | IO[bytes]) -> Any:
        """The one value of a pickle; a stream is left behind its end. Raises RefusedError, or one of ``DAMAGED``."""
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name not in _STEPS:
                raise RefusedError(f"it uses the operation {opcode.name}")
            _STEPS[opcode.name](self, argument)
        (result,) = self.stack
        return result

    def pop_to_mark(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        at = len(self.stack) - 1 - next(i for i, item in enumerate(reversed(self.stack)) if item is _MARK)
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items

    def pop_tuple(self, size: int) -> None:
        """Make a tuple of the top ``size`` values."""
        if len(self.stack) < size:
            raise IndexError
        items = tuple(self.stack[len(self.stack) - size :])
        del self.stack[len(self.stack) - size :]
        self.stack.append(items)

    def remember(self, index: int | None) -> None:
        """Put the top value into the memo, under the next number where none is given."""
        self.memo[len(self.memo) if index is None else index] = self.stack[-1]

    def extend(self, items: list[Any]) -> None:
        """Append to the list on top."""
        if type(self.stack[-1]) is not list:
            raise RefusedError("it appends to what is no list")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        """Set keys of the dict on top."""
        target = self.stack[-1]
        if type(target) is not dict or not all(type(key) in (str, bytes, int) for key in items[::2]):
            raise RefusedError("it sets a key of what is no plain dict")
        target.update(zip(items[::2], items[1::2], strict=True))

    def reduce(self) -> None:
        """Replace a function and its arguments by what the reader says of the call."""
        arguments, function = self.stack.pop(), self.stack.pop()
        self.stack.append(self.call(function, arguments))

    def build(self) -> None:
        """Give the object on top its state."""
        state = self.stack.pop()
        self.set_state(self.stack[-1], state)

    def stack_name(self) -> None:
        """A global whose module and name are on the stack."""
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(self.name(f"{module} {name}"))


# fmt: off
_PUSHED = (
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "STRING", "BINSTRING", "SHORT_BINSTRING",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
)
# fmt: on

_STEPS: dict[str, Callable[[Machine, Any], Any]] = {
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
    "GLOBAL": lambda m, name: m.stack.append(m.name(name)),
    "STACK_GLOBAL": lambda m, _: m.stack_name(),
    "REDUCE": lambda m, _: m.reduce(),
    "BUILD": lambda m, _: m.build(),
    "BINPERSID": lambda m, _: m.stack.append(m.persistent(m.stack.pop())),
}
