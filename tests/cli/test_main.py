from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ganzoo
from ganzoo.cli import COMMANDS, main
from ganzoo.errors import GanzooError, StoreError, UsageError


def test_help_lists_every_command(run: Any) -> None:
    result = run("--help")
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.output.partition("Commands:")[2].splitlines() if line.strip()]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert run().exit_code == 2, "without a command the help is an error"


def test_the_version(run: Any) -> None:
    assert run("--version").output == f"ganzoo, version {ganzoo.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, run: Any) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert COMMANDS[name].split()[0] in result.output
    assert main.get_command(None, name).name == name  # type: ignore[arg-type,union-attr]


def test_an_unknown_command(refused: Callable[..., str]) -> None:
    assert refused(2, "trian") == "Error: There is no command 'trian'. Did you mean 'train'?"


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UsageError("Wrong.", "Do it right."), 2, "Error: Wrong. Do it right."),
        (StoreError("Broken."), 1, "Error: Broken."),
        (ValueError("odd"), 1, "Error: odd (ValueError inside ganzoo: 'ganzoo --verbose ...' shows where)"),
    ],
)
def test_errors_become_one_sentence_and_their_exit_code(
    error: Exception, code: int, sentence: str, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("ganzoo.registry.load", fail)
    assert refused(code, "plugins") == sentence


def test_verbose_lets_the_traceback_through(run: Any) -> None:
    result = run("--verbose", "info", "no-gan")
    assert isinstance(result.exception, GanzooError)
    assert result.exc_info[2] is not None


def test_ctrl_c_ends_with_130(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ganzoo.registry.load", interrupt)
    result = run("plugins")
    assert result.exit_code == 130
    assert "Traceback" not in result.output
