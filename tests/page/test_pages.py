"""The pages of a report as people use them: sorting, filtering, sharing, small screens, keyboards, screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("index.html", "digits/gaussian.html", "digits/vanilla.html", "published.html", "live/index.html")
HOSTILE = 'x"><img src=x onerror=alert(1)>'


def shown(page: Page) -> list[str]:
    """The variants of the digits board that can be seen, in order."""
    rows = page.locator("#digits tbody tr:visible")
    return [rows.nth(i).get_attribute("data-variant") or "" for i in range(rows.count())]


def column(page: Page, name: str) -> None:
    page.locator(f"#digits thead th[data-column={name}] button").click()


def test_a_click_sorts_a_second_turns_and_a_third_restores(visit: Open) -> None:
    page = visit("index.html")
    first = shown(page)
    column(page, "recall")
    head = page.locator("#digits th[data-column=recall]")
    assert head.get_attribute("aria-sort") == "ascending"
    assert shown(page)[:3] == ["gaussian", "infogan", "stylegan"]
    column(page, "recall")
    assert head.get_attribute("aria-sort") == "descending"
    assert shown(page)[:3] == ["memoriser", "vanilla", HOSTILE]
    column(page, "recall")
    assert head.get_attribute("aria-sort") is None
    assert shown(page) == first


def test_the_address_holds_what_was_chosen(visit: Open) -> None:
    page = visit("index.html")
    column(page, "fid")
    column(page, "fid")
    board = page.locator("#digits")
    board.get_by_label("Variant").fill("an")
    board.get_by_label("tensorflow").uncheck()
    assert shown(page) == ["gaussian", "infogan", "stylegan"]
    assert board.get_by_role("status").inner_text() == "3 of 7 rows"
    address = page.evaluate("location.hash")
    assert address == "#digits?sort=-fid&q=an&backend=numpy,torch"
    again = visit(f"index.html{address}")
    assert shown(again) == shown(page)
    assert again.locator("#digits").get_by_label("Variant").input_value() == "an"
    again.locator("#digits").get_by_role("button", name="Show all").click()
    assert len(shown(again)) == 7 and again.evaluate("location.hash") == "#digits"


@pytest.mark.parametrize(
    "address", ["#digits?sort=nothing&backend=", "#nowhere?sort=fid", "#digits?", "#%3Cb%3E", "#%"]
)
def test_any_address_is_a_page(address: str, visit: Open) -> None:
    page = visit(f"index.html{address}")
    assert page.locator("#digits thead button").count() > 5


def test_without_javascript_the_page_is_whole(visit: Open) -> None:
    page = visit("index.html", java_script_enabled=False)
    assert len(shown(page)) == 7
    assert page.locator(".filter").count() == 0 and page.locator("thead button").count() == 0
    assert page.locator("#digits .chart").count() == 2
    page.locator("#digits tbody a", has_text="gaussian").click()
    assert page.locator("h1").inner_text() == "gaussian on digits"
    page.get_by_role("link", name="digits board").click()
    assert page.url.endswith("index.html#digits")


def test_hostile_names_are_text(visit: Open) -> None:
    page = visit("index.html")
    assert page.locator("img[src=x]").count() == 0
    page.get_by_role("link", name=HOSTILE).first.click()
    assert page.locator("h1").inner_text() == f"{HOSTILE} on digits"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
@pytest.mark.parametrize("address", PAGES)
def test_no_page_is_wider_than_its_window(address: str, width: int, scheme: str, visit: Open) -> None:
    page = visit(address, width=width, color_scheme=scheme)
    page.wait_for_function("!document.querySelector('#stage[hidden]')")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_no_serious_fault(address: str, scheme: str, axe: str, visit: Open) -> None:
    page = visit(address, color_scheme=scheme)
    page.wait_for_function("!document.querySelector('#stage[hidden]')")
    page.evaluate(axe)
    found = page.evaluate("axe.run({ preload: false })")["violations"]
    faults = [(each["id"], [node["html"][:120] for node in each["nodes"][:3]]) for each in found]
    assert [fault for fault, each in zip(faults, found, strict=True) if each["impact"] in ("serious", "critical")] == []


def test_boards_are_reached_by_the_keyboard(visit: Open) -> None:
    page = visit("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.locator("#digits thead th[data-column=fid] button").focus()
    page.keyboard.press("Enter")
    assert page.locator("#digits th[data-column=fid]").get_attribute("aria-sort") == "ascending"
