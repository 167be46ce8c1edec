"""The fence around foreign code: what it raises is one sentence that names the culprit, what it changes is undone.

Set ``GANZOO_STRICT=1`` to see the original exception instead.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.errors import GanzooError, PluginError
from ganzoo.plugin.blocklist import is_ours

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

R = TypeVar("R")
SLOW_SECONDS = 5.0
_PATCHABLE = ("numpy", "numpy.random", "numpy.linalg", "numpy.fft", "random", "json", "os", "builtins")
_ITSELF = ("environ", "__warningregistry__", "_inst")


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
    before, began, printed = _Surroundings(), time.monotonic(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            return guard(origin, what, action)
    finally:
        changed = before.restore()
        if printed.getvalue():
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
        notes.append(sentence)
        logging.getLogger("ganzoo").warning("%s", sentence)


class _Surroundings:
    """What modules share in one process, as it was before foreign code ran."""

    def __init__(self) -> None:
        import random

        import numpy  # noqa: F401 - what is not loaded yet cannot be found patched afterwards

        self._folder = _folder()
        self._environment = dict(os.environ)
        self._generator = random
        self._random = random.getstate()
        self._modules = {name: dict(vars(sys.modules[name])) for name in _PATCHABLE if name in sys.modules}
        self._numpy = _numpy_state()

    def restore(self) -> list[str]:
        """Put everything back; what was not as before, in words."""
        patched = self._unpatch()
        changed = [f"{', '.join(patched)}, by patching"] if patched else []
        if self._folder and _folder() != self._folder:
            os.chdir(self._folder)
            changed.append("the working directory")
        changed += self._restore_environment()
        if self._generator.getstate() != self._random:
            self._generator.setstate(self._random)
            changed.append("the state of random")
        if _numpy_state() != self._numpy:
            _set_numpy_state(self._numpy)
            changed.append("the state of numpy.random, or numpy's handling of errors")
        return changed

    def _unpatch(self) -> list[str]:
        patched = []
        for module, names in self._modules.items():
            now = vars(sys.modules[module])
            for name, value in names.items():
                if now.get(name) is not value and name not in _ITSELF:
                    now[name] = value
                    patched.append(f"{module}.{name}")
        return patched

    def _restore_environment(self) -> list[str]:
        now = dict(os.environ)
        names = sorted(k for k in now.keys() | self._environment.keys() if now.get(k) != self._environment.get(k))
        for name in names:
            os.environ.pop(name, None)
            if name in self._environment:
                os.environ[name] = self._environment[name]
        return [f"the environment ({', '.join(names)})"] if names else []


def _folder() -> str:
    try:
        return str(os.getcwd())  # noqa: PTH109 - Path.cwd() would import more
    except OSError:
        return ""


def _numpy_state() -> Any:
    """Comparable state of NumPy's global generator and error handling."""
    import numpy

    state: Any = numpy.random.get_state()
    kind, key, position, has_gauss, gauss = state
    return kind, key.tobytes(), position, has_gauss, gauss, numpy.geterr()


def _set_numpy_state(state: Any) -> None:
    import numpy

    kind, key, position, has_gauss, gauss, errors = state
    numpy.random.set_state((kind, numpy.frombuffer(key, numpy.uint32), position, has_gauss, gauss))
    numpy.seterr(**errors)
