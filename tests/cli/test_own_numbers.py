"""How the commands show what a variant reports of itself: always as that, and apart from what was measured."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ganzoo.leaderboard.page import OWN_REMARK
from ganzoo.plugin.manager import Zoo
from ganzoo.training.runs import RunFolder
from ganzoo.types import SelfReported

OWN = (
    SelfReported(name="ssl_error", direction="down", help="wrong | of held-out", value=0.125, se=0.03125, n=450),
    SelfReported(name="purity", direction="none", help="of components", value=2.0),
)


@pytest.fixture
def reporting(gaussian: RunFolder, tmp_path: Path) -> RunFolder:
    """A run with numbers of its own."""
    folder = RunFolder(tmp_path / "reporting")
    shutil.copytree(gaussian.path, folder.path)
    folder.write_manifest(msgspec.structs.replace(gaussian.manifest(), reported=OWN))
    return folder


SCORE = ("-n", 200, "--data", "digits", "--metrics", "recall", "--device", "cpu")


def test_a_score_shows_them_apart(run: Any, reporting: RunFolder, gaussian: RunFolder) -> None:
    lines = run("score", reporting.path, *SCORE).stdout.splitlines()
    place = lines.index("self-reported, measured by the variant and not here")
    assert lines[place - 1] == ""
    shown = [line.split() for line in lines[place + 1 : place + 4]]
    assert shown == [
        ["number", "better", "value", "standard", "error", "n", "what", "it", "is"],
        ["ssl_error", "down", "0.125", "0.031", "450", "wrong", "|", "of", "held-out"],
        ["purity", "none", "2", "of", "components"],
    ]
    assert "self-reported" not in run("score", gaussian.path, *SCORE).stdout


def test_a_score_for_programs_has_them(run: Any, reporting: RunFolder) -> None:
    content = json.loads(run("score", reporting.path, *SCORE, "--json").stdout)
    assert content["reported"] == [msgspec.to_builtins(each) for each in OWN]
    assert not {each.name for each in OWN} & set(content["estimates"])
    rows = list(csv.DictReader(run("score", reporting.path, *SCORE, "--format", "csv").stdout.splitlines()))
    rows = rows[-2:]
    assert [row["metric"] for row in rows] == ["self:ssl_error:down", "self:purity:none"]
    assert (rows[0]["value"], rows[0]["se"], rows[0]["n"]) == ("0.125", "0.03125", "450")
    assert (rows[1]["value"], rows[1]["se"], rows[1]["n"]) == ("2.0", "", "0")
    assert [rows[1][name] for name in ("reference", "extractor", "protocol")] == ["", "", ""]


def test_training_ends_with_them(run: Any, with_reporter: None, tmp_path: Path) -> None:
    words = ("train", "reporter", "--set", "steps=6", "--no-score", "--runs", tmp_path / "runs")
    lines = [line for line in run(*words).stdout.splitlines() if line.startswith("reported ")]
    assert [line.split()[1] for line in lines] == ["gap", "first", "early", "last"]
    assert " ± " in lines[2] and lines[2].endswith("(better: up): loss of step 4")
    assert " ± " not in lines[0]


def test_info_shows_what_is_declared(run: Any, with_reporter: None, zoo: Zoo) -> None:
    text = run("info", "reporter").stdout
    place = text.index("\nnumbers of its own (self-reported, never ranked)\n")
    table = text[place:].splitlines()[3:7]
    assert [line.split()[:2] for line in table] == [
        ["gap", "down"],
        ["first", "none"],
        ["early", "up"],
        ["last", "down"],
    ]
    assert table[2].split(None, 2)[2] == "loss of step 4"


def test_info_of_who_declares_none(run: Any) -> None:
    assert "of its own" not in run("info", "gaussian").stdout


def test_a_board_shows_them_below(run: Any, tmp_path: Path) -> None:
    out = tmp_path / "boards"
    out.mkdir()
    header = "variant,dataset,protocol,status,fid,role,run,seed,bench"
    from ganzoo.columns import COLUMNS

    row = dict.fromkeys(COLUMNS, "") | dict(
        zip(header.split(","), ("v", "digits", "p", "ok", "1.5", "model", "k0", "0", "1"), strict=True)
    )
    (out / "runs.csv").write_text(f"{','.join(COLUMNS)}\n{','.join(row.values())}\n")
    assert "Self-reported" not in run("board", "digits", "--out", out).stdout
    (out / "metrics.csv").write_text("run,column,value,se\nk0,self:ssl_error:down,0.25,\n")
    text = run("board", "digits", "--out", out).stdout
    lines = text[text.index("\nSelf-reported, not ranked\n") :].splitlines()
    assert lines[2].split() == ["variant", "number", "mean", "seeds"]
    assert lines[-2].split() == ["v", "ssl_error", "↓", "0.25", "1"]
    assert lines[-1] == OWN_REMARK
