"""What a check says of an error: ganzoo's own sentences whole, those of others never cut in the middle of a word."""

from __future__ import annotations

import pytest

from ganzoo.checks.base import LONGEST, CheckFailed, one_line, shortened
from ganzoo.errors import ModelError

WORDS = " ".join(["word"] * 200)


@pytest.mark.parametrize("kind", [ModelError, CheckFailed])
def test_sentences_of_ganzoos_own_are_whole(kind: type[Exception]) -> None:
    assert one_line(kind(f"{WORDS}\n  end.")) == f"{WORDS} end."


def test_others_are_cut_between_words() -> None:
    line = one_line(ValueError(WORDS))
    assert LONGEST - 5 < len(line) <= LONGEST
    assert set(line.removeprefix("ValueError: ").split()) == {"word", "…"}
    assert one_line(ValueError("short\nenough")) == "ValueError: short enough"


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("one two", 7, "one two"),
        ("one two three", 9, "one two …"),
        ("one two three", 8, "one …"),
        ("abcdefghij", 6, "abcd …"),
    ],
)
def test_shortened(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short
