"""The page of what can come out: "2 or 3" at a glance, each value with the steps that lead to it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser_page, find_browser
from failing_bodies import Store, run_both

import racekit

BROWSER = find_browser()


def two_updates() -> int:
    store = Store()
    run_both(store.update, store.update)
    return store.value


def test_each_value_has_its_count_and_its_schedule(tmp_path: Path) -> None:
    found = racekit.explore(two_updates)
    found.write_page(tmp_path / "outcomes.html")
    page = (tmp_path / "outcomes.html").read_text(encoding="utf-8")
    assert "<h1>2 different outcomes</h1>" in page
    assert re.findall(r'<code class="outcome">(.*?)</code>', page) == ["1", "2"]
    for outcome in found.outcomes.values():
        assert f"{outcome.count} execution" in page
        assert outcome.schedule.token.replace(">", "&gt;") in page


def test_what_is_forbidden_and_what_never_came_out_is_marked(tmp_path: Path) -> None:
    racekit.explore(two_updates, outcomes={2, 3}, stop_on_failure=False).write_page(tmp_path / "outcomes.html")
    page = (tmp_path / "outcomes.html").read_text(encoding="utf-8")
    judged = re.findall(r'<label class="(\w+)">.*?<code class="outcome">(.*?)</code>', page, flags=re.DOTALL)
    assert judged == [("forbidden", "1"), ("allowed", "2")]
    assert re.search(r'<p class="missing"><code class="outcome">3<', page)


def test_a_failure_is_an_outcome_too(tmp_path: Path) -> None:
    def body() -> int:
        value = two_updates()
        assert value == 2
        return value

    racekit.explore(body, stop_on_failure=False).write_page(tmp_path / "outcomes.html")
    page = (tmp_path / "outcomes.html").read_text(encoding="utf-8")
    assert '<label class="fails">' in page
    assert "AssertionError" in page


def test_a_body_with_one_value_always_gives_it(tmp_path: Path) -> None:
    racekit.explore(lambda: "<once>").write_page(tmp_path / "outcomes.html")
    assert "<h1>Always &#39;&lt;once&gt;&#39;</h1>" in (tmp_path / "outcomes.html").read_text(encoding="utf-8")


def test_values_that_cannot_be_compared_stay_in_their_order(tmp_path: Path) -> None:
    def body() -> object:
        value = two_updates()
        return value if value == 1 else "two"

    racekit.explore(body).write_page(tmp_path / "outcomes.html")
    page = (tmp_path / "outcomes.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<code class="outcome">(.*?)</code>', page)) == {"1", "&#39;two&#39;"}


def test_an_exploration_without_an_execution_has_no_page(tmp_path: Path) -> None:
    with pytest.raises(racekit.BadArgument, match="neither a value nor a failure"):
        racekit.Exploration().write_page(tmp_path / "outcomes.html")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if BROWSER is None or os.name == "nt":
        pytest.skip("the page was not looked at: no Chromium on the path or in RACEKIT_BROWSER")
    with browser_page(BROWSER, tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.mark.parametrize("width", [1280, 420])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_one_value_is_shown_at_a_time(browser: Page, tmp_path: Path, width: int, scripts: bool) -> None:
    racekit.explore(two_updates).write_page(tmp_path / "outcomes.html")
    browser.open(tmp_path / "outcomes.html", width=width, scripts=scripts)
    browser.allow_questions()
    assert (browser.count(".schedule-1"), browser.count(".schedule-2")) == (1, 0)
    browser.click(".outcomes label:nth-of-type(2)")
    assert (browser.count(".schedule-1"), browser.count(".schedule-2")) == (0, 1)
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints == []
