"""The pages in a real browser: with scripts and without, in light and dark, at two widths."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser_page, find_browser
from failing_bodies import failure_of

from racekit.report.page.failure_page import Around, failure_page

BROWSER = find_browser()
pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="the browser is spoken to by inherited pipes, which Windows has not"),
    pytest.mark.skipif(
        BROWSER is None, reason="the pages were not looked at: no Chromium on the path or in RACEKIT_BROWSER"
    ),
]
SELECTED = ".step.selected"
ON_TOP = """(() => {{
    const element = document.querySelector("{}");
    const box = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}})()"""
"""Whether an element is in sight, and nothing lies above it."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert BROWSER is not None
    with browser_page(BROWSER, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with a minimized and an original schedule."""
    small, large = failure_of("lost update"), failure_of("between locks")
    around = Around(original=large.trace, root=str(Path(__file__).parent))
    written = tmp_path_factory.mktemp("pages") / "failure.html"
    written.write_text(failure_page(small, around), encoding="utf-8")
    return written


@pytest.fixture(params=[1280, 420], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Page, file: Path) -> Page:
    browser.open(file, width=request.param)
    return browser


def test_a_page_loads_nothing_else_and_nothing_in_it_fails(page: Page, file: Path) -> None:
    page.press("ArrowRight", "m", "o", "t")
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [file.as_uri()]


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    assert page.value("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1280, 1000, 420])
def test_names_that_are_too_long_hide_no_value_and_widen_nothing(browser: Page, tmp_path: Path, width: int) -> None:
    written = tmp_path / "long.html"
    written.write_text(failure_page(failure_of("long names")), encoding="utf-8")
    browser.open(written, width=width)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert (
        browser.value("""[...document.querySelectorAll(".schedule-1 .said > .value")].map((value) => {
        const line = value.parentElement.getBoundingClientRect();
        return value.getBoundingClientRect().right <= line.right && value.scrollWidth <= value.clientWidth;
    })""")
        == [True] * 4
    )


def test_arrow_keys_walk_forwards_and_backwards(page: Page) -> None:
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert page.text(".at-step") == "step 3 of 7"
    page.press("ArrowLeft")
    assert page.text(".at-step") == "step 2 of 7"
    page.press("End")
    assert page.text(".at-step") == "step 7 of 7"
    page.press("Home")
    assert page.text(".at-step") == "step 1 of 7"


def test_a_step_shows_its_value_its_stack_and_its_line(page: Page) -> None:
    page.press("Home", "ArrowRight", "ArrowRight")
    assert page.text("[data-now]").startswith("첫째 reads Store.value 0")
    assert "Store.update" in page.value("document.querySelector('[data-now] .stack').textContent")
    assert page.text(".lines .current code") == "value = self.value"


def test_the_step_that_is_shown_is_in_sight(page: Page) -> None:
    for key in ["Home", *["ArrowRight"] * 6]:
        page.press(key)
        assert page.value(ON_TOP.format(".step.selected .said")), key


def test_the_shared_values_are_those_after_the_step(page: Page) -> None:
    page.press("Home", *["ArrowRight"] * 4)
    assert page.text("[data-values] tbody") == "Store.value 1 written by 둘째"


def test_the_arrows_of_a_step_stand_out(page: Page) -> None:
    page.press("Home", "ArrowRight", "ArrowRight")
    assert page.count(".schedule-1 .curve.touched") == 2


def test_arrows_end_at_the_dots_of_their_steps(page: Page) -> None:
    page.value("scrollTo(0, 0)")
    apart = page.value("""[...document.querySelectorAll(".schedule-1 .curve")].flatMap((curve) => {
        const middle = (id) => {
            const box = document.querySelector(`#${id} .dot`).getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        };
        const [x1, y1] = middle(curve.dataset.first), [x2, y2] = middle(curve.dataset.second);
        const line = curve.querySelector("path").getBoundingClientRect();
        return [Math.min(x1, x2) - line.left, Math.max(x1, x2) - line.right, y1 - line.top, y2 - line.bottom];
    }).map(Math.abs)""")
    assert len(apart) == 4 * 5
    assert max(apart) < 2


def test_only_what_matters_leaves_the_rest_out_and_draws_the_arrows_again(page: Page) -> None:
    assert page.count(".schedule-1 .step") == 7
    page.press("m")
    assert page.count(".schedule-1 .step") == page.count(".schedule-1 .step.matters") == 4
    assert page.count(".schedule-1 .curve") == 2
    page.press("m")
    assert page.count(".schedule-1 .curve") == 5


def test_the_original_schedule_takes_the_place_of_the_minimized_one(page: Page) -> None:
    assert (page.count(".schedule-1"), page.count(".schedule-2")) == (1, 0)
    page.press("o")
    assert (page.count(".schedule-1"), page.count(".schedule-2")) == (0, 1)


def test_dark_and_light_are_those_of_the_system_until_one_is_chosen(browser: Page, file: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"

    def lightness() -> int:
        return sum(map(int, re.findall(r"\d+", browser.value(ground))))

    browser.open(file, dark=True)
    browser.value("localStorage.clear()")
    browser.open(file, dark=True)
    assert lightness() < 200
    browser.open(file, dark=False)
    assert lightness() > 600
    browser.press("t")
    assert lightness() < 200
    browser.value("localStorage.clear()")


def test_the_mouse_shows_a_step_and_leaves_the_chosen_one_chosen(browser: Page, file: Path) -> None:
    browser.open(file)
    browser.press("Home")
    browser.hover("#s3 .said")
    assert browser.text("[data-now]").startswith("첫째 reads Store.value")
    assert browser.value(f"document.querySelector('{SELECTED}').id") == "s1"
    browser.hover("h1")
    assert browser.text("[data-now]").startswith("MainThread starts 첫째")


def test_an_address_can_name_a_step(browser: Page, file: Path) -> None:
    browser.open(file)
    browser.press("Home", "ArrowRight")
    assert browser.value("location.hash") == "#s2"


@pytest.mark.parametrize("width", [1280, 420])
def test_without_scripts_all_of_it_can_be_read(browser: Page, file: Path, width: int) -> None:
    browser.open(file, width=width, scripts=False)
    browser.allow_questions()
    assert browser.count(".schedule-1 .step") == 7
    assert browser.count(".schedule-1 .curve") == 5
    assert browser.count(".needs-script") == 0
    assert browser.count(".lines li.races") == 2
    browser.hover("#s3 .said")
    assert "Store.update" in browser.text("#s3 .more")
    assert browser.value(ON_TOP.format("#s3 .more"))
