r"""Text from outside, put out: one escape for each kind of output, and no other place that knows one.

    terminal       control characters and changes of direction are shown as ``\x1b`` and ``\u202e``
    plain          the same, for files
    one_line       the same, line ends and tabs too: cells of tables, sentences, notes
    markdown       one line whose every character stands for itself in a Markdown page or a cell of its tables; what
                   would be HTML is text, too
    markdown_code  one line as a code span
    markdown_block text of several lines as a block of code
    yaml_text      a string of YAML that every reader of it takes for the text
    html           one line as text, or in quotes as an attribute, of an HTML or SVG page
    csv_cell       a cell that no spreadsheet takes for a formula, and ``csv_text``, which reads it back
    json_text      JSON with control characters written as JSON writes them

None of them changes plain text.
"""

from __future__ import annotations

import json
import re

# C0, DEL, C1; marks, embeddings, overrides and isolates of direction; ends of lines and paragraphs; byte order mark.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
_LINE = re.compile(f"[{_CONTROLS}]")
_TERMINAL = re.compile(rf"(?![\n\t])[{_CONTROLS}]")
_JSON = re.compile(rf"(?![\x00-\x1f])[{_CONTROLS}]")
_NOT_YAML = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}
_MARKS = re.compile(r"[&<>|\\`*\[\]~$]|(?<!\w)_|_(?!\w)")
_FIRST = re.compile(r"(?P<before>\d*)(?P<mark>[#+\-.)=:])")  # what can begin a heading, list, rule or table row

_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|nan)", re.ASCII)


def terminal(text: str) -> str:
    r"""Text of several lines as a terminal may have it: ``\x1b[31m`` instead of red. Line ends and tabs stay."""
    return _TERMINAL.sub(_shown, text)


def plain(text: str) -> str:
    """Text for a file of text, such as a CSV: like ``terminal``, with line ends as ``\\n`` alone."""
    return terminal(text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    r"""Text as one line, for terminals and tables: line ends are shown as ``\n``."""
    return _LINE.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def markdown(text: str) -> str:
    """Text as it is read in a Markdown page, where a paragraph or a cell of a table is expected.

    Bars, HTML, links, images and marks of emphasis are characters, no marks. Blanks at both ends are left out.
    """
    marked = _MARKS.sub(lambda found: _ENTITIES.get(found.group()) or f"\\{found.group()}", one_line(text).strip())
    return _FIRST.sub(r"\g<before>\\\g<mark>", marked, count=1) if _begins_block(marked) else marked


def _begins_block(text: str) -> bool:
    """Whether a line so begun would be a heading, a list, a rule or a line below a heading."""
    return re.match(r"#{1,6}(\s|$)|[+-](\s|$)|\d{1,9}[.)](\s|$)|=+\s*$|(-\s*){3,}$|:?-+:?\s*$", text) is not None


def markdown_code(text: str) -> str:
    """Text as a code span of Markdown; outside of tables, where bars would end it. No text gives no span."""
    line = one_line(text)
    if not line.strip():
        return line
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def markdown_block(text: str, language: str = "") -> str:
    """Lines of code as a fenced block of Markdown, whatever fences they hold; ends without a line end."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{terminal(text)}\n{fence}"


def yaml_text(text: str) -> str:
    """A quoted string of YAML 1.1 or 1.2; what YAML takes for no character is shown as in ``one_line``."""
    return json.dumps(_NOT_YAML.sub(_shown, one_line(text)), ensure_ascii=False)


def html(text: str) -> str:
    """Text as it is read in HTML or SVG, between tags or within a quoted attribute: no tag, no entity."""
    line = one_line(text)
    for mark, entity in _HTML.items():
        line = line.replace(mark, entity)
    return line


def csv_cell(text: str) -> str:
    """``plain`` text that a spreadsheet takes as text: an apostrophe before what would be a formula.

    Numbers stay as they are. Quoting is left to the writer of the file.
    """
    cell = plain(text)
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def csv_text(cell: str) -> str:
    """The ``plain`` text that ``csv_cell`` made a cell of; any other cell as it is."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def json_text(text: str) -> str:
    r"""JSON whose strings have ``\u202e`` for control characters that JSON lets stand; its value is the same."""
    return _JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
