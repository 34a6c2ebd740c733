"""The page of a failure as it is without a script: what it says, and that it needs nothing from elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from failing_bodies import BODIES, Store, failure_of, run_both
from threads import run

import racekit
from racekit.report.page.failure_page import Around, failure_page
from racekit.report.page.index_page import ExploredEntry, FailureEntry, index_page
from racekit.report.page.layout import MOST_STEPS
from racekit.report.page.sketch import sketch_markup
from racekit.report.page.source import colour
from racekit.report.page.timeline import Lane

HERE = str(Path(__file__).parent)
VOID = {"meta", "link", "input", "br"}


class Parsed(HTMLParser):
    """The elements of a page, with their attributes and the text in them; and that each one is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes another element on line {self.getpos()[0]}"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(name: str, **around: str) -> str:
    return failure_page(failure_of(name), Around(root=HERE, **around))  # type: ignore[arg-type]


@pytest.fixture(params=BODIES)
def page(request: pytest.FixtureRequest) -> str:
    return page_of(request.param)


def test_every_element_is_closed(page: str) -> None:
    assert Parsed(page).open == []


def test_every_id_is_there_once(page: str) -> None:
    ids = [attributes["id"] for _, attributes in Parsed(page).elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_comes_from_elsewhere(page: str) -> None:
    for tag, attributes in Parsed(page).elements:
        for name in ("src", "href", "data", "action", "srcset"):
            assert str(attributes.get(name, "data:")).startswith("data:"), (tag, attributes)
    assert not re.search(r"@import|url\(", page)
    assert "default-src 'none'" in page


@pytest.mark.parametrize("name", BODIES)
def test_the_same_failure_gives_the_same_page(name: str) -> None:
    again = racekit.replay(BODIES[name], failure_of(name).schedule, steps=2000).failure
    assert again is not None
    before = failure_of(name)
    assert again is not before
    again = replace(before, trace=again.trace, waits=again.waits, repeated=again.repeated, exception=again.exception)
    assert failure_page(again, Around(root=HERE)) == page_of(name)


def test_a_lost_update_is_told_step_by_step() -> None:
    text = Parsed(page_of("lost update")).text
    steps = [
        "첫째 reads Store.value 0",
        "preempted",
        "둘째 reads Store.value 0",
        "둘째 writes Store.value 1",
        "MainThread AssertionError",
    ]
    positions = [text.index(step) for step in steps]
    assert positions == sorted(positions)


def test_the_racing_lines_are_lit_and_the_failing_one_is_marked() -> None:
    page = page_of("lost update")
    lines = re.findall(r'<li id="L0-(\d+)" class="([\w -]*)"', page)
    source = Path(HERE, "failing_bodies.py").read_text(encoding="utf-8").splitlines()
    lit = {source[int(number) - 1].strip() for number, marks in lines if "races" in marks.split()}
    failing = {source[int(number) - 1].strip() for number, marks in lines if "fails" in marks.split()}
    assert lit == {"value = self.value", "self.value = value + 1"}
    assert failing == {'assert store.value == 2, "<b>both</b> count"'}


def test_an_arrow_leads_from_each_access_to_the_one_that_depends_on_it() -> None:
    page = page_of("lost update")
    arrows = set(re.findall(r'class="curve (\w+)" data-first="(s\w+)" data-second="(s\w+)"', page))
    assert arrows == {
        ("start", "s1", "s3"),
        ("start", "s2", "s4"),
        ("race", "s3", "s5"),
        ("race", "s5", "s6"),
        ("join", "s6", "s7"),
    }


def test_the_main_thread_shares_its_colour_with_no_other_one() -> None:
    def body() -> None:
        store = Store()
        run(*[store.update] * 9)
        raise ValueError

    failure = racekit.explore(body, executions=1).failure
    assert failure is not None
    page = failure_page(failure, Around(root=HERE))
    main, *others = re.findall(r'<span class="head (lane-\d+)"', page)
    assert len(others) == 9
    assert main not in others
    shown = dict(re.findall(r"^\.(lane-\d) \{ --thread: (.*); \}$", page, re.MULTILINE))
    assert shown.keys() == {main, *others}
    dark = [colours.partition(", ")[2] for colours in shown.values()]
    assert len(set(dark)) == len(dark)


def test_the_headline_names_the_bug_and_a_hint_says_how_it_is_mended() -> None:
    text = Parsed(page_of("lost update")).text
    assert "Lost update on Store.value: 첫째 overwrote 둘째's write (both had read 0)" in text
    assert failure_of("lost update").diagnosis.hint in text


def test_an_update_lost_between_locks_lights_the_lines_that_lost_it() -> None:
    lit = re.findall(r'class="races[\w -]*">.*', page_of("between locks"))
    assert len(lit) == 2


def test_the_nearest_passing_execution_is_shown_for_comparison() -> None:
    assert 'data-schedule="passing"' in page_of("lost update")
    assert 'data-schedule="passing"' not in page_of("deadlock")


def test_a_deadlock_shows_who_waits_for_whom_and_where_what_is_held_was_taken() -> None:
    text = Parsed(page_of("deadlock")).text
    assert "There waits for right, held by Back" in text
    assert "Back took it failing_bodies.py:" in text


def test_a_livelock_lights_the_lines_that_repeat() -> None:
    [repeated] = failure_of("livelock").repeated  # the head of the loop, or since Python 3.14 its body
    first_word = repeated.text.split()[0]
    assert re.search(rf'class="[\w ]*races[\w -]*">.*{first_word}', page_of("livelock"))


def test_words_of_the_user_are_words_on_the_page() -> None:
    page = page_of("lost update", test="test_it.py::test_it[<script>alert(1)</script>]")
    assert "<b>both</b>" not in page
    assert "<script>alert" not in page
    assert "<b>both</b> count" in Parsed(page).text


def test_the_report_of_the_terminal_is_on_the_page() -> None:
    assert " ".join(str(failure_of("deadlock")).split()) in Parsed(page_of("deadlock")).text


def test_source_is_coloured_and_otherwise_unchanged() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    lines = [unescape(re.sub(r"</?span[^>]*>", "", line)) for line in colour(source)]
    assert lines == source.removesuffix("\n").split("\n")
    assert '<span class="keyword">def</span> test_source' in "".join(colour(source))


def test_source_that_is_no_python_is_shown_as_it_is() -> None:
    assert colour('a <b> c\n""" d')[0] == "a &lt;b&gt; c"


def test_the_index_lists_each_failure_with_its_shape_and_each_explored_test() -> None:
    shape = sketch_markup(failure_of("lost update").trace)
    failures = [FailureEntry("a%20b.html", "Lost <update>", "test_it.py::test_갱신", ["3 threads"], shape)]
    explored = [
        ExploredEntry("test_it.py::test_갱신", "failed", "failed in execution 6", 6),
        ExploredEntry("test_it.py::test_b", "proved", "proved: 2 interleavings", 2),
    ]
    parsed = Parsed(index_page(failures, explored))
    assert "1 failure 2 tests explored 1 proved 8 executions" in parsed.text
    assert "Lost <update> test_it.py::test_갱신 3 threads" in parsed.text
    assert "proved: 2 interleavings" in parsed.text
    assert ("a", {"href": "a%20b.html"}) in parsed.elements
    assert parsed.open == []


def test_an_index_without_failures_says_so() -> None:
    assert "No failures" in Parsed(index_page([], [])).text


def test_of_a_long_execution_what_is_around_its_hand_overs_is_kept() -> None:
    def count() -> None:
        for _ in range(MOST_STEPS):
            store.update()

    def body() -> None:
        nonlocal store
        store = Store()
        run_both(count, count)
        assert store.value == 2 * MOST_STEPS

    store = Store()
    failure = racekit.explore(body).failure
    assert failure is not None and len(failure.trace.events) > 4 * MOST_STEPS
    page = failure_page(failure)
    shown = set(map(int, re.findall(r'id="s(\d+)"', page)))
    assert len(shown) == MOST_STEPS
    for hand_over in failure.trace.hand_overs:
        assert {hand_over.at, hand_over.at + 1} & set(range(1, len(failure.trace.events) + 1)) <= shown
    assert "steps are left out here" in page


@pytest.mark.parametrize(
    ("name", "brief"),
    [
        ("First", "First"),
        ("Thread-12 (increment)", "Thread-12"),
        ("ThreadPoolExecutor-0_3", "…xecutor-0_3"),
        ("a thread of mine", "…ead of mine"),
    ],
)
def test_where_there_is_little_room_names_still_tell_threads_apart(name: str, brief: str) -> None:
    assert Lane(0, name).brief == brief
