"""Functions written in C that C code calls touch what they would if watched code called them."""

from __future__ import annotations

import collections
import contextvars
import functools
import heapq
import itertools
import json
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from threads import run

import racekit


def all_of(body: Callable[[], object]) -> set[object]:
    """Everything that can come out of `body`, by all orders of dependent steps."""
    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    return set(found.outcomes)


class Box:
    def __init__(self, value: Any = 0) -> None:
        self.value = value

    def add(self) -> None:
        self.value = self.value + 1


class Slotted:
    __slots__ = ("value",)
    value: int

    def __init__(self) -> None:
        self.value = 0


FIELD = "{0.value}"
SLOT: Any = Slotted.__dict__["value"]


def set_value(box: Any) -> None:
    box.value = 9


def value(box: Any) -> object:
    return box.value


class Reading:
    """Every access to its attributes goes through a method of its class."""

    def __init__(self) -> None:
        self.value = 0

    def __getattribute__(self, name: str) -> Any:
        return super().__getattribute__(name)


class Encoder(json.JSONEncoder):
    def default(self, box: Any) -> object:
        return box.value


BY_VALUE = {"key": operator.attrgetter("value")}
Case = tuple[Callable[[], Any], Callable[[Any], object], Callable[[Any], object]]

CASES: dict[str, Case] = {
    "map(setattr)": (Box, value, lambda box: list(map(setattr, [box], ["value"], [9]))),
    "map(getattr)": (Box, lambda box: tuple(map(getattr, [box], ["value"])), set_value),
    "map(object.__setattr__)": (Box, value, lambda box: list(map(object.__setattr__, [box], ["value"], [9]))),
    "map of a partial": (Box, value, lambda box: list(map(functools.partial(setattr, box, "value"), [9]))),
    "a partial": (Box, value, lambda box: functools.partial(setattr, box, "value")(9)),
    "starmap": (Box, value, lambda box: list(itertools.starmap(setattr, [(box, "value", 9)]))),
    "reduce": (
        lambda: Box(Box()),
        lambda box: functools.reduce(getattr, ["value"] * 2, box),
        lambda box: set_value(box.value),
    ),
    "map of an attrgetter": (Box, lambda box: sum(map(operator.attrgetter("value"), (box,))), set_value),
    "sorted by unpacked key": (
        lambda: [Box(1), Box(2)],
        lambda boxes: sorted(boxes, **BY_VALUE)[0] is boxes[0],
        lambda boxes: set_value(boxes[0]),
    ),
    "nsmallest by an attrgetter": (
        lambda: [Box(1), Box(2)],
        lambda boxes: heapq.nsmallest(1, boxes, **BY_VALUE)[0] is boxes[0],
        lambda boxes: set_value(boxes[0]),
    ),
    "nlargest by an attrgetter": (
        lambda: [Box(1), Box(2), Box(3)],
        lambda boxes: boxes[0] in heapq.nlargest(2, boxes, **BY_VALUE),
        lambda boxes: set_value(boxes[0]),
    ),
    "methodcaller": (list, len, lambda items: operator.methodcaller("append", 1)(items)),
    "map of a methodcaller": (list, len, lambda items: list(map(operator.methodcaller("append", 1), [items]))),
    "map of a method": (dict, len, lambda table: list(map(table.__setitem__, ["a"], [1]))),
    "map of an unbound method": (
        lambda: [[1]],
        lambda lists: list(map(list.pop, lists)),
        lambda lists: lists[0].append(2),
    ),
    "map(len)": (lambda: [[1]], lambda lists: tuple(map(len, lists)), lambda lists: lists[0].append(2)),
    "a key that is a method": (
        lambda: {"a": 1, "b": 2},
        lambda table: min("ab", key=table.get),
        lambda table: table.update(a=3),
    ),
    "a slot's __set__": (Slotted, value, lambda box: SLOT.__set__(box, 9)),
    "a slot's __get__": (Slotted, lambda box: SLOT.__get__(box), set_value),
    "a slot's __delete__": (Slotted, lambda box: hasattr(box, "value"), lambda box: SLOT.__delete__(box)),
    "map of a slot's __set__": (Slotted, value, lambda box: list(map(SLOT.__set__, [box], [9]))),
    "a field of a format": (Box, lambda box: FIELD.format(box), set_value),
    "a field of a format in another object": (
        lambda: Box([Box()]),
        lambda box: "{:{box.value[0].value}}".format("", box=box),
        lambda box: set_value(box.value[0]),
    ),
    "an item that a defaultdict makes": (
        lambda: collections.defaultdict(int),
        len,
        lambda table: operator.getitem(table, "a"),
    ),
    "__getattribute__ with super()": (Reading, value, set_value),
    "an operator called by its name": (list, lambda items: items.__add__([]), lambda items: items.append(1)),
    "an operator in place called by its name": (set, len, lambda items: items.__ior__({1}) is None),
    "a comparison called by its name": (list, lambda items: items.__lt__([0]), lambda items: items.append(1)),
    "__init__ called again": (list, len, lambda items: items.__init__([1])),
    "__missing__ called by its name": (
        lambda: collections.defaultdict(int),
        lambda table: len(table),
        lambda table: table.__missing__("a"),
    ),
    "JSON of what vars gives": (Box, lambda box: json.dumps(box, default=vars), set_value),
    "JSON of a __dict__": (Box, lambda box: json.dumps(box, default=lambda each: each.__dict__), set_value),
    "JSON of what an attrgetter gives": (
        Box,
        lambda box: json.dumps([box], default=operator.attrgetter("value"), indent=1),
        set_value,
    ),
    "JSON of what a method of the encoder gives": (
        lambda: Box([1]),
        lambda box: Encoder().encode([box]),
        lambda box: box.value.append(2),
    ),
    "a context that runs a method": (list, len, lambda items: contextvars.copy_context().run(items.append, 1)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reader_sees_what_was_before_and_after(name: str) -> None:
    make, look, change = CASES[name]

    def body() -> str:
        shared = make()
        seen: list[object] = []
        run(lambda: seen.append(look(shared)), lambda: change(shared))
        return str(seen[0])

    assert len(all_of(body)) == 2


def test_what_a_methodcaller_calls_may_be_interrupted() -> None:
    def body() -> int:
        box = Box()
        run(*[lambda: list(map(operator.methodcaller("add"), [box]))] * 2)
        return int(box.value)

    assert all_of(body) == {1, 2}


def test_each_call_of_a_map_is_a_step() -> None:
    def body() -> tuple[int, ...]:
        shared: list[int] = []
        run(lambda: list(map(shared.append, [1, 2])), lambda: shared.append(3))
        return tuple(shared)

    assert all_of(body) == {(3, 1, 2), (1, 3, 2), (1, 2, 3)}


def test_with_a_gil_no_thread_comes_between_the_calls_of_a_map() -> None:
    def body() -> tuple[int, ...]:
        shared: list[int] = []
        run(lambda: list(map(shared.append, [1, 2])), lambda: shared.append(3))
        return tuple(shared)

    found = racekit.explore(body, strategy="dpor", executions=None, granularity="gil")
    assert found.proved, str(found)
    assert set(found.outcomes) == {(3, 1, 2), (1, 2, 3)}


def test_what_is_gone_through_is_read_again_after_each_call_for_a_key() -> None:
    def body() -> int:
        shared, scores = [1, 2], {1: 1, 2: 2, 3: 3}
        seen: list[int] = []
        run(lambda: seen.append(max(shared, key=scores.get)), lambda: shared.append(3))  # type: ignore[arg-type]
        return seen[0]

    assert all_of(body) == {2, 3}


def test_a_type_that_makes_defaults_stays_what_it_is() -> None:
    def body() -> bool:
        tables: list[Any] = []
        run(*[lambda: tables.append(pickle.loads(pickle.dumps(collections.defaultdict(list, a=1))))] * 2)
        return all(table.default_factory is list for table in tables)

    assert all_of(body) == {True}


def test_a_default_that_c_code_makes_is_kept_after_it_was_made() -> None:
    def body() -> int:
        counter = itertools.count()
        numbers = collections.defaultdict(counter.__next__)
        run(*[lambda: numbers["a"]] * 2)
        return next(counter)

    assert all_of(body) == {1, 2}
