"""What counts as a lost update, and how it is put into words."""

from __future__ import annotations

import pytest

from racekit.diagnose.lost_update import LostUpdate, accesses_of, describe, is_of, lost_updates
from racekit.runtime.conflicts import ITEMS
from racekit.trace import Event

THREADS = ("MainThread", "First", "Second")


def events(text: str) -> list[Event]:
    """Events from words like "1rx=0": thread 1 reads x, which is 0. A "-" is another kind of event."""
    found = []
    for line, word in enumerate(text.split(), start=1):
        if word == "-":
            found.append(Event(1, "acquire", "", "/src/store.py", line, "update", 77))
            continue
        what, _, value = word.partition("=")
        operation = {"r": "read", "w": "write"}[what[1]]
        found.append(
            Event(int(what[0]), operation, f"Store.{what[2:]}", "/src/store.py", line, "update", what[2:], value)
        )
    return found


def found_in(text: str) -> list[tuple[int, int, int]]:
    return [tuple(update) for update in lost_updates(accesses_of(events(text)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1rx 2rx 1wx 2wx", [(1, 2, 3)], id="both have read before either writes"),
        pytest.param("1rx 2wx 1wx", [(0, 1, 2)], id="the other one only writes"),
        pytest.param("1rx - 2rx 1wx - 2wx", [(2, 3, 5)], id="synchronization between"),
        pytest.param("1rx 2rx 3rx 1wx 2wx 3wx", [(1, 3, 4), (2, 4, 5)], id="three threads, two lost"),
        pytest.param("1rx 2rx 2wx 2rx 2wx 1wx", [(0, 4, 5)], id="two updates lost to one write: the last is named"),
        pytest.param("1rx 1wx 2rx 2wx", [], id="one after the other"),
        pytest.param("1rx 2wx 1rx 1wx", [], id="read again before the write"),
        pytest.param("1rx 2ry 1wx 2wy", [], id="different locations"),
        pytest.param("1wx 2wx 1wx", [], id="writes alone"),
        pytest.param("1rx 1wx 2wx 1wx", [], id="not read since its own write"),
        pytest.param("1rx 2rx 1wx", [], id="one write alone"),
        pytest.param("1rx 2rx", [], id="reads alone"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_an_update_is_lost_when_another_write_came_between_read_and_write(
    text: str, expected: list[tuple[int, int, int]]
) -> None:
    assert found_in(text) == expected


def test_a_container_that_is_changed_as_a_whole_loses_nothing() -> None:
    whole = 7, ITEMS
    assert not list(lost_updates([(1, "read", whole), (2, "write", whole), (1, "write", whole)]))


def words(text: str) -> str:
    happened = events(text)
    return describe(next(lost_updates(accesses_of(happened))), happened, THREADS)


def test_both_had_read_the_same() -> None:
    assert words("1rvalue=0 2rvalue=0 1wvalue=1 2wvalue=1") == (
        "Store.value: Second's write of 1 overwrote First's write of 1; both had read 0 (store.py:4)"
    )


def test_the_other_thread_had_read_something_else() -> None:
    assert words("1rx=0 2rx=5 2wx=6 1wx=1") == (
        "Store.x: First's write of 1 overwrote Second's write of 6; it had read 0 before that (store.py:4)"
    )


def test_the_other_thread_had_read_nothing() -> None:
    assert words("1rx=0 2wx=6 1wx=1") == (
        "Store.x: First's write of 1 overwrote Second's write of 6; it had read 0 before that (store.py:3)"
    )


def test_values_that_are_not_known_are_left_out() -> None:
    assert words("1rx 2rx 2wx 1wx") == (
        "Store.x: First's write overwrote Second's write; both had read before (store.py:4)"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [(None, True), ("Store.x", True), ("x", True), ("Store", False), ("ore.x", False), ("y", False)],
)
def test_a_name_is_that_of_the_attribute_with_its_class_or_without(name: str | None, expected: bool) -> None:
    assert is_of(LostUpdate(0, 1, 2), events("1rx 2wx 1wx"), name) is expected
