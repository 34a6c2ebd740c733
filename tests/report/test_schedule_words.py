"""Positions of a schedule in words."""

from __future__ import annotations

import pytest

from racekit.report.schedule_words import explained, in_words
from racekit.schedule import Position, Schedule


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (Position(8, "r", "value", 1), "read value on line 8"),
        (Position(8, "w", "value", 2), "write value on line 8, for the 2nd time"),
        (Position(8, "r", "", 3), "read an item of a container on line 8, for the 3rd time"),
        (Position(8, "c", "", 11), "call a method of a container on line 8, for the 11th time"),
        (Position(8, "s", "acquire", 101), "acquire a lock on line 8, for the 101st time"),
        (Position(8, "s", "put", 1), "call put() on line 8"),
        (Position(0, "s", "end", 1), "end in code that is not watched"),
    ],
)
def test_a_position_in_words(position: Position, words: str) -> None:
    assert in_words(position) == words


def test_a_line_is_shown_of_each_file_that_can_be_meant() -> None:
    sources = {"one.py": ["x = value"], "two.py": ["print()"], "three.py": [], "four.py": ["value += 1"]}
    shown = list(explained(Schedule.parse("rk1:1@1r.value>2"), sources))
    assert shown[-2:] == ["     one.py:1   x = value", "     four.py:1   value += 1"]


def test_what_is_not_in_any_file_is_said_once() -> None:
    shown = list(explained(Schedule.parse("rk1:1@1r.value>2"), {"one.py": [], "two.py": []}))
    assert shown[-1] == "     (not on line 1 of one.py or two.py: it is in another file, or has changed)"
