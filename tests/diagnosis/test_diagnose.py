"""What a diagnosis is put together from: order, several signs of one failure, the note, the real side."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from diagnosed import curves, manifest, sampled, traces

import ganzoo
from ganzoo.diagnosis import case
from ganzoo.diagnosis.diagnose import judged
from ganzoo.diagnosis.verdicts import FAILURES
from ganzoo.errors import Damaged
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.training.runs import SCORE, RunFolder
from ganzoo.types import Estimate


def score(modes: float, note: str = "") -> Score:
    protocol = Protocol(
        dataset="d",
        dataset_digest="0",
        split="train",
        n_real=9,
        n_fake=9,
        extractor="e",
        extractor_sha256="0",
        metrics={},
        seed=0,
    )
    return Score(protocol=protocol, protocol_hash="p", estimates={"modes": Estimate(modes, 0.1, 9)}, notes=(note,))


def test_verdicts_stand_causes_first() -> None:
    ill = curves(d_loss=[0.001] * 20, g_loss=[-1e-5] * 20)
    found = judged(traces(ill, sampled(modes=7, duplicates=0.5, precision=0.1), options={"loss": "minimax"}))
    names = [verdict.failure for verdict in found.verdicts]
    assert names == ["vanishing gradients", "discriminator too strong", "partial collapse", "memorisation"]
    assert names == [name for name in FAILURES if name in names]


def test_several_signs_are_one_verdict_as_sure_as_the_surest() -> None:
    dead = "The generator is saturated: every value of its samples is -1 or 1, after step 100."
    given = traces(curves(g_grad=[1.0] * 10 + [1e-4] * 10), status="diverged", note=dead)
    (verdict,) = judged(given).verdicts
    assert (verdict.failure, verdict.sure, len(verdict.evidence)) == ("vanishing gradients", "certain", 3)
    swapped = traces(curves(g_grad=[1.0] * 10 + [1e-9] * 10, g_loss=[-1e-5] * 20), options={"loss": "minimax"})
    assert [verdict.sure for verdict in judged(swapped).verdicts] == ["certain"]


def test_the_note_names_what_is_certain_or_likely() -> None:
    assert judged(traces(curves(d_loss=[0.05] * 20))).note == ""
    assert judged(traces(curves(d_loss=[0.01] * 20))).note == "diagnosis: discriminator too strong (likely)"
    both = judged(traces(curves(d_loss=[0.001] * 20), sampled(modes=7, precision=0.42)))
    assert both.note == "diagnosis: discriminator too strong (certain)"


def test_modes_are_of_those_that_real_samples_reach() -> None:
    given = manifest()
    assert case.sampled(given, score(8), None).modes == 10
    assert case.sampled(given, score(8), score(8)).modes == 8
    assert case.sampled(given, score(8), score(12)).modes == 10
    assert case.sampled(given, score(8, "all samples have the same features"), None).alike


def test_what_was_looked_at_and_what_was_not_is_said() -> None:
    found = judged(traces(curves(d_loss=[1.0] * 20, d_grad=[1.0] * 20), sampled()))
    assert found.looked_at == ("d_loss, d_grad of 20 logged steps", "9 metrics beside those of real samples")
    assert found.unseen == ()
    assert "score" in " ".join(judged(traces(curves(d_loss=[1.0] * 20))).unseen)
    (last,) = judged(traces(status="running", role="floor")).unseen
    assert last == "The run is running: it has no samples to look at."


def test_the_same_run_gives_the_same_bytes(gaussian: RunFolder) -> None:
    one, two = (msgspec.json.encode(ganzoo.diagnose(gaussian.path)) for _ in range(2))
    assert one == two


def test_a_damaged_score_is_named_and_left_out(gaussian: RunFolder, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.file("run.json").write_bytes(gaussian.file("run.json").read_bytes())
    folder.file(SCORE).write_text('{"protocol": 1}')
    found = ganzoo.diagnose(folder.path)
    assert any(f"{folder.file(SCORE)} is damaged" in sentence for sentence in found.unseen)
    folder.file("run.json").write_text("{}")
    with pytest.raises(Damaged):
        ganzoo.diagnose(folder.path)
