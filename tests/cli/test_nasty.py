"""Hostile text from files, plugins and rows of others, through every command that shows it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from helpers import Install
from markdown_it import MarkdownIt
from nasty import NASTY
from PIL import Image

from ganzoo.cli.progress import TrainProgress, WorkProgress
from ganzoo.escaping import csv_cell, csv_text, one_line, plain
from ganzoo.leaderboard import board, runs_table
from ganzoo.leaderboard.grid import shown
from ganzoo.leaderboard.jobs import Job
from ganzoo.leaderboard.rows import COLUMNS
from ganzoo.plugin.hookspecs import EXTENSIONS
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.training.runs import Failure, RunFolder, RunStore, write_json

CPU = ("--device", "cpu")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean(*texts: str) -> None:
    """Assert that a terminal would show these as text."""
    for text in texts:
        found = CONTROL.search(text)
        assert found is None, ascii(text[max(0, found.start() - 60) : found.end()])


def row(**cells: str) -> dict[str, str]:
    """Somebody's row of runs.csv."""
    about = {"backend": "numpy", "role": "model", "dataset": "digits", "seed": "0", "status": "ok", "bench": "1"}
    return dict.fromkeys(COLUMNS, "") | about | {"fid": "-0.15", "fid_se": "1e-05", "n_fake": "5000"} | cells


@pytest.fixture
def boards(tmp_path: Path, catalogue: Registry) -> Path:
    """Leaderboards of a runs.csv that somebody else wrote, and of failures with any note."""
    store, out = RunStore(tmp_path / "runs"), tmp_path / "boards"
    out.mkdir()
    rows = [row(variant=text.replace("\0", ""), note=text.replace("\0", ""), extractor=NASTY[5]) for text in NASTY]
    with (out / "runs.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    for i, note in enumerate(NASTY):
        failure = Failure(variant=f"v{i}", dataset="digits", seed=0, quick=False, note=note, date_utc="2026-01-01")
        write_json(store.failure_file("digits", f"v{i}", 0, False), failure)
    board.write(store, out, catalogue)
    return out


def test_the_rows_of_others_are_read_and_left_alone(boards: Path, tmp_path: Path, catalogue: Registry) -> None:
    known = runs_table.read(boards).known()
    theirs, ours = known[: len(NASTY)], known[len(NASTY) :]
    assert [cells[0] for cells in theirs] == [csv_text(text.replace("\0", "")) for text in NASTY]
    note = COLUMNS.index("note")
    assert sorted(cells[note] for cells in ours) == sorted(map(plain, NASTY))
    before = {path.name: path.read_bytes() for path in boards.iterdir()}
    board.write(RunStore(tmp_path / "runs"), boards, catalogue)
    assert {path.name: path.read_bytes() for path in boards.iterdir()} == before, "no row is added twice"


def test_rows_that_an_older_ganzoo_wrote_raw_are_not_added_again(tmp_path: Path) -> None:
    notes = [text.replace("\0", "\x01") for text in NASTY if csv_text(text) == text]
    raw = [row(variant=f"v{i}", note=note) for i, note in enumerate(notes)]
    table = runs_table.RunsTable(list(COLUMNS), [list(each.values()) for each in raw])
    fresh = [{name: plain(cell) for name, cell in each.items()} for each in raw]
    assert table.extended(fresh) == table


def test_new_cells_are_no_formulas(boards: Path) -> None:
    with (boards / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[len(NASTY) :]
    with (boards / "digits.csv").open(newline="", encoding="utf-8") as file:
        shown = list(csv.DictReader(file))
    notes = [each["note"] for each in (*rows, *shown)]
    assert [note for note in notes if note != csv_cell(csv_text(note))] == []
    clean(*(each["note"] for each in rows))
    assert "'=cmd|' /C calc'!A0" in [each["note"] for each in rows]
    assert {each["fid"] for each in shown} == {"-0.15", ""}, "numbers are numbers"


def test_the_page_is_one_table_of_equal_rows(boards: Path) -> None:
    text = (boards / "digits.md").read_text("utf-8")
    clean(text)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(text)
    cells = {"th_open": 0, "td_open": 0, "tr_open": 0, "table_open": 0}
    for token in tokens:
        cells[token.type] = cells.get(token.type, 0) + 1
        assert token.type not in ("html_block", "heading_open") or token.tag == "h1", token
    variants = len({text.replace("\0", "") for text in NASTY}) + len(NASTY)
    assert cells["table_open"] == 1
    assert cells["tr_open"] == variants + 1
    assert cells["td_open"] == variants * cells["th_open"]
    inner = [part for token in tokens for part in token.children or []]
    assert not {"html_inline", "link_open", "strong_open"} & {part.type for part in inner}
    assert len([part for part in inner if part.type == "image"]) == 0


def test_the_board_on_a_terminal(boards: Path, run: Any) -> None:
    result = run("board", "digits", "--out", boards)
    assert result.exit_code == 0, result.output
    clean(result.stdout)
    variants = len({text.replace("\0", "") for text in NASTY}) + len(NASTY)
    assert len(result.stdout.splitlines()) == variants + 2, "a line for each, and two above"


def test_labels_of_cells_are_text(run: Any, tmp_path: Path, catalogue: Registry) -> None:
    """As ganzoo makes them of values that are hostile, and as somebody else's store may have them."""
    store, out = RunStore(tmp_path / "runs"), tmp_path / "boards"
    labels = list(dict.fromkeys([f"name={shown(text)}" for text in NASTY] + [text for text in NASTY if text]))
    for label in labels:
        failure = Failure(variant="v", cell=label, dataset="digits", seed=0, quick=False, note="n", date_utc="2026")
        write_json(store.failure_file("digits", "v", 0, False, label), failure)
    board.write(store, out, catalogue)
    names = [cells[0] for cells in runs_table.read(out).known()]
    assert sorted(names) == sorted(csv_text(csv_cell(f"v {label}")) for label in labels)
    result = run("board", "digits", "--out", out)
    page = (out / "digits.md").read_text("utf-8")
    clean(result.stdout, page, *names)
    assert len(result.stdout.splitlines()) == len(labels) + 2
    tokens = MarkdownIt("gfm-like", {"linkify": False}).enable("table").parse(page)
    assert [token.type for token in tokens].count("tr_open") == len(set(names)) + 1
    assert "html_block" not in [token.type for token in tokens]
    jobs = [Job(variant="v", cell=label, dataset="digits", seed=0) for label in labels]
    assert len({(job.name, job.dataset) for job in jobs}) == len(jobs)


@pytest.fixture
def hostile(labelled: RunFolder, tmp_path: Path) -> Path:
    """A generator whose metadata are hostile in every field that is text."""
    model = onnx.load(labelled.file("generator.onnx"))
    (prop,) = [prop for prop in model.metadata_props if prop.key == "ganzoo"]
    info = json.loads(prop.value)
    names = [*NASTY[:6], "\x1b[31mred", "=cmd", "..", "a/b"]
    info |= {"class_names": names, "variant": "\x1b[2J<b>|\n", "dataset": "../\x1b]0;t\x07", "backend": "\x9b"}
    prop.value = json.dumps(info)
    onnx.save(model, tmp_path / "hostile.onnx")
    return tmp_path / "hostile.onnx"


def test_a_foreign_file_with_hostile_metadata(hostile: Path, run: Any, tmp_path: Path) -> None:
    for words in (
        ("sample", hostile, "-o", "grid.png"),
        ("sample", hostile, "-o", "many/", "-n", 40),
        ("sample", hostile, "--per-class", "-o", "classes.png"),
        ("sample", hostile, "--traverse", "y", "-n", 2, "-o", "y.png"),
        ("sample", hostile, "--interpolate", 3, "-o", "way.png"),
        ("sample", hostile, "--traverse", "\x1b[31m", "-o", "none.png"),
        ("sample", hostile, "--grid", "\x1b[31m", "-o", "none.png"),
        ("sample", hostile, "--neighbours", 2, "--data", "digits", "-n", 2, "-o", "near.png"),
        ("sample", hostile, "--neighbours", 2, "--data", "\x1b[31m", "-o", "none.png"),
        ("export", hostile, "-o", "copy.onnx"),
        ("score", hostile, "--metrics", "fid", "-n", 100, "--by-class", *CPU),
        ("score", hostile, "--metrics", "fid", "-n", 100, "--by-class", "--json", *CPU),
        ("score", hostile, "--metrics", "fid", "-n", 100, "--format", "csv", *CPU),
        ("compare", hostile, hostile, "--metrics", "fid", "-n", 100, *CPU),
        ("sample", hostile, "-o", "one.png", "--label", "none\x1b[31m"),
    ):
        result = run(*words, *(CPU if words[0] == "sample" else ()))
        assert "Traceback" not in result.output
        clean(result.stdout, result.stderr)
        assert result.exit_code in (0, 1, 2), result.output
    drawn = {"classes.png", "y.png", "way.png", "near.png"}
    assert {path.name for path in tmp_path.glob("*.png")} >= drawn and not (tmp_path / "none.png").exists()
    folders = [path for path in (tmp_path / "many").iterdir() if path.is_dir()]
    assert len(folders) == 10
    clean(*(path.name for path in folders))
    assert not (tmp_path / ".." / "a").exists()


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    """Images in class folders and files with hostile names; those of the files."""
    names = [text.replace("\0", "").replace("/", "")[:40] for text in NASTY]
    names = list(dict.fromkeys(name for name in names if name.strip() and name[0] != "."))
    rng = np.random.default_rng(0)
    for folder in ("=cmd|x", "\x1b[31mred\n", "[red]"):
        for name in names:
            (tmp_path / "data" / folder).mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(rng.integers(0, 256, (8, 8), dtype=np.uint8))
            image.save(tmp_path / "data" / folder / f"{name}.png")
    (tmp_path / "data" / "not\x1b[31m.txt").write_text("no image")
    (tmp_path / "data" / "bad\x1b[31mclass").mkdir()
    return names


def test_files_and_classes_with_hostile_names(pictures: list[str], run: Any, tmp_path: Path) -> None:
    for words in (
        ("data", "folder:data"),
        ("data", "folder:data", "--json"),
        ("score", "folder:data", "folder:data", "--metrics", "fid", "--by-class", *CPU),
        ("score", "folder:data", "folder:data", "--metrics", "fid", "--by-class", "--format", "csv", *CPU),
        ("score", "data", "data", "--metrics", "fid", "--realism", "real.csv", *CPU),
        ("pairs", "data", "data", "-o", "pairs.csv"),
        ("train", "gaussian", "--data", "folder:data"),
    ):
        result = run(*words)
        clean(result.stdout, result.stderr)
        assert result.exit_code == 0, (words, result.output)
    for name, column in (("real.csv", "sample"), ("pairs.csv", "first")):
        with (tmp_path / name).open(newline="", encoding="utf-8") as file:
            cells = [each[column] for each in csv.DictReader(file)]
        assert len(cells) == 3 * len(pictures)
        assert cells == [csv_cell(csv_text(cell)) for cell in cells]


PLUGIN = """
import ganzoo
from typing import Annotated

class Options(ganzoo.Options):
    steps: Annotated[int, ganzoo.option({text!r})] = 3
    z_dim: int = 4

@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(name="bad", backend={text!r}, summary={text!r}, paper={text!r}, options=Options,
                          facts=ganzoo.Facts(loss={text!r}, optimiser="", update_order=""),
                          reports=(ganzoo.Report(name="x", direction="up", help=" ".join({text!r}.split())),))

@ganzoo.hookimpl
def train(run):
    raise RuntimeError({text!r})

@ganzoo.hookimpl
def sample(model, inputs): ...

@ganzoo.hookimpl
def export(model, path): ...
"""
ALL = " ".join(NASTY)


def test_a_plugin_that_says_hostile_things(install: Install, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    points = install("theirs", variants={"bad": PLUGIN.format(text=ALL)})
    zoo = Zoo(points, importlib.metadata.entry_points(group=EXTENSIONS))
    monkeypatch.setattr(Zoo, "discover", classmethod(lambda cls, registry=None: zoo))
    for words in (
        ("info", "bad"),
        ("list",),
        ("plugins",),
        ("doctor",),
        ("check", "bad", "--only", "describe-complete"),
    ):
        result = run(*words)
        assert "Traceback" not in result.output
        clean(result.stdout, result.stderr)
    result = run("train", "bad")
    assert result.stderr.splitlines()[-1].startswith("Error: Plugin bad (theirs 1.2) failed in train: RuntimeError: ")
    notes = [json.loads(path.read_bytes())["note"] for path in Path("runs").rglob("run.json")]
    assert len(notes) == 1


class Terminal(io.StringIO):
    """What says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("text", [*NASTY[:60], "[red]x[/red]", "[/nothing]"], ids=ascii)
def test_bars_take_no_markup_and_no_control_character(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with TrainProgress(text) as progress:
        progress("warning", {"text": text})
        progress("step", {"step": 1, "total": 2, "seconds": 1.0, "scalars": {text: 0.5}})
    with WorkProgress(text) as work:
        work(text, 1, 2)
    said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())  # what rich itself writes: colours and moves
    assert not CONTROL.search(said.replace("\r", ""))
    if one_line(text) == text and len(text) < 100 and text.strip():
        assert text.strip() in said


def test_the_environment_names_no_hostile_observer(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "GANZOO_OBSERVE", "\x1b[31mred|\n")
    result = run("train", "gaussian")
    clean(result.stdout, result.stderr)
    assert result.exit_code == 2
