"""Where output goes: closed, broken and full streams, and encodings that lack characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganzoo.cli.output import GONE
from ganzoo.files import readable

CODE = "import sys; sys.argv[0] = 'ganzoo'; from ganzoo.cli import main; main()"
WORDS = ("list", "data", "--help", "info gaussian", "board digits", "train nothing", "--no-such-option", "nothing")


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command of ganzoo by bash: ``list >&-``; ``"$G"`` begins another one."""
    text = f'set -o pipefail; G() {{ "{sys.executable}" -c "{CODE}" "$@"; }}; G {line}'
    env = {**os.environ, **environment}
    return subprocess.run(["bash", "-c", text], capture_output=True, cwd=cwd, env=env, check=False)


def failures(done: subprocess.CompletedProcess[bytes]) -> list[bytes]:
    """Lines that no user should see."""
    words = (
        b"Traceback",
        b"AttributeError",
        b"BrokenPipe",
        b"Exception ignored",
        b"UnicodeEncodeError",
        b"inside ganzoo",
    )
    return [line for line in done.stderr.splitlines() if any(word in line for word in words)]


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("words", WORDS)
def test_closed_streams_change_no_exit_code(words: str, closed: str, tmp_path: Path) -> None:
    usual = shell(words, tmp_path)
    done = shell(f"{words} {closed}", tmp_path)
    assert done.returncode == usual.returncode, done.stderr
    assert failures(done) == []
    assert done.stderr == (b"" if "2>&-" in closed else usual.stderr)
    assert done.stdout == (usual.stdout if closed == "2>&-" else b"")


def test_work_without_any_stream(tmp_path: Path) -> None:
    done = shell("train gaussian --no-score >&- 2>&- <&-", tmp_path)
    assert done.returncode == 0
    (onnx,) = tmp_path.rglob("generator.onnx")
    done = shell(f"sample '{onnx.parent}' --device cpu -o a.png >&- 2>&- <&-", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG"), "no file got the place of a closed stream"


@pytest.mark.parametrize("words", ["list", "data", "--help", "data digits --json"])
def test_a_reader_that_goes_away_ends_the_command_quietly(words: str, tmp_path: Path) -> None:
    done = shell(f"{words} | (exec <&-; sleep 2); exit ${{PIPESTATUS[0]}}", tmp_path)
    assert done.returncode in (GONE, 1), done.stderr  # click itself ends --help by 1
    assert done.stderr == b""


def test_progress_that_nobody_reads_does_not_end_the_work(tmp_path: Path) -> None:
    done = shell("train gaussian --no-score 2>&1 >/dev/null | (exec <&-; sleep 3)", tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("generator.onnx"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
def test_a_full_disk_behind_stdout_is_one_sentence(tmp_path: Path) -> None:
    done = shell("list > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr == b"Error: The output cannot be written: No space left on device.\n"


ENCODINGS = {
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "POSIX": {"LC_ALL": "POSIX"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "strict ascii": {"PYTHONIOENCODING": "ascii:strict"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "cp1252": {"PYTHONIOENCODING": "cp1252:strict"},
}


@pytest.mark.parametrize("kind", ENCODINGS)
def test_any_encoding_will_do(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "café 名前"
    folder.mkdir(parents=True)
    from PIL import Image

    for i in range(4):
        Image.new("L", (8, 8), i * 50).save(folder / f"é{i}.png")
    for words in ("list", "data folder:data", "data folder:data --json", "info gaussian", "extractor list"):
        done = shell(words, tmp_path, **ENCODINGS[kind])
        assert failures(done) == [], done.stderr
        assert done.returncode == 0, done.stderr
    done = shell("data folder:data", tmp_path, **ENCODINGS[kind])
    assert b"8x8" in done.stdout or "8×8".encode("latin-1") in done.stdout or "8×8".encode() in done.stdout
    done = shell("data folder:data --json", tmp_path, **ENCODINGS[kind])
    (name,) = json.loads(done.stdout)["classes"]
    bare = "café 名前".encode().decode("ascii", "surrogateescape")
    assert name == (readable(bare) if kind == "C" else "café 名前")


def test_a_name_that_the_encoding_of_files_lacks_is_one_sentence(tmp_path: Path) -> None:
    code = "import sys, ganzoo; from ganzoo.cli import main; sys.argv = ['ganzoo', 'new', 'x']; main()"
    patch = "import ganzoo.scaffold.writer as w; w.require_empty = lambda path: open(chr(233)); "
    done = subprocess.run(
        [sys.executable, "-c", patch + code],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, **ENCODINGS["C"]},
        check=False,
    )
    assert done.returncode == 1
    assert b"cannot be written in ascii, the encoding in force here. Set PYTHONUTF8=1" in done.stderr
