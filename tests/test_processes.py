"""Child processes: lines both ways, a limit, how they ended, and that nothing outlives them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
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
    for _ in range(100):
        ended, status = os.waitpid(grandchild, os.WNOHANG)
        if ended:
            assert os.WTERMSIG(status) == signal.SIGKILL
            return
        time.sleep(0.02)
    os.kill(grandchild, signal.SIGKILL)
    os.waitpid(grandchild, 0)
    pytest.fail("what the child started is still there")


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
