"""From cells to published.csv and published.md: check all, train what is not trained, measure, put beside print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import api
from ganzoo.errors import GanzooError
from ganzoo.files import locked, write_text
from ganzoo.leaderboard.bench import LocalExecutor
from ganzoo.leaderboard.current import work_of
from ganzoo.leaderboard.jobs import Done, Job
from ganzoo.leaderboard.small_csv import PUBLISHED_FILE
from ganzoo.options import resolve
from ganzoo.plugin.compatibility import require_trainable
from ganzoo.processes import python
from ganzoo.published import number_rows, page
from ganzoo.published.measures import Tools, numbers_of, require_measurable
from ganzoo.published.planning import NO_RECIPES, job_of, trials
from ganzoo.scoring.features import Progress, silent
from ganzoo.training.runs import RunFolder, RunStore, run_key

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.leaderboard.bench import Notify, Outcome
    from ganzoo.plugin.manager import Zoo
    from ganzoo.published.number_rows import Measured, NumberRow
    from ganzoo.published.planning import Cell
    from ganzoo.published.tables import Published
    from ganzoo.registry import Registry

Warn = Callable[[str], None]


class Reproduction:
    """The cells asked for, their datasets, and where their runs are.

    Raises a GanzooError where a cell's variant, options, data or measure cannot be: before anything is trained.
    """

    def __init__(self, cells: Sequence[Cell], template: Job, zoo: Zoo, registry: Registry) -> None:
        self._cells, self._zoo = cells, zoo
        self._tools = Tools(zoo, registry, template.data_dir)
        self._data: dict[str, Dataset] = {}
        for cell in cells:
            self._check(cell)
        self._trials = trials(cells)
        self.jobs = [job_of(trial, template) for trial in self._trials]

    def train(self, workers: int, notify: Notify) -> list[Outcome]:
        """Train what is not trained, ``workers`` runs at a time."""
        return LocalExecutor(workers, python("ganzoo.published.worker")).run(self.jobs, notify, self._finished)

    def measure(self, outcomes: Sequence[Outcome], warn: Warn, progress: Progress = silent) -> list[NumberRow]:
        """The rows of published.csv of all cells; a run that failed, or cannot be measured, is told to ``warn``.

        ``progress`` hears how many runs are measured.
        """
        found: list[NumberRow] = []
        done = 0
        for cell in self._cells:
            measured, failed = [], 0
            for outcome in [each for (of, _), each in zip(self._trials, outcomes, strict=True) if of is cell]:
                try:
                    measured.append(self._measured(cell, outcome))
                except GanzooError as error:
                    failed += 1
                    warn(f"{outcome.job.label}: {error}")
                done += 1
                progress("runs measured", done, len(outcomes))
            found += number_rows.rows_of(cell, measured, failed)
        return found

    def _measured(self, cell: Cell, outcome: Outcome) -> Measured:
        if outcome.state != "done":
            raise GanzooError(outcome.note or "it was not trained.")
        folder = RunFolder(Path(outcome.path))
        numbers = numbers_of(cell.table, folder, self._dataset(cell), self._tools)
        return number_rows.Measured(outcome.job.seed, folder.manifest().key, numbers)

    def _dataset(self, cell: Cell) -> Dataset:
        name = cell.table.data
        if name not in self._data:
            self._data[name] = api.dataset(name, self._tools.data_dir, zoo=self._zoo)
        return self._data[name]

    def _check(self, cell: Cell) -> None:
        plugin, data = self._zoo.trainable(cell.row.variant), self._dataset(cell)
        require_trainable(plugin, resolve(plugin.variant.options, cell.options, owner=cell.row.variant), data.spec)
        require_measurable(cell.table, plugin.variant, data)

    def _finished(self, job: Job) -> Done | None:
        """Of a job whose run is there, so that no process is started for it."""
        data = self._data[job.dataset]
        key = run_key(dataset_digest=data.digest, seed=job.seed, **work_of(self._zoo, NO_RECIPES, job))
        folder = RunStore(Path(job.runs)).folder(data.spec.name, job.variant, key)
        return Done(str(folder.path), data.spec.name) if folder.is_finished() else None


def write(out: Path, published: Published, fresh: Sequence[NumberRow]) -> tuple[list[NumberRow], list[Path]]:
    """Put rows into published.csv and draw up published.md; returns all rows and both paths."""
    with locked(out, "leaderboards folder"):
        rows = number_rows.put(out, published, fresh)
        target = out / page.MARKDOWN
        write_text(target, page.to_markdown(published, rows))
    return rows, [out / PUBLISHED_FILE, target]
