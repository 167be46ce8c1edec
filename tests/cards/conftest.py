"""Runs with scores, in a store that a test may change."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from ganzoo import api
from ganzoo.cards.record import Record, read_record
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.sealed import write_json
from ganzoo.training.runs import REAL, SCORE, RunFolder, RunStore
from ganzoo.types import Estimate

METRICS = ("fid", "precision", "modes", "memorised", "memorised_heldout")


@pytest.fixture(scope="session")
def scored_root(tmp_path_factory: pytest.TempPathFactory, zoo: Zoo, catalogue: Registry) -> Path:
    """A store with two scored seeds of the gaussian and the score of real samples; read only."""
    root = tmp_path_factory.mktemp("cards") / "runs"
    for seed in (0, 1):
        run = api.train("gaussian", "digits", seed=seed, runs=root, registry=catalogue, zoo=zoo)
        score = api.score(run.path, "digits", n=200, metrics=METRICS, registry=catalogue, zoo=zoo)
        write_json(run.file(SCORE), score)
    protocol = msgspec.structs.replace(score.protocol, n_fake=450)
    real = msgspec.structs.replace(score, protocol=protocol, estimates={"fid": Estimate(0.25, 0.1, 450)})
    write_json(RunStore(root).folder("digits", REAL, score.protocol_hash).file(SCORE), real)
    return root


@pytest.fixture
def runs(scored_root: Path, tmp_path: Path) -> list[RunFolder]:
    """The two seeds, the first one first."""
    root = tmp_path / "runs"
    shutil.copytree(scored_root, root)
    return sorted(RunStore(root).all(), key=lambda run: run.manifest().seed)


@pytest.fixture
def record(scored_root: Path) -> Record:
    """What the store has of seed 0."""
    return next(each for run in RunStore(scored_root).all() if (each := read_record(run.path)).manifest.seed == 0)
