"""published.toml: tables in print, the protocol of each, and what trains their rows here.

Read like the registry: the file given, ``./published.toml``, the packaged one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from ganzoo.catalogues import decoded, found
from ganzoo.errors import RegistryError, UnknownName, UsageError
from ganzoo.naming import RULE, fault
from ganzoo.registry import OptionValue

FILE = "published.toml"
_PRINTED = re.compile(r"(-?\d+(?:\.(\d+))?)(?: ± (\d+(?:\.\d+)?))?")

T = TypeVar("T")
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Whole = Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True)
class Printed:
    """A number as it is in print, its error where it has one, and half a unit of its last digit."""

    text: str
    value: float
    error: float | None
    half_unit: float


def printed(text: str) -> Printed:
    """Read ``6.3 ± 0.5``, or ``5``. Raises ValueError."""
    match = _PRINTED.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no number in print such as '6.3 ± 0.5' or '5'")
    value, decimals, error = match.groups()
    return Printed(text, float(value), float(error) if error else None, 0.5 * 10.0 ** -len(decimals or ""))


class Quantity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of a table: what it is called, which of our numbers it is, and the factor to the unit in print."""

    label: str
    number: str
    scale: float = 1.0


class PublishedRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row: the variant and the options that are its own, and its numbers in print by the key of their column.

    A row without numbers is trained and shown; ``note`` says why it has none. ``small`` is whether the small budget
    takes it.
    """

    name: str
    variant: str
    options: dict[str, OptionValue] = {}
    numbers: dict[str, str] = {}
    note: str = ""
    small: bool = True


class SmallBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The part of the paper's updates, and how many seeds, that a table has under ``--budget small``."""

    budget: Share
    seeds: Whole


class PublishedTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table, or a claim, in print, and how it is made again.

    ``measure`` is how runs are measured (``ganzoo.published.measures``), ``n`` the samples of each; ``steps`` the
    paper's updates of G. ``trials`` is over how many runs theirs are, 0 where that is not in print, and ``error`` what
    stands behind their ±. ``compare = "order"``: the numbers are of another scale than ours, so that only the order of
    rows is compared, by their first column. ``differs`` says in sentences what is not as in the paper. A table that the
    small budget leaves out has the reason in ``not_small``.
    """

    paper: str
    place: str
    data: str
    protocol: str
    measure: Literal["mixture", "reported", "stacked", "score"]
    n: int = 0
    steps: Whole
    trials: Annotated[int, msgspec.Meta(ge=0)] = 0
    error: Literal["standard error", "standard deviation", "not said"] = "not said"
    compare: Literal["values", "order"] = "values"
    differs: list[str] = []
    absent: str = ""
    options: dict[str, OptionValue] = {}
    quantities: dict[str, Quantity]
    rows: list[PublishedRow]
    small: SmallBudget | None = None
    not_small: str = ""

    def options_of(self, row: PublishedRow) -> dict[str, OptionValue]:
        """What is set for a row, its own over those of all rows."""
        return {**self.options, **row.options}

    def row(self, name: str) -> PublishedRow:
        """One row by its name. Raises UnknownName."""
        return _known("row", name, {each.name: each for each in self.rows})


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file, validated."""

    api: Literal[1]
    tables: dict[str, PublishedTable]

    def table(self, name: str) -> PublishedTable:
        """One table by its name. Raises UnknownName."""
        return _known("published table", name, self.tables)


def _known(kind: str, name: str, known: dict[str, T]) -> T:
    if name not in known:
        raise UnknownName(kind, name, known)
    return known[name]


def parse(text: str, where: str) -> Published:
    """Validate the text of the file. Raises RegistryError with the path of the offending key."""
    published = decoded(text, where, Published, "list of published tables")
    for name, table in published.tables.items():
        if wrong := fault(name):
            raise RegistryError(f"{where} is not a valid list of published tables: {wrong} at 'tables'.", RULE)
        if wrong := _fault_of(table):
            raise RegistryError(f"{where} is not a valid list of published tables: {wrong} at 'tables.{name}'.")
    return published


def load(path: Path | None = None) -> Published:
    """Load the file given, else ``./published.toml``, else the packaged one."""
    return parse(*found(FILE, "list of published tables", path))


def _fault_of(table: PublishedTable) -> str:
    """What is wrong within one table, as the end of a sentence; "" for nothing."""
    names = [row.name for row in table.rows]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        return f"there are two rows '{twice[0]}'"
    if not (table.rows and table.quantities):
        return "it has no rows or no quantities"
    if table.small is None and not table.not_small:
        return "it has neither 'small' nor the reason 'not_small'"
    return next((wrong for row in table.rows if (wrong := _fault_of_row(table, row))), "")


def _fault_of_row(table: PublishedTable, row: PublishedRow) -> str:
    if unknown := [key for key in row.numbers if key not in table.quantities]:
        return f"row '{row.name}' has a number '{unknown[0]}', which is none of the quantities"
    if "steps" in table.options_of(row):
        return f"row '{row.name}' sets 'steps', which the table gives and the budget cuts"
    try:
        for text in row.numbers.values():
            printed(text)
    except ValueError as error:
        return f"row '{row.name}': {error}"
    return ""


SMALL = "small"
FULL = 1.0


def budget_of(text: str) -> float | None:
    """The part of the paper's updates: 0.1 for ``0.1``, None for ``small``, which each table has its own of.

    Raises UsageError for anything but a number in (0, 1].
    """
    if text == SMALL:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= FULL:
        raise UsageError(
            f"--budget takes a part of the paper's updates above 0 and up to 1, or 'small', but '{text}' was given.",
            "1 is the whole training; 0.1 a tenth of it.",
        )
    return value


def share(budget: float) -> str:
    """A part of the paper's updates: ``whole``, ``10 %``, ``0.5 %``."""
    return "whole" if budget == FULL else f"{100 * budget:.3g} %"
