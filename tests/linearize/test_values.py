"""Results as they were when a call returned, and when two of them say the same."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from racekit.linearize import Identities, same


class Connection:
    pass


@dataclass
class Row:
    tags: list[str] = field(default_factory=list)


class Incomparable:
    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        raise TypeError

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return self.text


def copies(*values: Any) -> list[Any]:
    """The values as seen in one execution."""
    identities = Identities()
    return [identities.copy(value) for value in values]


def agree(ones: list[Any], others: list[Any]) -> bool:
    renaming: Any = {}
    for one, other in zip(ones, others, strict=True):
        if renaming is not None:
            renaming = same(one, other, renaming)
    return renaming is not None


@pytest.mark.parametrize("make", [list, dict, set, deque, Row, lambda: ([],), lambda: {"a": [1]}])
def test_what_changes_afterwards_does_not_change_the_copy(make: Any) -> None:
    value = make()
    [before], [fresh] = copies(value), copies(make())
    inner = value.tags if isinstance(value, Row) else value[0] if isinstance(value, tuple) else value
    if isinstance(inner, dict):
        inner["b"] = 2
    elif isinstance(inner, set):
        inner.add(1)
    else:
        inner.append(1)
    assert agree([before], [fresh])
    assert not agree(copies(value), [fresh])


def test_objects_of_two_executions_are_the_same_if_they_can_be_renamed_one_to_one() -> None:
    a, b, c, d = (Connection() for _ in range(4))
    assert agree(copies(a, b, a), copies(c, d, c))
    assert agree(copies([a, {"b": b}]), copies([d, {"b": c}]))


def test_one_object_twice_is_not_two_objects() -> None:
    a, b, c, d = (Connection() for _ in range(4))
    assert not agree(copies(a, a), copies(c, d))
    assert not agree(copies(a, b), copies(c, c))


def test_objects_of_different_types_are_not_the_same() -> None:
    assert not agree(copies(Connection()), copies(threading.Lock()))


def test_lists_and_tuples_are_not_the_same() -> None:
    assert not agree(copies([1]), copies((1,)))
    assert not agree(copies([1, 2]), copies([1]))
    assert not agree(copies({"a": 1}), copies({"b": 1}))


def test_a_number_that_is_none_is_the_same_as_another_one() -> None:
    assert agree(copies(float("nan")), copies(float("nan")))


def test_what_cannot_be_compared_is_compared_by_its_text() -> None:
    assert agree(copies(Incomparable("x")), copies(Incomparable("x")))
    assert not agree(copies(Incomparable("x")), copies(Incomparable("y")))


def test_a_value_that_contains_itself_is_copied() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert agree(copies(circle), copies(circle))


@pytest.mark.parametrize(
    ("value", "could_change"), [(1, False), ((1, "a"), False), (Connection(), False), ([], True), (([],), True)]
)
def test_whether_a_value_could_be_something_else_later_is_known(value: Any, could_change: bool) -> None:
    identities = Identities()
    identities.copy(value)
    assert identities.could_change is could_change
