"""The zoo's page has every bundled variant, in the words of its own description."""

from __future__ import annotations

from pathlib import Path

from ganzoo import registry
from ganzoo.plugin.manager import Zoo
from ganzoo.types import TRAINED

PAGE = Path(__file__).resolve().parents[2] / "docs/zoo.md"


def test_the_table_is_what_variants_say_of_themselves() -> None:
    zoo = Zoo.discover()
    lines = PAGE.read_text("utf-8").splitlines()
    first = lines.index("| variant | framework | what it is | paper |") + 2
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[first:] if line.startswith("| `")]
    described = [zoo.load(name).variant for name in sorted(registry.load().variants)]
    wanted = [[f"`{v.name}`", v.backend, v.summary, v.paper] for v in described if v.role in TRAINED]
    assert rows[: len(wanted)] == wanted
