"""docs/plugins/tutorial.md, typed line by line in a new folder, with a real pip install.

Its ``text`` blocks are transcripts: a line that begins with "$ " is run, and every other line must be in the output,
as far as its words go (numbers, paths of runs and the width of columns differ). Blocks that begin with "# from" or
"# illustration: from" are excerpts of what was written, shifted to the left. To be quick, the GAN's default number of
steps is made small after ``ganzoo new``.
"""

from __future__ import annotations

import importlib.util
import re
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from scaffolded import Place

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins" / "tutorial.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TEXT = PAGE.read_text("utf-8")
BLOCKS = [(match[1], match[2]) for match in FENCE.finditer(TEXT)]
EXCERPT = re.compile(r"# (?:illustration: )?from (\S+)\n(.*)", re.DOTALL)
STEPS = ("= 8000", "= 40")
MODULE = "# my_module.py\n"
"""The whole GAN at the end, which test_one_module.py runs."""


@dataclass
class Typed:
    """A command of the page and the lines shown below it."""

    command: str
    shown: list[str] = field(default_factory=list)


def transcript() -> list[Typed]:
    """Every command of the page, in order."""
    typed: list[Typed] = []
    for language, block in BLOCKS:
        if language == "text" and block.startswith("$ "):
            for line in block.splitlines():
                if line.startswith("$ "):
                    typed.append(Typed(line.removeprefix("$ ")))
                elif line.strip():
                    typed[-1].shown.append(line)
    return typed


def words(line: str) -> list[str]:
    """The words of a line that are the same in every run: those without digits."""
    return [word for word in line.split() if not re.search(r"\d", word) and word not in "±-–—"]


def in_order(wanted: list[str], line: str) -> bool:
    """Whether a line has these words, in this order."""
    there: Iterator[str] = iter(line.split())
    return all(word in there for word in wanted)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A new environment with an empty folder."""
    for module in ("hatchling", "editables", "pip"):
        pytest.importorskip(module, reason="pip needs it to install a package: pip install -e '.[dev]'")
    missing = [module for module in ("torch", "ganzoo_torch") if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"the tutorial's GAN is in PyTorch, and {' and '.join(missing)} is not installed")
    return Place(tmp_path_factory.mktemp("tutorial"))


@pytest.fixture(scope="module")
def written(place: Place) -> dict[str, str]:
    """The files that the page's first command writes, before the steps are made few."""
    first = transcript()[0]
    assert place.run(first.command).splitlines() == first.shown
    folder = place.folder / "my-gan"
    texts = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    module = folder / "src" / "ganzoo_my_gan" / "my_gan.py"
    assert texts["src/ganzoo_my_gan/my_gan.py"].count(STEPS[0]) == 1
    module.write_text(module.read_text("utf-8").replace(*STEPS), "utf-8")
    return texts


def test_every_command_runs_and_says_what_the_page_shows(place: Place, written: dict[str, str]) -> None:
    commands = transcript()[1:]
    assert [typed.command.split()[1] for typed in commands[:5]] == ["install", "list", "check", "train", "bench"]
    for typed in commands:
        said = place.run(typed.command).splitlines()
        for line in typed.shown:
            wanted = words(line)
            assert wanted, f"the page shows a line without any word: {line}"
            assert any(in_order(wanted, found) for found in said), f"{typed.command}: not said: {line}\n{said}"


def test_the_excerpts_are_what_is_written(written: dict[str, str]) -> None:
    excerpts = [(found[1], found[2]) for _, block in BLOCKS if (found := EXCERPT.fullmatch(block))]
    assert len(excerpts) >= 6
    rest = [(language, block) for language, block in BLOCKS if not EXCERPT.fullmatch(block)]
    assert [language for language, block in rest if not block.startswith(MODULE)] == ["text"] * (len(rest) - 1)
    for name, excerpt in excerpts:
        (text,) = [text for path, text in written.items() if Path(path).name == name]
        shifted = [textwrap.indent(excerpt, " " * depth) for depth in (0, 4, 8)]
        assert any(lines in text for lines in shifted), f"{name} has no such lines:\n{excerpt}"


def test_the_tree_shown_is_the_tree_written(written: dict[str, str]) -> None:
    (tree,) = [block for language, block in BLOCKS if language == "text" and block.startswith("my-gan/\n")]
    lines = tree.splitlines()[1:]
    shown = {line.split()[0] for line in lines[:-1]} | set(lines[-1].split())
    assert shown == set(written) - {"src/ganzoo_my_gan/__init__.py"}


def test_the_page_shows_the_default_that_is_written(written: dict[str, str]) -> None:
    (steps,) = re.findall(r"^trained +(\d+) steps in \d\d", TEXT, re.MULTILINE)
    assert f"= {steps}\n" in written["src/ganzoo_my_gan/my_gan.py"]
    assert tomllib.loads(written["pyproject.toml"])["project"]["version"] == "0.1.0"


def test_the_reader_of_transcripts_can_tell_a_difference() -> None:
    assert in_order(words("trained  500 steps in 0.9 s"), "trained  40 steps in 1.2 s")
    assert not in_order(words("trained  500 steps in 0.9 s"), "trained  40 rounds in 1.2 s")
    assert not in_order(words("a b"), "b a")
