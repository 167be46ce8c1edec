"""published.md, and what a report shows of it: ours beside theirs, table by table, the budget in every row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ganzoo.escaping import markdown
from ganzoo.leaderboard.page import grid, plus_minus
from ganzoo.published.number_rows import OUTDATED, NumberRow
from ganzoo.published.tables import FULL, SMALL, Published, PublishedTable, printed, share
from ganzoo.published.verdicts import LEVEL, REDUCED, order_agreement

MARKDOWN = "published.md"
SMALLEST_P = 0.001
TITLE = "Numbers in print, and ours"
HEADER = ("row", "number", "ours", "in print", "budget", "updates of G", "seeds", "verdict")
INTRO = (
    "Each row was trained by 'ganzoo reproduce' and measured by the paper's own protocol. Ours are means over seeds ± "
    "their standard error; those in print stand as they are printed.",
    "The budget is the part of the paper's updates that was trained. A row below the whole is no reproduction, and its "
    "verdict says no more than that; it shows that the command works, and which way the numbers go.",
    f"'agrees': a t test with both errors, corrected for all numbers of the table, cannot tell ours from theirs at "
    f"{100 * LEVEL:.0f} %; few seeds tell little apart, so read the errors with it. 'differs': it can.",
)


@dataclass(frozen=True)
class TableView:
    """One table of print as a page shows it; all texts as they are, to be escaped by the page."""

    name: str
    heading: str
    facts: list[str]
    """Protocol, what differs, what has no variant here, and how orders agree, in sentences."""
    rows: list[list[str]]
    """Cells by ``HEADER``."""
    missing: list[str]
    """Sentences on what was not trained."""


def views(published: Published, found: Sequence[NumberRow]) -> list[TableView]:
    """Every table of ``published``, those that nothing was trained of among them."""
    return [
        _view(name, table, [each for each in found if each.table == name]) for name, table in published.tables.items()
    ]


def _view(name: str, table: PublishedTable, found: Sequence[NumberRow]) -> TableView:
    rows = [_row(table, each) for each in found if each.quantity in table.quantities]
    facts = [f"{table.protocol} {_terms(table)}", *(f"Not as in print: {each}" for each in table.differs)]
    facts += [f"In print, but no variant of the zoo: {table.absent}."] if table.absent else []
    facts += _orders(table, found)
    return TableView(name, f"{table.paper}, {table.place}", facts, rows, _missing(table, found))


def _terms(table: PublishedTable) -> str:
    """What a whole training is, over how many runs numbers in print are, and what their ± is."""
    texts = [text for row in table.rows for text in row.numbers.values()]
    errors = f", ± {table.error}" if any("±" in text for text in texts) else ""
    runs = (
        "runs whose number is not in print"
        if not table.trials
        else f"{table.trials} runs"
        if table.trials > 1
        else "one run"
    )
    theirs = f" Numbers in print: of {runs}{errors}." if texts else ""
    return f"The whole training: {table.steps:,} updates of G.{theirs}"


def _row(table: PublishedTable, number: NumberRow) -> list[str]:
    quantity = table.quantities[number.quantity]
    verdict = number.verdict if math.isnan(number.p_value) else f"{number.verdict} ({_p(number.p_value)})"
    note = next((row.note for row in table.rows if row.name == number.row), "")
    failed = f", {number.failed} failed" if number.failed else ""
    return [
        number.row,
        quantity.label,
        _ours(number),
        number.printed or note or "–",
        share(number.budget),
        f"{number.steps:,}",
        f"{len(number.trained_seeds.split())}{failed}",
        verdict,
    ]


def _p(value: float) -> str:
    """A p value; one that only the tail of a law tells from 0 is not spelt out."""
    return f"p = {value:.2g}" if value >= SMALLEST_P else f"p < {SMALLEST_P:g}"


def _ours(number: NumberRow) -> str:
    if math.isnan(number.value):
        return "–"
    return f"{number.value:.4g}" if math.isnan(number.se) else plus_minus(number.value, number.se)


def _orders(table: PublishedTable, found: Sequence[NumberRow]) -> list[str]:
    """How our order of rows agrees with theirs at each budget, where that is what compares."""
    if table.compare != "order":
        return []
    first = next(iter(table.quantities))
    sentences = []
    for budget in dict.fromkeys(each.budget for each in found):
        pairs = [
            (each.value, printed(each.printed).value)
            for each in found
            if (each.quantity, each.budget) == (first, budget)
            and each.printed
            and each.verdict != OUTDATED
            and not math.isnan(each.value)
        ]
        agreement = order_agreement([ours for ours, _ in pairs], [theirs for _, theirs in pairs])
        if agreement is not None:
            also = "" if budget == FULL else f"; {REDUCED}"
            sentences.append(
                f"Order of {agreement.rows} rows at a budget of {share(budget)}: Kendall's τ = {agreement.tau:.2f}, "
                f"p = {agreement.p:.2g}{also}."
            )
    return sentences


def _missing(table: PublishedTable, found: Sequence[NumberRow]) -> list[str]:
    """What of a table was not trained, in sentences."""
    done = {each.row for each in found}
    left = [row.name for row in table.rows if row.name not in done]
    if not left:
        return []
    everything = len(left) == len(table.rows)
    which = "Nothing of this table was trained" if everything else f"Not trained: {', '.join(left)}"
    why = f" (no {SMALL} budget: {table.not_small.removesuffix('.')})" if table.small is None else ""
    return [f"{which}{why}."]


def to_markdown(published: Published, found: Sequence[NumberRow]) -> str:
    """The page of a leaderboards folder."""
    lines = [f"# {TITLE}", "", *(line for text in INTRO for line in (text, ""))]
    for view in views(published, found):
        lines += [f"## {markdown(view.name)}", "", f"{markdown(view.heading)}", ""]
        lines += [line for fact in view.facts for line in (f"- {markdown(fact)}",)]
        lines += ["", *grid(HEADER, view.rows), ""] if view.rows else [""]
        lines += [line for text in view.missing for line in (markdown(text), "")]
    others = list(dict.fromkeys(each.table for each in found if each.table not in published.tables))
    lines += [f"The CSV file has rows of other tables, too: {markdown(', '.join(others))}.", ""] if others else []
    return "\n".join(lines).rstrip("\n") + "\n"
