"""A generator that was trained elsewhere, scored as a bench scores its own, and put on the board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.leaderboard.jobs import Job, next_bench, setup_of
from ganzoo.leaderboard.update import update
from ganzoo.leaderboard.worker import Attempts, score_real, score_run
from ganzoo.training.runs import REAL, RunFolder, RunStore

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry


def put_on_board(
    folder: RunFolder,
    store: RunStore,
    out: Path,
    registry: Registry,
    zoo: Zoo,
    *,
    data_dir: Path | None = None,
    device: str = "auto",
    registry_path: Path | None = None,
    warn: Callable[[str], None],
) -> list[Path]:
    """Score an added run, and real samples beside it, where that is not done; write the tables, which are returned."""
    manifest = folder.manifest()
    job = Job(
        variant=manifest.variant,
        dataset=manifest.data_reference,
        seed=manifest.seed,
        runs=str(store.root),
        data_dir=str(data_dir) if data_dir else None,
        device=device,
        registry=str(registry_path) if registry_path else None,
        bench=next_bench(out, store),
    )
    setup = setup_of(zoo, registry, job)
    score_real(job, setup, Attempts(_of_real(job), _tell_nobody))
    told = Attempts(job, _tell_nobody)
    told("scoring", {"path": str(folder.path)})
    score_run(job, folder, setup, told)
    return update(store, out, registry, False, warn)


def _of_real(job: Job) -> Job:
    from msgspec.structs import replace

    return replace(job, variant=REAL, seed=0)


def _tell_nobody(event: str, fields: dict[str, Any]) -> None:
    """Nobody waits for events of a single job."""
