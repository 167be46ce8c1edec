"""Child processes: one way to start them, to talk with them in lines, to end them, and to say how they ended."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    "1",
)
"""Environment of work that is to use one compute thread: on small nets two are slower."""
LIFELINE = "GANZOO_LIFELINE"
"""Names, to a child alone, the end of a pipe whose other end its parent holds as long as both live."""
_MAIN = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import importlib; "
    "from ganzoo.processes import die_with_parent; die_with_parent(); "
    "sys.exit(importlib.import_module(sys.argv[2]).main(*sys.argv[3:]))"
)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs ``main(*arguments)`` of a module, in a process that finds modules where this one does.

    Started as a ``Child``, it ends with its parent.
    """
    path = [entry or str(Path.cwd()) for entry in sys.path]
    return [sys.executable, "-P", "-c", _MAIN, json.dumps(path), module, *arguments]


class Child:
    """A process in a session of its own, so that it is ended with all that it started, and Ctrl-C does not reach it.

    With ``listens`` lines can be sent to it. Raises OSError where it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        listens: bool = False,
    ) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        theirs, ours = os.pipe()
        self._lifeline = os.fdopen(ours, "wb", buffering=0)
        given = (theirs,) if os.name == "posix" else ()  # elsewhere no pipe can be handed on
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**(os.environ if env is None else env), LIFELINE: "".join(map(str, given))},
                cwd=cwd,
                start_new_session=True,
                pass_fds=given,
            )
        except OSError:
            self._errors.close()
            self._lifeline.close()
            raise
        finally:
            os.close(theirs)
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, message: bytes) -> None:
        """Write one line to its stdin; nothing happens where it is dead, which ``line`` then says."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(message + b"\n")
            self._process.stdin.flush()

    def line(self, seconds: float | None = None) -> bytes:
        """The next line of its stdout, with its end; b"" after the last. Raises TimeoutError."""
        try:
            found = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if not found:
            self._lines.put(found)  # so that whoever asks again hears the same
        return found

    def lines(self) -> Iterator[bytes]:
        """All lines until its stdout ends."""
        return iter(self.line, b"")

    def terminate(self) -> None:
        """Ask it to save and stop."""
        self._process.terminate()

    def wait(self, seconds: float | None = None) -> int:
        """Its exit code, below 0 for the signal that killed it. Raises TimeoutError."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def last_words(self) -> str:
        """The last line of its stderr that is not blank; "" where there is none."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").splitlines()
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def kill(self) -> None:
        """End it at once, with what it started."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """Kill it, and close its pipes."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._errors, self._lifeline):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError, OSError):  # closed under our hands by ``end``
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(b"")


def die_with_parent() -> None:
    """In a ``Child``: from now on this process and all of its group are killed as soon as the parent is gone.

    However a parent ends, the system closes its end of the pipe. On Linux the kernel sends the signal then, also in the
    middle of a native call that lets no other thread run; on other POSIX systems a thread of this process does.
    PR_SET_PDEATHSIG is no choice: it comes when the thread that started the child ends, which need not be the process,
    and it spares what the child started. Nothing happens where no parent asks for it.
    """
    number = os.environ.pop(LIFELINE, "")  # not for those whom we start
    if not number:
        return
    lifeline = int(number)
    os.set_inheritable(lifeline, False)
    if not _kernel_watches(lifeline):
        threading.Thread(target=_watch, args=(lifeline,), daemon=True).start()


def _kernel_watches(lifeline: int) -> bool:
    """Have the end of the pipe signalled to the process group, which a child leads; False where that cannot be had."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    except OSError:  # an emulated kernel
        return False
    poll = select.poll()
    poll.register(lifeline, 0)
    if poll.poll(0):  # the parent was gone before we listened
        os.killpg(0, signal.SIGKILL)
    return True


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


@contextmanager
def answering() -> Iterator[Callable[[bytes], None]]:
    """In a child: what is given to the function is a line of stdout; whatever else is printed there goes to stderr.

    Prints of native code are no exception.
    """
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)

        def send(message: bytes) -> None:
            out.write(message + b"\n")
            out.flush()

        yield send
