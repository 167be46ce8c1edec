"""What of a bench is done already: whether a run's score is the one that the protocol in force would give now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import StoreError
from ganzoo.leaderboard.jobs import Done, Job, setup_of
from ganzoo.sealed import read_json
from ganzoo.training import runs
from ganzoo.training.runs import RunFolder, RunStore

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry
    from ganzoo.scoring.protocol import Score
    from ganzoo.scoring.setup import Setup

Tried = tuple[str, bool, str, str]
"""The label of a cell, whether its run is quick, the version of its plugin, and the hash of its options."""


def is_current(
    folder: RunFolder, setup: Setup, sha256: str, noted: Path, cell: str, recipes: Mapping[Tried, int] | None = None
) -> bool:
    """Whether nothing is left to do for a cell whose run is trained: it is scored, and the cell's row counts.

    ``noted`` is where a failure of its job is noted, ``recipes`` what ``recipes_beside`` gives, if it is known.
    """
    target = folder.file(runs.SCORE)
    scored = is_scored(target, setup.protocol.hash, sha256, setup.extensions)
    return scored and not overtaken(folder, noted, cell, recipes)


def overtaken(folder: RunFolder, noted: Path, cell: str, recipes: Mapping[Tried, int] | None = None) -> bool:
    """Whether a cell's row must be made, again where there is one: it has none yet, its last attempt failed, or a later
    bench had other options.
    """
    score = runs.read_turn(folder.file(runs.SCORE))
    last = score.of(cell)
    if cell not in score.turns or failed_attempt(folder, noted) > last.attempt:
        return True
    return other_recipe_since(folder, last.bench, cell, recipes)


def failed_attempt(folder: RunFolder, noted: Path) -> int:
    """The attempt at this run of which a failure was noted last; 0 for none."""
    turn = runs.read_turn(noted)
    return turn.attempt if turn.run == folder.path.name else 0


def other_recipe_since(folder: RunFolder, bench: int, cell: str, recipes: Mapping[Tried, int] | None = None) -> bool:
    """Whether a bench later than that one scored a run of this cell with another version or other options."""
    this = folder.manifest()
    recipes = recipes_beside(folder) if recipes is None else recipes
    return any(
        last > bench
        and (label, quick) == (cell, this.quick)
        and (version, options) != (this.version, this.options_hash)
        for (label, quick, version, options), last in recipes.items()
    )


def recipes_beside(folder: RunFolder) -> dict[Tried, int]:
    """The highest number of a bench that scored a run with each recipe, of this variant on this dataset."""
    found: dict[Tried, int] = {}
    for path in folder.path.parent.glob(f"*/{runs.SCORE}"):
        manifest = RunFolder(path.parent).manifest_or_none()
        if manifest is not None:
            for cell, (bench, _) in runs.read_turn(path).turns.items():
                recipe = (cell, manifest.quick, manifest.version, manifest.options_hash)
                found[recipe] = max(found.get(recipe, 0), bench)
    return found


def score_of(target: Path) -> Score | None:
    """What a score.json says; None where there is none that is sound."""
    from ganzoo.scoring.protocol import Score

    try:
        return read_json(target, Score)
    except (OSError, StoreError):
        return None


def holds(target: Path, extensions: Mapping[str, int]) -> bool:
    """Whether score.json is there and has the metrics of ``extensions``."""
    score = score_of(target)
    return score is not None and extensions.items() <= score.extensions.items()


def is_scored(target: Path, protocol_hash: str, sha256: str, extensions: Mapping[str, int] | None = None) -> bool:
    """Whether score.json already holds this model's score under this protocol, with the metrics of ``extensions``."""
    score = score_of(target)
    if score is None or not (extensions or {}).items() <= score.extensions.items():
        return False
    return score.protocol_hash == protocol_hash and score.sampled_sha256 == sha256


def work_of(zoo: Zoo, registry: Registry, job: Job) -> dict[str, Any]:
    """What the key of a job's run follows from, beside the data and the seed."""
    from ganzoo.options import as_dict, resolve

    plugin = zoo.load(job.variant)
    recipe = registry.recipe_options(job.variant, job.dataset, job.quick)
    resolved = resolve(plugin.variant.options, recipe, job.options, owner=job.variant)
    hashed = {**as_dict(resolved), **runs.file_hashes(resolved, owner=job.variant)}
    return {"variant": job.variant, "version": str(plugin.origin), "options": hashed}


class Finished:
    """Finds the jobs of which a worker would only say that all is done, without a process for each.

    Datasets, options and recipes are looked at once; what goes wrong here is left to the worker to say.
    """

    def __init__(self, zoo: Zoo, registry: Registry) -> None:
        self._zoo, self._registry = zoo, registry
        self._setups: dict[str, Setup | None] = {}
        self._work: dict[tuple[str, str, bool, str], dict[str, Any]] = {}
        self._recipes: dict[Path, dict[Tried, int]] = {}

    def __call__(self, job: Job) -> Done | None:
        """Of a job that is done; None where there may be something to do."""
        try:
            setup = self._setup(job)
            return None if setup is None else self._find(job, setup)
        except Exception:  # noqa: BLE001 - foreign code, damaged files: the worker of the job says what is wrong
            return None

    def _find(self, job: Job, setup: Setup) -> Done | None:
        store = RunStore(Path(job.runs))
        if job.variant == runs.REAL:
            real = store.folder(setup.protocol.dataset, runs.REAL, setup.protocol.hash)
            return Done("", setup.side.name) if holds(real.file(runs.SCORE), setup.extensions) else None
        key = runs.run_key(dataset_digest=setup.side.digest, seed=job.seed, quick=job.quick, **self._work_of(job))
        folder = store.folder(setup.side.name, job.variant, key)
        manifest = folder.finished()
        if manifest is None:
            return None
        noted = store.failure_file(job.dataset, job.variant, job.seed, job.quick, job.cell)
        if folder.path.parent not in self._recipes:
            self._recipes[folder.path.parent] = recipes_beside(folder)
        current = is_current(folder, setup, manifest.onnx_sha256, noted, job.cell, self._recipes[folder.path.parent])
        return Done(str(folder.path), setup.side.name) if current else None

    def _work_of(self, job: Job) -> dict[str, Any]:
        cell = (job.variant, job.dataset, job.quick, job.cell)
        if cell not in self._work:
            self._work[cell] = work_of(self._zoo, self._registry, job)
        return self._work[cell]

    def _setup(self, job: Job) -> Setup | None:
        if job.dataset not in self._setups:
            self._setups[job.dataset] = None  # where it fails, it is not tried again
            here = msgspec.structs.replace(job, device="cpu")
            self._setups[job.dataset] = setup_of(self._zoo, self._registry, here)
        return self._setups[job.dataset]
