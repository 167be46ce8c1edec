"""rate, without a browser"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ganzoo.rating.journal import Journal
from ganzoo.rating.study import STUDY_FILE
from ganzoo.training.runs import RunFolder
from tests.fakes.rated import rated_board
from tests.rating.test_results import answers, checks


@pytest.fixture
def words(tmp_path: Path, gaussian: RunFolder, store_root: Path) -> tuple[object, ...]:
    rated_board(tmp_path / "leaderboards", gaussian)
    return "rate", "digits", "--runs", store_root


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody presses Ctrl-C as soon as the page is served."""

    def stop(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("werkzeug.serving.BaseWSGIServer.serve_forever", stop)


def judge(folder: Path, name: str) -> None:
    journal = Journal(folder, name)
    session = [*answers("gaussian", 6, 20), *answers("real", 2, 20), *checks(2, 2)]
    for number, each in enumerate(session):
        journal.append(msgspec.structs.replace(each, number=number, rater=name))


def test_the_protocol_is_printed_and_nothing_is_begun(run: Any, words: tuple[object, ...], tmp_path: Path) -> None:
    result = run(*words, "--protocol", "--timed")
    assert result.exit_code == 0, result.output
    assert "# Protocol: human judgement of digits (timed)" in result.stdout
    assert "500 ms" in result.stdout
    assert not (tmp_path / "ratings").exists()


@pytest.mark.usefixtures("stopped")
def test_ctrl_c_ends_it_and_what_came_out_is_on_the_board(run: Any, words: tuple[object, ...], tmp_path: Path) -> None:
    first = run(*words)
    assert first.exit_code == 0, first.output
    assert "1 models and real images: http://127.0.0.1:" in first.stdout
    assert "Nothing to count yet in ratings/digits-untimed." in first.stderr
    folder = tmp_path / "ratings" / "digits-untimed"
    assert (folder / STUDY_FILE).is_file()
    judge(folder, "anna")
    again = run(*words)
    assert again.exit_code == 0, again.output
    assert "gaussian  0.20 (" in again.stdout
    assert "human_error" in (tmp_path / "leaderboards" / "digits.csv").read_text()
    assert "human error ↑" in run("board", "digits").stdout
    assert run(*words, "--results").stdout == again.stdout.split("\n", 1)[1]


@pytest.mark.usefixtures("stopped")
def test_who_was_left_out_is_said(run: Any, words: tuple[object, ...], tmp_path: Path) -> None:
    run(*words)
    journal = Journal(tmp_path / "ratings" / "digits-untimed", "bob")
    for number, each in enumerate(checks(1, 4)):
        journal.append(msgspec.structs.replace(each, number=number, rater="bob"))
    result = run(*words, "--results")
    assert "bob answered 1 of 4 attention checks as they said, and is left out" in result.stderr
    assert not (tmp_path / "leaderboards" / "human.csv").exists()


def test_what_is_refused(refused: Callable[..., str], words: tuple[object, ...], tmp_path: Path) -> None:
    assert "ring has points" in refused(2, "rate", "ring")
    assert "There is no study in ratings/digits-untimed" in refused(2, *words, "--results")
    assert "Unknown row on the board of digits 'gausian'. Did you mean" in refused(2, *words, "--variants", "gausian")
    assert "15 images are an odd number" in refused(2, *words, "--images", "15")
    assert "Unknown leaderboard in nowhere" in refused(2, *words, "--out", "nowhere")
    assert not (tmp_path / "ratings").exists()
