"""The fence around foreign code: what it raises is one sentence that names the culprit, what it changes is undone.

Extensions are imported into the process that scores and trains, whether or not anything of them is used. A module that
seeds NumPy, patches it, changes the directory or sets OMP_NUM_THREADS while it is imported would then change the
numbers, or the place of the files, of models that it has nothing to do with: a score would depend on what else is
installed, and no row would show it. So what the process hands on without anybody asking is taken down before foreign
code is imported, describes itself or registers, put back after it, and named. Inside ``train``, ``sample`` and
``export``, which run because they were requested, nothing is undone; there ``ganzoo check`` looks.

Set ``GANZOO_STRICT=1`` to see the original exception instead.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.errors import GanzooError, PluginError
from ganzoo.escaping import one_line
from ganzoo.plugin.blocklist import is_ours

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin
    from ganzoo.plugin.surroundings import Part

R = TypeVar("R")
SLOW_SECONDS = 5.0
_PATCHABLE = ("numpy", "numpy.random", "numpy.linalg", "numpy.fft", "random", "json", "os", "builtins")


@functools.cache
def _fenced_parts() -> Sequence[Part]:
    """What foreign code must leave as it is. Made when needed: listings and ganzoo's own commands have no fence."""
    from ganzoo.plugin.surroundings import GLOBALS, functions

    return (*GLOBALS, functions("patched functions", _PATCHABLE, repaired=True))


def strict() -> bool:
    """Whether plugin authors asked for the exceptions as they are."""
    return os.environ.get("GANZOO_STRICT") == "1"


def guard(origin: Origin, what: str, action: Callable[..., R], *, pass_errors: bool = False) -> R:
    """Run foreign code; what it raises becomes a PluginError, with ``pass_errors`` all but ganzoo's own errors."""
    try:
        return action()
    except KeyboardInterrupt:
        raise
    except (Exception, SystemExit) as error:  # the plugin boundary: whatever it is, name the culprit
        if strict() or (pass_errors and isinstance(error, GanzooError)):
            raise
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"Plugin {origin.name} ({origin}) {what}: {cause}."
        raise PluginError(message, _remedy(origin, error)) from error


def _remedy(origin: Origin, error: BaseException) -> str:
    """What to do about the causes that have one remedy."""
    stale = f"Its entry point names {origin.value}, which is not there: reinstall {origin.distribution}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        if origin.module == error.name or origin.module.startswith(f"{error.name}."):
            return stale
        return f"Install what provides {error.name}, or reinstall {origin.distribution}."
    attribute = origin.value.partition(":")[2].strip().rpartition(".")[2]
    if isinstance(error, AttributeError) and attribute and error.name == attribute:
        return stale
    if isinstance(error, TypeError) and "Unexpected keyword argument" in str(error):
        return "Was it written for a newer ganzoo? 'pip install --upgrade ganzoo' gets the newest."
    return ""


def fenced(origin: Origin, what: str, action: Callable[[], R], notes: list[str]) -> R:
    """``guard``, and undo what the code did to the process; a sentence on that goes to ``notes`` and to the log."""
    if is_ours(origin):
        return guard(origin, what, action)
    from ganzoo.plugin.surroundings import changes, restore, snapshot

    parts = _fenced_parts()
    before, began, printed = snapshot(parts), time.monotonic(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            return guard(origin, what, action)
    finally:
        if changed := changes(before, snapshot(parts)):
            restore(parts, before)
        if printed.getvalue():
            if sys.stderr is not None:
                sys.stderr.write(printed.getvalue())
            changed.append("standard output, by printing (shown on stderr)")
        seconds = time.monotonic() - began
        if changed:
            _note(origin, f"changed on import: {'; '.join(changed)}. That was undone", notes)
        elif seconds > SLOW_SECONDS:
            _note(origin, f"took {seconds:.0f} s to import; frameworks belong inside the hooks", notes)


def load_command(origin: Origin, notes: list[str]) -> Any:
    """The click command that an entry point of ``ganzoo.commands`` names. Raises PluginError with the cause."""
    command = fenced(origin, "failed to load", origin.load, notes)
    if not (hasattr(command, "make_context") and hasattr(command, "invoke")):
        raise PluginError(
            f"Plugin {origin.name} ({origin}) is {type(command).__name__}, not a click.Command.",
            "Its entry point must name the decorated function.",
        )
    return command


def _note(origin: Origin, what: str, notes: list[str]) -> None:
    sentence = f"Plugin {origin.name} ({origin}) {what}."
    if strict() and sys.exc_info()[0] is None:
        raise PluginError(sentence)
    warn(sentence, notes)


def warn(sentence: str, notes: list[str]) -> None:
    """Log a sentence about a plugin, once."""
    if sentence not in notes:
        import logging

        notes.append(sentence)
        logging.getLogger("ganzoo").warning("%s", one_line(sentence))
