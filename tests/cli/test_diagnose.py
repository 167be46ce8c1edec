"""ganzoo diagnose: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ganzoo
from ganzoo.files import sha256
from ganzoo.training.runs import LOG, RunFolder

Refused = Callable[..., str]


@pytest.fixture
def trained(gaussian: RunFolder, tmp_path: Path) -> RunFolder:
    """A finished run that may be changed."""
    folder = RunFolder(tmp_path / "runs" / "digits" / "gaussian" / gaussian.path.name)
    shutil.copytree(gaussian.path, folder.path)
    return folder


def ill(folder: RunFolder) -> RunFolder:
    """Make it a model whose log shows a discriminator that has won."""
    manifest = folder.manifest()
    assert manifest.about is not None
    facts = msgspec.structs.replace(manifest.about.facts, loss="hinge")
    about = msgspec.structs.replace(manifest.about, facts=facts)
    folder.file(LOG).write_text("step,d_loss\n" + "".join(f"{n}00,0.001\n" for n in range(1, 13)))
    files = manifest.files | {LOG: sha256(folder.file(LOG))}
    changes = {"role": "model", "about": about, "options": {"lr_d": 0.001}, "files": files}
    folder.write_manifest(msgspec.structs.replace(manifest, **changes))
    return folder


def test_a_run_without_signs_and_without_a_score(run: Any, trained: RunFolder) -> None:
    done = run("diagnose", trained.path)
    assert (done.exit_code, done.stderr) == (0, "")
    first, second, third = done.stdout.splitlines()
    assert first == f"{trained.path}  gaussian on digits, seed 0, finished"
    assert second == "  nothing to judge by"
    assert third.startswith(
        "  Not told: It has no score, so that nothing is known of its samples; this makes one: ganzoo "
    )


def test_a_verdict_with_its_evidence_and_what_to_try(run: Any, trained: RunFolder) -> None:
    done = run("diagnose", ill(trained).path)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:5] == [
        "  discriminator too strong (likely)",
        "    D's loss is 0.05 % of what it is where D cannot tell real from fake: it is sure of nearly all.",
        "    To try: lr_d=0.00025, now 0.001. D then learns more slowly.",
        "  Looked at: d_loss of 12 logged steps.",
    ]


def test_strict_ends_with_1_where_something_is_wrong(run: Any, trained: RunFolder, memoriser: RunFolder) -> None:
    assert run("diagnose", "--strict", trained.path).exit_code == 0
    assert run("diagnose", "--strict", memoriser.path, ill(trained).path).exit_code == 1


def test_json_has_every_run_in_the_order_given(run: Any, trained: RunFolder, memoriser: RunFolder) -> None:
    paths = [memoriser.path, ill(trained).path]
    one, two = (run("diagnose", "--json", *paths).stdout for _ in range(2))
    assert one == two
    found = json.loads(one)
    assert [each["path"] for each in found] == list(map(str, paths))
    (verdict,) = found[1]["verdicts"]
    assert (verdict["failure"], verdict["sure"]) == ("discriminator too strong", "likely")
    assert verdict["advice"]["option"] == "lr_d=0.00025"


def test_a_bench_leaves_what_shows_copies(run: Any, tmp_path: Path) -> None:
    """From the score to the command, the note of the row, the card and the page."""
    assert run("bench", "memoriser", "--data", "digits", "--seeds", "0", "--jobs", "1").exit_code == 0
    (scored,) = (tmp_path / "runs" / "digits" / "memoriser").iterdir()
    assert "  memorisation (certain)" in run("diagnose", scored).stdout.splitlines()
    assert ganzoo.diagnose(scored).note == "diagnosis: memorisation (certain)"
    assert "diagnosis: memorisation (certain)" in (tmp_path / "leaderboards" / "runs.csv").read_text()
    assert "**Diagnosis: memorisation (certain).** 100" in ganzoo.card(scored)
    assert run("report", "-o", "pages").exit_code == 0
    pages = "".join(page.read_text("utf-8") for page in (tmp_path / "pages").rglob("*.html"))
    assert "seed 0: memorisation (certain): 100" in pages


def test_a_log_that_is_another_by_now_is_left_out(run: Any, trained: RunFolder) -> None:
    path = ill(trained).file(LOG)
    path.write_text(path.read_text().replace("0.001", "0.002"))
    lines = run("diagnose", trained.path).stdout.splitlines()
    assert f"  Not told: {path} is not the file that was written: its curves are left out." in lines
    assert "  nothing to judge by" in lines


def test_what_is_no_run_is_refused(refused: Refused, trained: RunFolder, tmp_path: Path) -> None:
    assert "a diagnosis is of a run" in refused(2, "diagnose", trained.file(LOG))
    assert "There is no folder elsewhere." in refused(1, "diagnose", "elsewhere")
    assert "is no run folder: run.json cannot be read." in refused(1, "diagnose", tmp_path)
    refused_line = refused(2, "diagnose", "--json")
    assert "Missing argument" in refused_line


def test_text_of_a_run_stays_text(run: Any, trained: RunFolder) -> None:
    manifest = trained.manifest()
    trained.write_manifest(msgspec.structs.replace(manifest, status="failed", dataset="a\x1b[2J\nb"))
    out = run("diagnose", trained.path).stdout
    assert "\x1b" not in out
    assert len(out.splitlines()) == 3
    assert "  Not told: The run is failed: it has no samples to look at." in out.splitlines()
