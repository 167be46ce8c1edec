"""Charts as inline SVG: they need no library and no network, and take the colours of the page, light or dark.

Groups differ by colour and by shape. The colours are those of Okabe and Ito (2008), which people who are colour-blind
can tell apart; the style sheet has them as the classes ``c0`` to ``c6``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ganzoo.escaping import html
from ganzoo.report.scales import Scale, scale

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 44
LETTER = 6.8
"""Pixels of a letter of a name, about."""
STRIP = (120, 14)
"""Width and height of an interval in a table."""
COLOURS = 7
_SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-4-4h8v8h-8z",
    "M0-5L5 4H-5z",
    "M0-5L5 0L0 5L-5 0z",
    "M-5-1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z",
)


@dataclass(frozen=True)
class Point:
    """One mark of a scatter plot, with half of its interval on either axis where there is one."""

    name: str
    group: str
    x: float
    y: float
    x_half: float = 0.0
    y_half: float = 0.0
    link: str = ""


@dataclass(frozen=True)
class Line:
    """One curve."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def interval(value: float, half: float, axis: Scale) -> Markup:
    """A value with its interval as a row of a table has it, on an axis that all rows share."""
    if not math.isfinite(value):
        return Markup("")
    width, height = STRIP
    middle = height / 2
    half = half if math.isfinite(half) else 0.0
    ends = axis(value - half), axis(value + half)
    bar = f'<path class="bar" d="M{ends[0]:.1f} {middle}H{ends[1]:.1f}"/>' if half else ""
    return Markup(
        f'<svg class="strip" width="{width}" height="{height}" aria-hidden="true">'
        f'{bar}<circle cx="{axis(value):.1f}" cy="{middle}" r="3"/></svg>'
    )


def strip_axis(values: Sequence[float], log: bool) -> Scale:
    """The axis that the intervals of a table share; of values and the ends of intervals."""
    return scale(values, 4, STRIP[0] - 4, log=log)


def scatter(
    points: Sequence[Point],
    x_name: str,
    y_name: str,
    groups: Sequence[str],
    *,
    x_log: bool = False,
    y_log: bool = False,
) -> Markup:
    """Marks with their names beside them, and a legend of those of ``groups`` that have any.

    A group has the colour and the shape of its place in ``groups``, so that charts with the same ones are alike.
    """
    points = [each for each in points if math.isfinite(each.x) and math.isfinite(each.y)]
    x = scale([each.x for each in points], LEFT, WIDTH - RIGHT, log=x_log)
    y = scale([each.y for each in points], HEIGHT - BOTTOM, TOP, log=y_log)
    labels = _labels([(x(each.x), y(each.y), each.name) for each in points])
    marks = [_mark(each, groups.index(each.group), x, y) + labels[i] for i, each in enumerate(points)]
    legend = [(name, _key("mark", i)) for i, name in enumerate(groups) if any(each.group == name for each in points)]
    title = f"{y_name} against {x_name} of {len(points)} rows"
    return _figure(title, [_axes(x, y, x_name, y_name), *marks], legend)


def _mark(point: Point, group: int, x: Scale, y: Scale) -> str:
    at, up = x(point.x), y(point.y)
    text = html(f"{point.name}: {point.x:.4g}, {point.y:.4g}")
    across = f"M{x(point.x - point.x_half):.1f} {up:.1f}H{x(point.x + point.x_half):.1f}" if point.x_half > 0 else ""
    down = f"M{at:.1f} {y(point.y - point.y_half):.1f}V{y(point.y + point.y_half):.1f}" if point.y_half > 0 else ""
    bars = f'<path class="bar" d="{across}{down}"/>' if across or down else ""
    shape = f'<path d="{_shape(group)}" transform="translate({at:.1f} {up:.1f})"/>'
    drawn = f'<g class="mark c{group % COLOURS}"><title>{text}</title>{bars}{shape}</g>'
    return f'<a href="{html(point.link)}">{drawn}</a>' if point.link else drawn


def _labels(marks: Sequence[tuple[float, float, str]]) -> list[str]:
    """The name of each mark beside, above or below it, wherever it hides neither a mark nor another name; else ""."""
    taken = [(at - 5, up - 5, at + 5, up + 5) for at, up, _ in marks]
    found = []
    for at, up, name in marks:
        wide = LETTER * len(name)
        places = [(at + 7, up - 6), (at - 7 - wide, up - 6), (at - wide / 2, up - 18), (at - wide / 2, up + 6)]
        boxes = [(left, top, left + wide, top + 12) for left, top in places]
        box = next((each for each in boxes if _free(each, taken)), None)
        if box is not None:
            taken.append(box)
        found.append("" if box is None else f'<text x="{box[0]:.1f}" y="{box[1] + 10:.1f}">{html(name)}</text>')
    return found


def _free(box: tuple[float, ...], taken: Sequence[tuple[float, ...]]) -> bool:
    left, top, right, bottom = box
    if left < LEFT or right > WIDTH or top < 0 or bottom > HEIGHT - BOTTOM:
        return False
    return all(right <= x0 or left >= x1 or bottom <= y0 or top >= y1 for x0, y0, x1, y1 in taken)


def _shape(group: int) -> str:
    return _SHAPES[group % len(_SHAPES)]


def lines(curves: Sequence[Line], x_name: str, y_name: str) -> Markup:
    """Curves over one axis, a colour and dashes of its own for each, and a legend."""
    names = [html(each.name) for each in curves]
    x = scale([value for each in curves for value in each.x], LEFT, WIDTH - RIGHT)
    y = scale([value for each in curves for value in each.y], HEIGHT - BOTTOM, TOP)
    drawn = [
        f'<g class="line c{i % COLOURS}"><title>{names[i]}</title><path {_dashes(i)} d="{_path(each, x, y)}"/></g>'
        for i, each in enumerate(curves)
    ]
    return _figure(
        f"{y_name} over {x_name}",
        [_axes(x, y, x_name, y_name), *drawn],
        [(e.name, _key("line", i)) for i, e in enumerate(curves)],
    )


def _dashes(i: int) -> str:
    return f'stroke-dasharray="{("none", "7 3", "2 3", "9 3 2 3")[i % 4]}"'


def _path(curve: Line, x: Scale, y: Scale) -> str:
    """Through all finite points; what is not finite is a gap."""
    found, pen = [], "M"
    for at, up in zip(curve.x, curve.y, strict=True):
        if math.isfinite(up):
            found.append(f"{pen}{x(at):.1f} {y(up):.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(found)


def _axes(x: Scale, y: Scale, x_name: str, y_name: str) -> str:
    floor, middle = HEIGHT - BOTTOM, (TOP + HEIGHT - BOTTOM) / 2
    parts = [f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>']
    for tick in x.ticks():
        parts.append(f'<path class="tick" d="M{x(tick):.1f} {floor}v-{floor - TOP}"/>')
        parts.append(f'<text class="end" x="{x(tick):.1f}" y="{floor + 16}" text-anchor="middle">{tick:g}</text>')
    for tick in y.ticks():
        parts.append(f'<path class="tick" d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for name, place in ((x_name, f"{(LEFT + WIDTH - RIGHT) / 2} {HEIGHT - 8}"), (y_name, f"14 {middle}) rotate(-90")):
        parts.append(f'<text class="name" transform="translate({place})" text-anchor="middle">{html(name)}</text>')
    return "".join(parts)


def _figure(title: str, parts: Sequence[str], legend: Sequence[tuple[str, str]]) -> Markup:
    """An SVG that fits its column, with the legend as text below, which a narrow page can break into lines."""
    keys = [f"<li>{key} {html(name)}</li>" for name, key in legend]
    role = "group" if any("<a " in part for part in parts) else "img"  # what is an image has no links inside
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="{role}" aria-label="{html(title)}"'
    listed = f'<ul class="legend">{"".join(keys)}</ul>' if keys else ""
    return Markup(f'<svg class="chart" {box}>{"".join(parts)}</svg>{listed}')


def _key(kind: str, i: int) -> str:
    drawn = f'{_dashes(i)} d="M1 6H21"' if kind == "line" else f'd="{_shape(i)}" transform="translate(11 6)"'
    return f'<svg width="22" height="12" aria-hidden="true"><g class="{kind} c{i % COLOURS}"><path {drawn}/></g></svg>'
