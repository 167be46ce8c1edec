"""``ganzoo rate`` as raters meet it: the real program, Chromium, two people, a reload and a kill."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ganzoo.rating.journal import read_all
from ganzoo.rating.questions import PRACTICE
from ganzoo.rating.results import raters
from ganzoo.training.runs import RunFolder
from tests.fakes.rated import rated_board

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAM = "from ganzoo.cli import main; main(prog_name='ganzoo')"
ANSWER = "#real:not([disabled])"
Visit = Callable[..., "Page"]


class Served:
    """A running ``ganzoo rate``."""

    def __init__(self, folder: Path, *words: object) -> None:
        self.folder = folder
        command = [sys.executable, "-c", PROGRAM, "rate", "digits", *map(str, words)]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout
        self.log: list[str] = []
        for line in self.process.stdout:
            self.log.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+/", line):
                self.address = found.group()
                return
        raise AssertionError("".join(self.log))

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """Stop it, and return what it said."""
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=120)
        return said

    @property
    def kept(self) -> dict[str, list[bool]]:
        """What each rater said so far, by the files."""
        (study,) = (self.folder / "ratings").glob("digits-*")
        return {name: [each.said_fake for each in judged] for name, judged in read_all(study).items()}


@pytest.fixture
def serve(runs: dict[str, RunFolder], tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start the program on a board of two generators."""
    rated_board(tmp_path / "leaderboards", runs["gaussian"], runs["cgan"])
    store = runs["gaussian"].path.parents[2]
    started: list[Served] = []

    def start(*words: object) -> Served:
        started.append(Served(tmp_path, "--runs", store, "--images", 10, *words))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.fixture
def look(browser: Browser) -> Iterator[Visit]:
    """Open a page; at the end nothing was wrong with any of them, and nothing was asked of anywhere else."""
    said: list[str] = []
    contexts = []

    def open_page(address: str, width: int = 1200, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda request: said.extend([request.url] * (not request.url.startswith((address, "data:"))))
        )
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert said == []


def begin(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(ANSWER)


def answer(page: Page, key: str) -> None:
    """Press a key and wait until the next image may be judged, or all are."""
    page.wait_for_selector(ANSWER)
    place = page.locator("#place").inner_text()
    page.keyboard.press(key)
    page.wait_for_selector(f'#place:not(:text-is("{place}")), #end:not([hidden])', state="attached")
    page.wait_for_selector(f"{ANSWER}, #end:not([hidden])")


def to_the_end(page: Page, keys: str = "rf") -> int:
    given = 0
    while page.locator("#end").is_hidden():
        answer(page, keys[given % len(keys)])
        given += 1
    return given


def test_two_raters_a_reload_and_a_kill_lose_nothing(serve: Callable[..., Served], look: Visit) -> None:
    first = serve()
    anna, berta = look(first.address), look(first.address, width=360)
    begin(anna, "Anna")
    begin(berta, "Berta")
    for key in "rffr":
        answer(anna, key)
    answer(berta, "f")
    anna.reload()
    anna.wait_for_selector(ANSWER)
    assert anna.locator("#place").inner_text() == "Image 5 of 21, practice"
    answer(anna, "f")
    assert first.kept == {"Anna": [False, True, True, False, True], "Berta": [True]}
    first.end(signal.SIGKILL)

    again = serve()
    page = look(again.address)
    begin(page, " Anna ")
    assert page.locator("#place").inner_text() == "Image 6 of 21, practice"
    assert to_the_end(page) == 21 - 5
    assert "21 answers are kept" in page.locator("#end").inner_text()
    page.get_by_role("button", name="Another round").click()
    page.wait_for_selector(ANSWER)
    assert page.locator("#place").inner_text() == "Image 22 of 32"
    said = again.end()
    assert {name: len(kept) for name, kept in again.kept.items()} == {"Anna": 21, "Berta": 1}
    sessions = read_all(again.folder / "ratings" / "digits-untimed")
    (anna_counts,) = [each.attentive for each in raters(sessions) if each.name == "Anna"]
    assert ("gaussian" in said, "Anna answered" in said) == (anna_counts, not anna_counts)


def test_a_doubled_click_is_one_answer_and_both_buttons_work(serve: Callable[..., Served], look: Visit) -> None:
    served = serve()
    page = look(served.address)
    begin(page, "Anna")
    page.locator("#fake").dblclick()
    page.wait_for_selector("#place:has-text('Image 2') >> visible=true")
    page.wait_for_selector(ANSWER)
    assert served.kept == {"Anna": [True]}
    page.get_by_role("button", name="Real").click()
    page.wait_for_selector("#place:has-text('Image 3')")
    assert served.kept == {"Anna": [True, False]}


def test_two_windows_of_one_rater_never_answer_for_each_other(serve: Callable[..., Served], look: Visit) -> None:
    served = serve()
    one, other = look(served.address), look(served.address)
    begin(one, "Anna")
    begin(other, "Anna")
    answer(one, "r")
    answer(other, "f")
    assert served.kept == {"Anna": [False]}, "the other window saw the first image, which is answered"
    assert other.locator("#place").inner_text().startswith("Image 2 ")


def test_practice_tells_what_is_right_and_nothing_else_does(serve: Callable[..., Served], look: Visit) -> None:
    served = serve()
    page = look(served.address)
    begin(page, "Anna")
    told: list[str] = []

    def tell(text: str) -> None:  # no method of a list: the handler is given attributes
        told.append(text)

    page.expose_function("tell", tell)
    page.evaluate(
        "new MutationObserver((all) => all.forEach(() => tell(document.getElementById('told').textContent)))"
        ".observe(document.getElementById('told'), { childList: true })"
    )
    to_the_end(page)
    said = [each for each in told if each]
    assert len(said) == PRACTICE
    assert set(said) <= {"Right: it is real.", "Right: it is generated.", "No: it is real.", "No: it is generated."}


def test_with_a_limit_of_time_the_image_goes_away_before_the_answer(serve: Callable[..., Served], look: Visit) -> None:
    served = serve("--timed")
    page = look(served.address)
    begin(page, "Anna")
    assert "/mask/" in (page.locator("#picture").get_attribute("src") or "")
    for _ in range(3):
        answer(page, "r")
    served.end()
    (study,) = (served.folder / "ratings").glob("digits-timed")
    shown = [(each.exposure, each.shown) for each in read_all(study)["Anna"]]
    assert [exposure for exposure, _ in shown] == [500] * 3
    assert all(time is not None and 490 < time < 700 for _, time in shown), shown


def test_a_program_that_is_gone_is_said_and_nothing_is_lost(serve: Callable[..., Served], browser: Browser) -> None:
    served = serve()
    page = browser.new_page()
    page.goto(served.address)
    begin(page, "Anna")
    served.end(signal.SIGKILL)
    page.keyboard.press("r")
    page.wait_for_selector("#error:has-text('no longer running')")
    assert page.locator("#real").is_enabled()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(scheme: str, axe: str, serve: Callable[..., Served], browser: Browser) -> None:
    served = serve()
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    faults = []
    for step in ("", "protocol", "#rater=Anna"):
        page.goto(served.address + step)
        if step.startswith("#"):
            page.reload()
            page.wait_for_selector(ANSWER)
        page.evaluate(axe)
        found = page.evaluate("axe.run({ preload: false })")["violations"]
        faults += [(step, each["id"]) for each in found if each["impact"] in ("serious", "critical")]
    context.close()
    assert faults == []
