"""Where two executions of one schedule differ first, and which cause is named."""

from __future__ import annotations

import pytest

from racekit.diagnose.nondeterminism import Difference, describe, first_difference
from racekit.trace import Event, Place

SOURCE = """\
@functools.lru_cache
def load(name):
    return Store().value

class Store:
    @cached_property
    def path(self):
        return self.value

    def late(self):
        if time.process_time() > self.end:
            self.value = 1

    def plain(self):
        self.value = 2
        return self.value
""".splitlines()


def source(filename: str, line: int) -> str:
    return SOURCE[line - 1] + "\n" if filename == "store.py" and 0 < line <= len(SOURCE) else ""


def event(text: str, line: int = 16, function: str = "Store.plain", *callers: tuple[int, str]) -> Event:
    """An event from a word like "1rx=0": thread 1 reads x, which is 0."""
    what, _, value = text.partition("=")
    operation = {"r": "read", "w": "write", "s": "acquire"}[what[1]]
    stack = tuple(Place("store.py", line, function, "") for line, function in (*callers, (line, function)))
    return Event(int(what[0]), operation, f"Store.{what[2:]}", "store.py", line, function, what[2:], value, "", stack)


def events(text: str) -> list[Event]:
    return [event(word) for word in text.split()]


def words(first: list[Event], second: list[Event], *outside: str) -> str:
    difference = first_difference(first, second)
    assert difference is not None
    return describe(difference, first, second, outside, source)


# --- the first difference ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "1rx=0", "1rx=0 2wx=1 1sx"])
def test_two_executions_that_do_the_same_do_not_differ(text: str) -> None:
    assert first_difference(events(text), events(text)) is None


@pytest.mark.parametrize(
    ("first", "second", "step"),
    [
        pytest.param("1rx 1ry", "1rx 1rz", 1, id="something else"),
        pytest.param("1rx 1wx", "1rx 2wx", 1, id="another thread"),
        pytest.param("1rx 1wx", "1rx 1rx", 1, id="another operation"),
        pytest.param("1rx=0 1rx=0", "1rx=0 1rx=1", 1, id="another value"),
        pytest.param("1rx", "1rx 1ry", 1, id="the first is shorter"),
        pytest.param("1rx 1ry", "1rx", 1, id="the second is shorter"),
        pytest.param("1rx", "", 0, id="the second does nothing"),
        pytest.param("1rx=0 1ry=0 1rz", "1rx=1 1ry=0 1rw", 0, id="of several the first"),
    ],
)
def test_the_first_step_that_differs_is_found(first: str, second: str, step: int) -> None:
    one, two = events(first), events(second)
    assert first_difference(one, two) == Difference(
        step, *(each[step] if step < len(each) else None for each in (one, two))
    )


# --- in words ---------------------------------------------------------------------------------------------------------


def test_the_step_its_line_and_what_either_did_are_told() -> None:
    assert words(events("1rx=0 1rx=0"), events("1rx=0 1rx=1")).startswith(
        "Two executions of one schedule differ at step 2 (store.py:16 in plain): "
        "the first reads Store.x: 0, the second reads Store.x: 1. "
    )


def test_an_execution_that_does_no_more_is_over() -> None:
    assert ": the first is over, the second calls acquire of Store.y. " in words(events("1rx"), events("1rx 1sy"))


@pytest.mark.parametrize(
    ("changed", "apart"),
    [
        pytest.param({"thread": 2}, "does so in thread 2 instead of 1", id="thread"),
        pytest.param({"line": 15}, "does so in store.py:15", id="line"),
        pytest.param({"location": (1, (0, 2))}, "does so with (0, 2) instead of (0, 1)", id="key"),
        pytest.param({"location": (2, (0, 1))}, "does so with another object that looks the same", id="object"),
    ],
)
def test_what_looks_the_same_is_told_apart(changed: dict[str, object], apart: str) -> None:
    one = event("1rx={}")._replace(location=(1, (0, 1)))
    assert f"the first reads Store.x: {{}}, the second {apart}. " in words([one, one], [one, one._replace(**changed)])


def of(*objects: int) -> list[Event]:
    return [event("1rx")._replace(location=(number, "x")) for number in objects]


def test_objects_may_have_other_numbers_and_names() -> None:
    named = [each._replace(target="Store#1.x") for each in of(7, 8, 7)]
    assert first_difference(of(1, 2, 1), named) is None


@pytest.mark.parametrize(("first", "second"), [([1, 2, 1], [1, 2, 2]), ([1, 2, 2], [1, 2, 1]), ([1, 2], [1, 1])])
def test_it_is_the_same_object_if_it_was_before(first: list[int], second: list[int]) -> None:
    assert first_difference(of(*first), of(*second)) is not None


# --- causes -----------------------------------------------------------------------------------------------------------


def test_a_value_that_nobody_wrote_before_was_left_over() -> None:
    assert words(events("1rx=0"), events("1rx=1")).endswith(
        "Store.x is as an earlier execution left it: make it anew in the body, or reset it there."
    )


def test_a_value_that_this_execution_wrote_itself_was_not_left_over() -> None:
    assert "left it" not in words(events("1wx 1rx=0"), events("1wx 1rx=1"))


def test_a_write_of_another_value_says_nothing_about_what_was_left_over() -> None:
    assert "left it" not in words(events("1wx=0"), events("1wx=1"))


def test_the_same_steps_in_another_order_come_from_a_set() -> None:
    assert "in the order of their addresses" in words(events("1rx 1wx 1ry 1wy"), events("1ry 1wy 1rx 1wx"))


def test_other_steps_do_not_come_from_a_set() -> None:
    assert "addresses" not in words(events("1rx 1wx 1ry"), events("1ry 1rx 1ry"))


def test_another_threads_steps_do_not_make_it_a_set() -> None:
    assert "addresses" not in words(events("1rx 2ry"), events("2ry 1rx"))


def test_a_function_that_keeps_its_results_is_named() -> None:
    first = [event("1rvalue", 3, "load"), event("1rx")]
    assert words(first, events("1rx")).endswith(
        "load keeps its results from the first execution on: call load.cache_clear() in the body."
    )


def test_a_cache_further_up_is_named() -> None:
    first = [event("1wvalue", 15, "Store.plain", (3, "load")), event("1rx", 12, "Store.late")]
    assert "load.cache_clear()" in words(first, [event("1rx", 12, "Store.late")])


def test_a_function_that_both_run_through_is_not_blamed_for_its_cache() -> None:
    first = [event("1rvalue", 3, "load"), event("1rx")]
    second = [event("1rx"), event("1rvalue", 3, "load"), event("1rx")]
    assert "cache_clear" not in words(first, second)


def test_a_cached_property_is_named() -> None:
    first = [event("1rvalue", 8, "Store.path"), event("1rx")]
    assert words(first, events("1rx")).endswith(
        "path is a cached_property that the first execution has filled: make its object in the body."
    )


@pytest.mark.parametrize("late_first", [True, False])
def test_a_clock_that_shows_real_time_is_named(late_first: bool) -> None:
    both = [event("1wvalue", 12, "Store.late")], events("1rx")
    assert "time.process_time() shows real time, another one each time: use time.time()" in words(
        *both[:: 1 if late_first else -1]
    )


def test_a_clock_further_up_is_named() -> None:
    first = [event("1wvalue", 15, "Store.plain", (12, "Store.late"))]
    assert "time.process_time()" in words(first, events("1rx"))


def test_a_clock_further_down_in_the_file_is_not_blamed() -> None:
    assert "process_time" not in words([event("1rvalue", 8, "Store.path")], events("1rx"))


def test_a_thread_outside_control_comes_first_of_all_causes() -> None:
    assert words(events("1rx=0"), events("1rx=1"), "Thread-7").endswith(
        "Thread-7 runs outside control: start it inside the body, or end it before."
    )


def test_where_nothing_is_known_that_is_said() -> None:
    assert "It depends on something that racekit does not watch" in words(events("1rx"), events("1ry"))
