"""The jobs of a bench: one variant, dataset and seed each, and what they are scored against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry
    from ganzoo.scoring.setup import Setup
    from ganzoo.training.runs import RunStore


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the bench for one seed; ``variant`` is "real" for the real-vs-real floor."""

    variant: str
    cell: str = ""
    """What tells the cell from others of its variant; "" for the recipe as it is."""
    options: dict[str, str] = {}
    """What wins over the recipe, as ``--set`` takes it."""
    dataset: str
    seed: int
    quick: bool = False
    runs: str = "runs"
    data_dir: str | None = None
    device: str = "cpu"
    registry: str | None = None
    bench: int = 0
    """The number of the bench that the job is of."""

    @property
    def name(self) -> str:
        """How boards call its cell."""
        return named(self.variant, self.cell)

    @property
    def label(self) -> str:
        """How progress lines call it."""
        return f"{self.name} {self.dataset} seed {self.seed}"


def named(variant: str, cell: str) -> str:
    """How boards call a cell: ``gan loss=hinge norm=none``, and one without a label by its variant alone."""
    return f"{variant} {cell}" if cell else variant


def variant_of(name: str) -> str:
    """The variant of a cell that boards call so: no variant has a blank in its name."""
    return name.partition(" ")[0]


class Done(msgspec.Struct, frozen=True):
    """A job of which nothing is left to do: its run's folder, "" for real samples, and the dataset's own name."""

    path: str
    dataset: str


def next_bench(out: Path, store: RunStore) -> int:
    """The number of a bench: one more than the highest in the table that it writes and the store that it reads.

    Raises StoreError for a table that cannot be read, and so not be extended: better known before hours of training.
    """
    from ganzoo.leaderboard import runs_table

    return 1 + max(runs_table.read(out).last_bench(), store.last_bench())


def setup_of(zoo: Zoo, registry: Registry, job: Job) -> Setup:
    """The protocol and the reference of a job's dataset, with total errors, on the job's device."""
    from ganzoo import api
    from ganzoo.scoring.setup import Terms

    return api.setup_of(zoo, registry, job.dataset, data_dir=job.data_dir, terms=Terms(device=job.device, total=True))
