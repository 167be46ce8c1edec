"""Where all that commands say goes out: escaped for the terminal, in any encoding, to whoever still listens."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys
from typing import Any

import click

from ganzoo.errors import StoreError
from ganzoo.escaping import json_text, one_line, terminal

GONE = 141
"""The exit code where the reader of the output went away: that of a program which SIGPIPE ended."""
_PLAIN = {"×": "x", "±": "+/-", "–": "-", "−": "-", "…": "...", "↓": "(less is better)", "↑": "(more is better)"}
_ERRORS = "ganzoo-output"


def echo(text: object = "", *, err: bool = False) -> None:
    """Print one line, below empty ones where the text begins with line ends.

    On stderr it is said to whom it may concern: where nobody can read it, work goes on. Raises BrokenPipeError where
    the reader of stdout went away, and StoreError where stdout cannot be written for another reason.
    """
    line = str(text)
    said = line.lstrip("\n")
    _put("\n" * (len(line) - len(said)) + one_line(said) + "\n", err)


def echo_block(text: str) -> None:
    """Print several lines, such as a table, whose cells are one line each already."""
    _put(f"{terminal(text)}\n")


def echo_json(value: Any) -> None:
    """Print an object as JSON, which is UTF-8 wherever it is printed."""
    import msgspec

    content = msgspec.json.format(msgspec.json.encode(value)).decode()
    _put(f"{json_text(content)}\n".encode())


def echo_csv(text: str) -> None:
    """Print a table for programs, which is UTF-8 wherever it is printed."""
    _put(terminal(text).encode())


def _put(content: str | bytes, err: bool = False) -> None:
    try:
        click.echo(content, nl=False, err=err)
    except BrokenPipeError:
        if not err:
            raise
    except OSError as error:
        if not err:
            hang_up()  # what is left in the buffer cannot be written either
            raise StoreError(f"The output cannot be written: {error.strerror or error}.") from error


def prepare_streams() -> None:
    """Have streams that can be written to, whatever was closed and however they are encoded.

    A stream that was closed writes nowhere; otherwise the next file that is opened would get its number, and what
    libraries print. Characters that stdout cannot encode are written by others; names of files that are not UTF-8 go
    out as the bytes they are.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            _open_nowhere(number)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - stays open
    codecs.register_error(_ERRORS, _encodable)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors=_ERRORS)  # stderr takes everything by itself


def _open_nowhere(number: int) -> None:
    """Make a closed number a file again, one that takes all and gives nothing."""
    try:
        os.fstat(number)
    except OSError:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)


def _encodable(error: UnicodeError) -> tuple[str | bytes, int]:
    """For a character that an encoding lacks: the byte of a file name that it stands for, or others that are alike."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode(), error.start + 1


def hang_up() -> None:
    """Nobody reads stdout any more: what is still in its buffer goes nowhere, without a word at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
