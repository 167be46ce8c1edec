"""Charts: every mark where it belongs, names as text, groups alike in all charts."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from ganzoo.report import charts
from ganzoo.report.charts import Line, Point, interval, lines, scatter, strip_axis

NASTY = "<script>alert('x')</script>&\"\u202e"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<figure>{text}</figure>")


def test_a_scatter_plot_has_a_mark_a_name_and_a_legend() -> None:
    points = [
        Point("a", "torch", 1.0, 10.0, x_half=0.1, y_half=1.0, link="d/a.html"),
        Point(NASTY, "jax", 2.0, 20.0),
        Point("lost", "jax", math.nan, 20.0),
    ]
    figure = parsed(scatter(points, "cost", "FID ↓", ["jax", "numpy", "torch"], x_log=True))
    marks = [each for each in figure.iter("g") if each.get("class", "").startswith("mark")]
    titled = [mark for mark in marks if mark.find("title") is not None]
    assert [mark.findtext("title") for mark in titled] == ["a: 1, 10", "<script>alert('x')</script>&\"\\u202e: 2, 20"]
    assert [mark.get("class") for mark in titled] == ["mark c2", "mark c0"], "by their places among the groups"
    assert figure.find("svg/a").get("href") == "d/a.html"  # type: ignore[union-attr]
    assert [(each.tail or "").strip() for each in figure.iterfind("ul/li/svg")] == ["jax", "torch"], (
        "those that have marks"
    )
    names = {each.text for each in figure.iter("text")}
    assert {"a", "cost", "FID ↓"} <= names
    assert figure.find("svg").get("aria-label") == "FID ↓ against cost of 2 rows"  # type: ignore[union-attr]


def test_marks_lie_by_their_values() -> None:
    text = scatter([Point("low", "g", 0.0, 0.0), Point("high", "g", 1.0, 1.0)], "x", "y", ["g"])
    (x0, y0), (x1, y1) = [
        tuple(map(float, found)) for found in re.findall(r'translate\((\S+) (\S+)\)"/></g>', text)[:2]
    ]
    assert x0 < x1 and y0 > y1, "up is more"


def test_names_hide_neither_marks_nor_each_other() -> None:
    points = [Point(f"name{i}", "g", 1.0 + 1e-6 * i, 1.0) for i in range(30)] + [Point("far", "g", 2.0, 2.0)]
    figure = parsed(scatter(points, "x", "y", ["g"]))
    shown = [each.text or "" for each in figure.iter("text") if (each.text or "").startswith(("name", "far"))]
    assert "far" in shown and 0 < len(shown) < 12
    assert len(list(figure.iter("title"))) == 31, "what has no name beside it has one all the same"


def test_an_interval_is_drawn_on_the_axis_of_its_table() -> None:
    axis = strip_axis([0.1, 10.0], log=True)
    drawn = parsed(interval(1.0, 0.5, axis))
    circle, bar = drawn.find("svg/circle"), drawn.find("svg/path")
    assert circle is not None and bar is not None
    begin, end = re.findall(r"M(\S+) 7\.0H(\S+)", bar.get("d", ""))[0]
    assert float(begin) < float(circle.get("cx", 0)) < float(end)
    assert parsed(interval(1.0, math.nan, axis)).find("svg/path") is None
    assert interval(math.nan, 1.0, axis) == ""


def test_curves_have_gaps_where_they_are_not_finite() -> None:
    curves = [Line("d_loss", [0, 1, 2, 3], [1.0, math.nan, 2.0, 3.0]), Line(NASTY, [0, 1, 2, 3], [0.0, 1.0, 2.0, 3.0])]
    figure = parsed(lines(curves, "step", "value"))
    drawn = [
        each for each in figure.iter("g") if each.get("class", "").startswith("line") and each.find("title") is not None
    ]
    first, second = ((each.find("path").get("d", "")) for each in drawn)  # type: ignore[union-attr]
    assert (first.count("M"), first.count("L")) == (2, 1)
    assert (second.count("M"), second.count("L")) == (1, 3)
    dashes = [each.find("path").get("stroke-dasharray") for each in drawn]  # type: ignore[union-attr]
    assert len(set(dashes)) == 2, "not by colour alone"


@pytest.mark.parametrize("count", [charts.COLOURS + 1, 20])
def test_there_may_be_more_groups_than_colours(count: int) -> None:
    groups = [f"g{i}" for i in range(count)]
    figure = parsed(scatter([Point(name, name, i, i) for i, name in enumerate(groups)], "x", "y", groups))
    assert len(list(figure.iterfind("ul/li"))) == count
