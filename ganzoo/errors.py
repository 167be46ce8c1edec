"""Every error ganzoo raises on purpose, in one tree.

    GanzooError                 exit 1   anything below; carries one sentence and an optional hint
    ├── UsageError              exit 2   the request itself is wrong
    │   ├── UnknownName                  no such variant, dataset, option, extractor, metric
    │   ├── Disabled                     the requested plugin is switched off
    │   ├── OptionError                  an option has the wrong type or is out of range
    │   ├── RegistryError                registry.toml is malformed; names the key
    │   └── Incompatible                 the variant cannot take these data, or not with these options
    ├── DataError               exit 1   files missing, corrupt, empty or of the wrong shape
    ├── PluginError             exit 1   a plugin failed to load or broke a hook's contract
    ├── ModelError              exit 1   an ONNX file is no generator, or disagrees with its framework
    ├── DeviceError             exit 1   the requested device is not available
    ├── StoreError              exit 1   the run store cannot be read or written
    │   └── Damaged                      a file of it does not hold what was written
    ├── ScoreError              exit 1   these samples cannot be scored
    ├── Diverged                exit 1   training came to nothing; see ganzoo.training.divergence
    └── Interrupted             exit 130 stopped by a signal; the run can be resumed

The command line turns them into one message and the exit code, once, at its edge.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class GanzooError(Exception):
    """Base of all deliberate errors.

    ``message`` is one sentence that names what was found and where; ``hint`` says what to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(GanzooError):
    """The request itself is wrong; nothing was started."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that nothing answers to, with the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        guess = f" Did you mean '{close[0]}'?" if close else ""
        listed = f" There is: {', '.join(names)}." if names else " There is none."
        super().__init__(f"Unknown {kind} '{name}'.{guess}{listed}", hint)
        self.name = name
        self.known = tuple(names)


class Disabled(UsageError):
    """The requested plugin is switched off; the hint says how to switch it on."""


class OptionError(UsageError):
    """An option has the wrong type or is out of its range."""


class RegistryError(UsageError):
    """registry.toml is malformed; the message gives the path of the offending key."""


class Incompatible(UsageError):
    """The variant cannot take these data (points to an image GAN, no labels for a cGAN, ...), or not so."""


class DataError(GanzooError):
    """Data files are missing, corrupt, empty or of the wrong shape."""


class PluginError(GanzooError):
    """A plugin failed to load or broke the contract of a hook."""


class ModelError(GanzooError):
    """An ONNX file is no generator, or disagrees with the framework it came from."""


class DeviceError(GanzooError):
    """The requested device is not available."""


class StoreError(GanzooError):
    """The run store cannot be read or written."""


class Damaged(StoreError):
    """A file of the run store does not hold what was written; ``path`` is the file and ``what`` was found."""

    def __init__(self, path: Path, what: str, hint: str = "'ganzoo verify' says how to mend it.") -> None:
        super().__init__(f"{path} is damaged: {what}.", hint)
        self.path = path
        self.what = what


class ScoreError(GanzooError):
    """These samples cannot be scored."""


class Diverged(GanzooError):
    """Training came to losses or weights that are not finite, to losses that explode, or to a dead generator."""


class Interrupted(GanzooError):
    """Stopped by a signal after the state was saved; the same command resumes."""

    exit_code = 130
