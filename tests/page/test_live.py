"""Generators that run in the page: the pixels of Python, and controls that change what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ganzoo
from ganzoo.training.runs import RunFolder

from .conftest import TRAINED, Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

LATEST = 2**64 - 1


def ready(page: Page) -> Page:
    page.wait_for_selector("#stage:not([hidden])", timeout=60_000)
    return page


def live(visit: Open, variant: str) -> Page:
    return ready(visit(f"live/index.html#model={TRAINED[variant][0]}-{variant}"))


def numbers(page: Page, text: str) -> Any:
    return np.array(page.evaluate(f"Array.from({text})"), dtype=np.float64)


def settled(page: Page, seed: int) -> None:
    page.wait_for_function(f"document.getElementById('status').textContent.includes('seed {seed},') && !drawing")


@pytest.mark.parametrize("variant", TRAINED)
def test_a_seed_gives_the_samples_of_the_command_line(variant: str, visit: Open, runs: dict[str, RunFolder]) -> None:
    """As many as the page shows, of a small seed and of the largest: z to the bit, x to a thousandth at most."""
    page, generator = live(visit, variant), ganzoo.load(runs[variant].path, device="cpu")
    assert page.evaluate("state.model.slug") == f"{TRAINED[variant][0]}-{variant}"
    for seed in (0, LATEST):
        page.locator("#seed").fill(str(seed))
        settled(page, seed)
        count = page.evaluate("state.rows.length")
        wanted = generator.inputs(count, seed)
        for name in wanted:
            value = f"typeof row.{name} === 'number' ? [row.{name}] : Array.from(row.{name})"
            found = numbers(page, f"state.rows.flatMap((row) => {value})")
            assert np.abs(found - wanted[name].ravel()).max() < 1e-6, name
        assert np.abs(numbers(page, "state.all") - generator.sample(count, seed).ravel()).max() < 1e-3


def test_the_one_sample_is_what_its_controls_say(visit: Open, runs: dict[str, RunFolder]) -> None:
    page, generator = live(visit, "cgan"), ganzoo.load(runs["cgan"].path, device="cpu")
    page.get_by_role("button", name="Next").click()
    page.locator("#classes button", has_text="7").click()
    slider = page.locator("#latent input").first
    slider.fill("1.5")
    page.wait_for_function("!drawing && state.row.y === 7")
    inputs = {name: value[1:2].copy() for name, value in generator.inputs(2, 0).items()}
    inputs["y"][:], inputs["z"][0, 0] = 7, 1.5
    assert np.abs(numbers(page, "state.one") - generator.run(inputs).ravel()).max() < 1e-3
    assert page.locator("#classes button", has_text="7").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("!drawing && state.row.z[0] !== 1.5")
    assert np.abs(numbers(page, "state.one") - generator.sample(2, 0)[1].ravel()).max() < 1e-3


def test_codes_are_buttons_and_sliders(visit: Open) -> None:
    page = live(visit, "infogan")
    before = numbers(page, "state.one")
    page.locator("#codes button").nth(4).click()
    page.wait_for_function("!drawing && state.row.c[4] === 1")
    assert page.evaluate("state.row.c.subarray(0, 10).reduce((a, b) => a + b)") == 1
    assert np.abs(numbers(page, "state.one") - before).max() > 0
    page.locator("#values input").first.fill("-0.5")
    page.wait_for_function("!drawing && state.row.c[10] === -0.5")


def test_an_interpolation_ends_in_both_samples(visit: Open, runs: dict[str, RunFolder]) -> None:
    page = live(visit, "gaussian")
    x = ganzoo.load(runs["gaussian"].path, device="cpu").sample(4, 0)
    page.locator("#from").fill("2")
    page.locator("#to").fill("3")
    page.locator("#to").press("Enter")
    place = page.locator("#interpolation .slider input")
    for t, wanted in (("0", x[2]), ("1", x[3])):
        place.fill("0.5")
        place.fill(t)
        page.wait_for_function(
            f"!drawing && document.querySelector('#interpolation output').value === '{float(t):.2f}'"
        )
        assert np.abs(numbers(page, "state.one") - wanted.ravel()).max() < 1e-3
    assert page.locator("#strip canvas").count() == 9


@pytest.mark.parametrize("seed", ["-1", "x", "", "18446744073709551616", "1e3", "1.5"])
def test_what_is_no_seed_is_said_and_changes_nothing(seed: str, visit: Open) -> None:
    page = live(visit, "gaussian")
    before = numbers(page, "state.all")
    page.locator("#seed").fill(seed)
    assert page.locator("#status").inner_text() == f"A seed is a whole number from 0 to {LATEST}."
    assert page.locator("#seed").get_attribute("aria-invalid") == "true"
    assert np.array_equal(numbers(page, "state.all"), before)


def test_a_seed_that_is_typed_fast_leaves_the_samples_of_the_last(visit: Open, runs: dict[str, RunFolder]) -> None:
    page, generator = live(visit, "gaussian"), ganzoo.load(runs["gaussian"].path, device="cpu")
    page.locator("#seed").fill("1")
    page.locator("#seed").press_sequentially("2345")
    settled(page, 12345)
    x = numbers(page, "state.all")
    assert np.abs(x - generator.sample(16, 12345).ravel()).max() < 1e-3
    assert page.evaluate("state.rows[0].z[0] === inputs(state.model.latent, state.seed, 0).z[0]")


def test_a_generator_that_could_not_be_loaded_is_said_and_tried_again(visit: Open) -> None:
    page = visit("live/index.html#model=ring-wgan")
    ready(page)
    page.evaluate("real = loadScript; loadScript = () => Promise.reject(new Error('the file is gone.')); undefined")
    page.locator("#model").select_option("digits-gaussian")
    page.wait_for_selector("#status.fault")
    assert page.locator("#status").inner_text() == "This generator does not run here: the file is gone."
    assert page.locator("#stage").is_hidden()
    page.evaluate("loadScript = real; undefined")
    page.locator("#model").select_option("ring-wgan")
    ready(page)
    page.locator("#model").select_option("digits-gaussian")
    page.wait_for_function("state.model.slug === 'digits-gaussian'")
    ready(page)


def test_an_unknown_generator_is_said(visit: Open) -> None:
    page = ready(visit("live/index.html#model=digits-nobody"))
    page.wait_for_function("document.getElementById('status').textContent.includes('no generator digits-nobody')")


def test_nine_tiles_stand_beside_each_other_on_a_phone(visit: Open) -> None:
    page = ready(visit("live/index.html#model=digits-gaussian", width=360))
    page.wait_for_function("document.querySelectorAll('#strip canvas').length === 9")
    tops = page.evaluate(
        "[...document.querySelectorAll('#strip canvas')].map((each) => each.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= 360")


def test_the_address_names_the_generator_and_an_unknown_one_is_the_first(visit: Open) -> None:
    page = live(visit, "wgan")
    assert page.locator("#plot").is_visible() and not page.locator("#grid").is_visible()
    page.locator("#model").select_option("digits-cgan")
    page.wait_for_function("state.model.slug === 'digits-cgan'")
    assert page.evaluate("location.hash") == "#model=digits-cgan"
    assert page.locator("#grid button").count() == 16
    other = ready(visit("live/index.html#model=nobody"))
    assert other.evaluate("state.model === MODELS[0]")


def test_a_page_of_a_variant_leads_to_its_generator(visit: Open) -> None:
    page = visit("digits/infogan.html")
    page.get_by_role("link", name="Try it in the page").click()
    assert ready(page).evaluate("state.model.name") == "infogan"
    assert visit("digits/vanilla.html").get_by_role("link", name="Try it in the page").count() == 0
