"""Text from outside, put out: whatever it is, it comes out as text, and plain text comes out as it is."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import yaml
from markdown_it import MarkdownIt
from nasty import NASTY

from ganzoo.escaping import (
    csv_cell,
    csv_text,
    html,
    json_text,
    markdown,
    markdown_block,
    markdown_code,
    one_line,
    plain,
    terminal,
    yaml_text,
)

PLAIN = (
    *(
        "",
        "dcgan",
        "wgan-gp",
        "fid_unbiased",
        "a note; with words, (brackets) and 5 % ± 0.2",
        "naïve ∀ 名前 🙂",
        "-0.15",
    ),
    *("value – none", "1 (2 the same again)", "digits@2c4d9b60aac2", "x = 3", "2.5", "1e-05", "'quoted'", "+3", "-inf"),
)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
PAGE = MarkdownIt("gfm-like", {"linkify": False, "html": True}).enable("table")


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert terminal(text) == plain(text) == one_line(text) == csv_cell(text) == csv_text(text) == markdown(text) == text


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_terminal_gets_no_control_character(text: str) -> None:
    assert not CONTROL.search(terminal(text).replace("\t", ""))
    assert not CONTROL.search(plain(text).replace("\t", ""))
    assert not CONTROL.search(one_line(text))
    assert "\n" not in one_line(text)
    assert terminal(text).count("\n") == text.count("\n"), "line ends are a terminal's own"
    assert one_line(one_line(text)) == one_line(text)


def test_characters_are_shown_as_python_writes_them() -> None:
    assert terminal("\x1b[31mred\x9b\u202e\n\t") == "\\x1b[31mred\\x9b\\u202e\n\t"
    assert one_line("a\r\n\tb\0") == "a\\r\\n\\tb\\x00"
    assert plain("a\r\nb\rc") == "a\nb\\rc"


def inline(text: str) -> list[tuple[str, str]]:
    """The parts of a Markdown paragraph, by kind."""
    tokens = PAGE.parse(text)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"], tokens
    return [(token.type, token.content) for token in tokens[1].children or []]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_page_of_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    if not text.strip():
        return
    parts = inline(markdown(text))
    assert {kind for kind, _ in parts} <= {"text", "text_special"}
    assert "".join(content for _, content in parts) == one_line(text).strip()
    if markdown_code(text).strip():
        assert inline(markdown_code(text)) == [("code_inline", one_line(text))]


@pytest.mark.parametrize("text", [*NASTY, "a\n```\nb", "~~~\n````", "", "two\nlines\n"], ids=ascii)
def test_a_block_of_markdown_holds_the_lines_and_ends_where_it_ends(text: str) -> None:
    block, after = PAGE.parse(f"{markdown_block(text, 'sh')}\nafter\n")[:2]
    assert (block.type, block.info, block.content) == ("fence", "sh", f"{terminal(text)}\n")
    assert after.type == "paragraph_open"


@pytest.mark.parametrize("text", [*NASTY, *PLAIN, "yes", "1e3", "null", "~", "a: b", "# c", "😀"], ids=ascii)
def test_a_string_of_yaml_is_the_text(text: str) -> None:
    assert yaml.safe_load(f"key: {yaml_text(text)}\n") == {"key": one_line(text)}
    assert yaml.safe_load(f"- {yaml_text(text)}\n") == [one_line(text)]


def test_what_yaml_takes_for_no_character_is_shown() -> None:
    assert yaml_text("\ud800a\uffff\ufffe") == '"\\\\ud800a\\\\uffff\\\\ufffe"'


def test_a_table_of_markdown_has_its_columns() -> None:
    rows = [["cell", *(markdown(text) for text in NASTY)], ["", *map(markdown, reversed(NASTY))]]
    lines = ["| " + " | ".join(["h"] * len(rows[0])) + " |", "|" + " --- |" * len(rows[0])]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    tokens = PAGE.parse("\n".join(lines))
    cells = [tokens[i + 1].children or [] for i, token in enumerate(tokens) if token.type == "td_open"]
    wanted = ["cell", *NASTY, "", *reversed(NASTY)]
    assert ["".join(part.content for part in parts) for parts in cells] == [one_line(text).strip() for text in wanted]


class Tags(HTMLParser):
    """Collects what a browser would take for an element."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_a_page_made_of_markdown_has_no_element_from_outside(text: str) -> None:
    reader = Tags()
    reader.feed(PAGE.render(f"{markdown(text)}\n\n{markdown_code(text)}\n"))
    assert set(reader.found) <= {"p", "code"}
    bare = Tags()
    bare.feed(markdown(text))
    assert bare.found == [], "nor where a reader knows no Markdown"


@pytest.mark.parametrize("text", [*NASTY, *PLAIN, "'=x", "''=x", "'-1", " =x", "\uff1dx", "'", "''"], ids=ascii)
def test_a_cell_is_no_formula_and_is_read_back(text: str) -> None:
    cell = csv_cell(text)
    assert csv_text(cell) == plain(text)
    number = re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?|-inf", cell)
    assert number or not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d"))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([cell, "next"])
    assert next(csv.reader(io.StringIO(buffer.getvalue(), newline=""))) == [cell, "next"]


def test_what_begins_a_formula() -> None:
    assert csv_cell("=1+1") == "'=1+1"
    assert csv_cell("-0.15") == "-0.15"
    assert csv_cell("-0.15+cmd") == "'-0.15+cmd"
    assert csv_cell("@SUM(A1)") == "'@SUM(A1)"
    assert csv_cell("'=1") == "''=1"
    assert csv_text("'=1") == "=1"
    assert csv_text("'tis") == "'tis"


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_json_is_the_same_value_without_control_characters(text: str) -> None:
    for ascii_only in (True, False):
        content = json.dumps({"a": text, text: [1]}, ensure_ascii=ascii_only, indent=1)
        assert json.loads(json_text(content)) == {"a": text, text: [1]}
        assert not CONTROL.search(json_text(content))


@pytest.mark.parametrize("text", ["<script>alert('1 & \"2\"')</script>", "&lt;", "a > b", '"', "'", "été 数 ±"])
def test_html_is_the_text_between_tags_and_in_quotes(text: str) -> None:
    page = ElementTree.fromstring(f"<p title=\"{html(text)}\" lang='{html(text)}'>{html(text)}</p>")
    assert (page.text, page.get("title"), page.get("lang"), len(page)) == (text, text, text, 0)


def test_html_shows_what_no_page_may_hold() -> None:
    assert html("a\x00\x1b[31m\u202eb\n") == r"a\x00\x1b[31m\u202eb\n"
