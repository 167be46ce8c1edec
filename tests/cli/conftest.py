"""Running commands in this process, in an empty working directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers import FAKES

from ganzoo.cli import main
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.manager import Zoo

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("train", "gaussian")`` in an empty folder: the result of the command."""
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "1")  # `train` sets what is not set, and must not leave it behind
    return lambda *words: CliRunner().invoke(main, [str(word) for word in words], prog_name="ganzoo")


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """``refused(2, "train", "x")``: the command fails with this code and one sentence, which is returned."""

    def check(code: int, *words: object) -> str:
        result = run(*words)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        assert line == result.stderr.splitlines()[-1], "the sentence comes last and is one line"
        return line

    return check


@pytest.fixture
def with_fakes(fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the fakes instead of what is installed."""
    monkeypatch.setattr(Zoo, "discover", classmethod(lambda cls, registry=None: fake_zoo))


@pytest.fixture
def with_reporter(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin that has numbers of its own is installed."""
    monkeypatch.syspath_prepend(str(FAKES))
    found = Zoo([Origin("reporter", "reporter", "fakes", "3.1")], zoo._all["extension"])
    monkeypatch.setattr(Zoo, "discover", classmethod(lambda cls, registry=None: found))
