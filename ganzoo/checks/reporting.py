"""The check of numbers that a variant reports of itself."""

from __future__ import annotations

from ganzoo.checks.base import Check, CheckFailed
from ganzoo.checks.context import Context
from ganzoo.training.reports import measured


def numbers_reported(context: Context) -> None:
    """What is declared comes, and nothing else, on the first form of data."""
    trained = context.trained()
    told = measured(context.plugin, trained.model, trained.run, trained.form.data)
    if told.faults:
        raise CheckFailed(told.note)
    missing = [each.name for each in context.variant.reports if each.name not in told.numbers]
    if missing:
        raise CheckFailed(f"{', '.join(missing)}: declared, but neither reported while it trains nor measured")


CHECKS = (
    Check(
        "numbers-reported",
        "Every number that `Variant.reports` declares comes from a run, by `run.report` or from `measure`, is finite, "
        "and no other one comes.",
        "Report numbers behind the loop over `run.steps`, or return them from `measure`: a run here has few steps.",
        numbers_reported,
    ),
)
