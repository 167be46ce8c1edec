"""One training of a reproduction in its own process: ``python -m ganzoo.published.worker JOB``.

Reports as a bench's worker does. Recipes have no part in it: what a table does not set stands at the variant's default.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ganzoo.leaderboard.jobs import Job
from ganzoo.leaderboard.worker import served, trained
from ganzoo.published.planning import NO_RECIPES


def train(job: Job, report: Any) -> None:
    """Train what is not trained."""
    from ganzoo import registry as registries
    from ganzoo.plugin.manager import Zoo

    zoo = Zoo.discover(registries.load(Path(job.registry) if job.registry else None))
    folder = trained(job, NO_RECIPES, zoo, report)
    report("trained", {"path": str(folder.path), "dataset": folder.manifest().dataset})


def main(argument: str) -> int:
    """Run one job of a reproduction."""
    return served(argument, train)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
