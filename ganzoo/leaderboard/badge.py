"""A badge: one line of a board as a small picture for other people's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import UnknownName
from ganzoo.escaping import html

if TYPE_CHECKING:
    from ganzoo.leaderboard.shown import Shown

HEIGHT, PAD = 20, 6
LETTER = 6.5
"""Pixels of a letter: text is set to exactly as many as it is given, in whatever font there is."""


def badge(board: Shown, dataset: str, variant: str, column: str) -> str:
    """An SVG that says a variant's value in a column, and its rank where it has one.

    Raises UnknownName for a variant that the board does not have.
    """
    place = board.names.index("variant")
    rows = {cells[place]: row for cells, row in zip(board.cells, board.rows, strict=True)}
    if variant not in rows:
        raise UnknownName(f"row of the {dataset} board", variant, rows)
    at = board.columns.index(column)
    rank = rows[variant][board.columns.index("rank")]
    name = board.header[at].removesuffix(" †").rstrip("↓↑ ")
    said = f"{name} {rows[variant][at] or 'none'}" + (f", rank {rank}" if rank != "–" else "")
    return _svg(f"{variant} on {dataset}", said)


def _svg(label: str, said: str) -> str:
    widths = [round(len(text) * LETTER + 2 * PAD) for text in (label, said)]
    width, text = sum(widths), html(f"{label}: {said}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" role="img" aria-label="{text}">',
        f"<title>{text}</title>",
        f'<rect width="{widths[0]}" height="{HEIGHT}" fill="#444"/>',
        f'<rect x="{widths[0]}" width="{widths[1]}" height="{HEIGHT}" fill="#0b63a5"/>',
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">',
        _text(label, PAD, widths[0]),
        _text(said, widths[0] + PAD, widths[1]),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str, left: int, width: int) -> str:
    return f'<text x="{left}" y="14" textLength="{width - 2 * PAD}" lengthAdjust="spacingAndGlyphs">{html(text)}</text>'
