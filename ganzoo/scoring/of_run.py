"""The scores that a run store keeps: of a run's own generator, and of real samples under the same protocol."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import Damaged
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json
from ganzoo.training.runs import REAL, SCORE, Manifest, RunFolder


def score_of_run(folder: RunFolder, manifest: Manifest, damage: list[str]) -> Score | None:
    """The score of the generator that the manifest names; one of an older generator is none.

    A file that is damaged is none, too, and a sentence in ``damage``.
    """
    score = _read(folder.file(SCORE), damage)
    return score if score and score.sampled_sha256 == manifest.onnx_sha256 else None


def real_score(folder: RunFolder, score: Score, damage: list[str]) -> Score | None:
    """What held-out real samples score under the protocol of ``score``, where the store of the run has it."""
    beside = folder.path.resolve().parent.parent
    return _read(beside / REAL / score.protocol_hash / SCORE, damage)


def _read(path: Path, damage: list[str]) -> Score | None:
    try:
        return read_json(path, Score)
    except Damaged as error:
        damage.append(error.message)
    except OSError:
        pass
    return None
