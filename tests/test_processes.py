"""Child processes: lines both ways, a limit, how they ended, and that nothing outlives them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ganzoo.processes import Child, python


def child(code: str, **how: object) -> Child:
    return Child([sys.executable, "-c", code], **how)  # type: ignore[arg-type]


def test_lines_come_until_the_end() -> None:
    made = child("print('one'); print('two')")
    assert list(made.lines()) == [b"one\n", b"two\n"]
    assert made.line() == b"", "whoever asks again hears the same"
    assert made.wait() == 0
    made.end()


def test_it_is_talked_with_in_lines() -> None:
    made = child("import sys\nfor line in sys.stdin: print(line.strip() * 2, flush=True)", listens=True)
    for word in (b"a", b"b"):
        made.send(word)
        assert made.line(20) == word * 2 + b"\n"
    made.end()


def test_without_lines_its_stdin_is_empty() -> None:
    made = child("import sys; print(repr(sys.stdin.read()))")
    assert made.line(20) == b"''\n"
    made.end()


@pytest.fixture
def adopting() -> Iterator[None]:
    """Orphans come to this process, whatever the machine's init does with them."""
    libc, set_child_subreaper = ctypes.CDLL(None), 36
    assert libc.prctl(set_child_subreaper, 1, 0, 0, 0) == 0
    yield
    libc.prctl(set_child_subreaper, 0, 0, 0, 0)


@pytest.mark.usefixtures("adopting")
def test_a_limit_and_what_was_started_ends_with_it() -> None:
    made = child("import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)")
    grandchild = int(made.line(20))
    for waiting in (lambda: made.line(0.05), lambda: made.wait(0.05)):
        with pytest.raises(TimeoutError):
            waiting()
    made.end()
    assert made.wait() == -9
    assert killed(grandchild)


def killed(adopted: int) -> bool:
    """Whether a process that came to this one was killed by another; afterwards it is dead."""
    for _ in range(500):
        ended, status = os.waitpid(adopted, os.WNOHANG)
        if ended:
            return os.WTERMSIG(status) == signal.SIGKILL
        time.sleep(0.02)
    os.kill(adopted, signal.SIGKILL)
    os.waitpid(adopted, 0)
    return False


PARENT = """
import sys, time
from ganzoo.processes import Child, python
made = Child(python("orphan", *sys.argv[1:]))
sys.stdout.buffer.write(made.line())
sys.stdout.flush()
time.sleep(60)
"""
ORPHAN = """
import os, subprocess, sys, time
from ganzoo import processes

def main(watcher="kernel"):
    sleeper = subprocess.Popen(["sleep", "60"])
    assert processes.LIFELINE not in os.environ
    print(os.getpid(), sleeper.pid, flush=True)
    if watcher == "kernel" and sys.platform == "linux":
        sum(range(10**11))  # no other thread of this process runs meanwhile
    time.sleep(60)
"""
WITHOUT_THE_KERNEL = "from ganzoo import processes; processes._kernel_watches = lambda lifeline: False\n"


@pytest.mark.usefixtures("adopting")
@pytest.mark.parametrize("watcher", ["kernel", "thread"])
def test_a_child_and_what_it_started_die_with_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watcher: str
) -> None:
    """Even where the parent is killed, and the child works in native code."""
    (tmp_path / "orphan.py").write_text(ORPHAN)
    if watcher == "thread":
        (tmp_path / "sitecustomize.py").write_text(WITHOUT_THE_KERNEL)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    parent = subprocess.Popen([sys.executable, "-c", PARENT, watcher], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    orphans = [int(word) for word in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert [killed(each) for each in orphans] == [True, True]


def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "patient.py").write_text("import sys\ndef main():\n    print(sys.stdin.readline())")
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[Child] = []
    thread = threading.Thread(target=lambda: made.append(Child(python("patient"), listens=True)))
    thread.start()
    thread.join()
    time.sleep(0.5)
    made[0].send(b"word")
    assert made[0].line(20) == b"word\n"
    made[0].end()


def test_its_last_words() -> None:
    made = child("import sys; sys.stderr.write('first\\n  last \\n\\n'); sys.exit(3)")
    assert (made.wait(), made.last_words()) == (3, "last")
    made.end()
    silent = child("pass")
    assert (silent.wait(), silent.last_words()) == (0, "")
    silent.end()


def test_the_dead_are_not_written_to() -> None:
    made = child("pass", listens=True)
    made.wait()
    made.send(b"x" * 100_000)
    assert made.line() == b""
    made.end()


ANSWERING = """
import os, sys
from ganzoo.processes import answering

def main(word):
    with answering() as send:
        print("printed")
        os.system("echo native")
        send(word.encode())
    return 4
"""


def test_answers_are_apart_from_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module is found where this process finds it, never in the working directory."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "answers.py").write_text(ANSWERING)
    (tmp_path / "json.py").write_text("raise ImportError('the one of the working directory')")
    monkeypatch.syspath_prepend(str(tmp_path / "path"))
    made = Child(python("answers", "word"), cwd=tmp_path, env=dict(os.environ))
    assert list(made.lines()) == [b"word\n"]
    assert made.wait() == 4
    assert made.last_words() in ("printed", "native")
    made.end()
