"""State that is reached at second hand is seen, too: behind iterators, variables, proxies, contexts and databases."""

from __future__ import annotations

import contextvars
import heapq
import io
import itertools
import operator
import sqlite3
import types
import weakref
from collections.abc import Callable, Iterator
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
    side = "left"

    def __init__(self, value: int = 0) -> None:
        self.value = value


class RightBox(Box):
    side = "right"
    only_right = 9


def set_value(box: Any) -> None:
    box.value = 9


def only_right(box: Any) -> object:
    try:
        return box.only_right
    except AttributeError:
        return 0


def change_class(box: Any) -> None:
    box.__class__ = RightBox


def replace_attributes(box: Any) -> None:
    box.__dict__ = {"value": 9}


def numbers(box: Any) -> Callable[[], int]:
    def read() -> int:
        return box  # type: ignore[no-any-return]

    return read


class Counter:
    def __init__(self) -> None:
        value = 0

        def get() -> int:
            return value

        def add() -> None:
            nonlocal value
            value += 1

        self.get, self.add = get, add
        self.cell: Any = next(each for each in get.__closure__ or ())


def set_cell(cell: Any) -> None:
    cell.cell_contents = 9


@pytest.mark.parametrize(
    ("make", "look", "change", "outcomes"),
    [
        pytest.param(
            lambda: [Box(2), Box(1)],
            lambda boxes: min(boxes, key=operator.attrgetter("value")) is boxes[0],
            lambda boxes: setattr(boxes[0], "value", 0),
            {False, True},
            id="min with an attrgetter",
        ),
        pytest.param(
            lambda: [Box(2), Box(1)],
            lambda boxes: sorted(boxes, key=operator.attrgetter("value"))[0] is boxes[0],
            lambda boxes: setattr(boxes[0], "value", 0),
            {False, True},
            id="sorted with an attrgetter",
        ),
        pytest.param(
            lambda: [Box(2)],
            lambda boxes: list(map(operator.attrgetter("value"), boxes)) == [2],
            lambda boxes: set_value(boxes[0]),
            {False, True},
            id="map with an attrgetter",
        ),
        pytest.param(
            lambda: [{"n": 2}, {"n": 1}],
            lambda items: max(items, key=operator.itemgetter("n")) is items[0],
            lambda items: items[0].update(n=0),
            {False, True},
            id="max with an itemgetter",
        ),
        pytest.param(
            lambda: [1],
            lambda items: tuple(heapq.merge(items, [0])),
            lambda items: items.append(2),
            {(0, 1), (0, 1, 2)},
            id="list(heapq.merge)",
        ),
        pytest.param(
            lambda: (items := [1], heapq.merge(items, [0])),
            lambda pair: tuple(pair[1]),
            lambda pair: pair[0].append(2),
            {(0, 1), (0, 1, 2)},
            id="a merge made before",
        ),
        pytest.param(
            lambda: types.SimpleNamespace(value=0),
            repr,
            set_value,
            {"namespace(value=0)", "namespace(value=9)"},
            id="repr",
        ),
        pytest.param(Counter, lambda it: it.cell.cell_contents, lambda it: it.add(), {0, 1}, id="reading a cell"),
        pytest.param(
            lambda: numbers(0), lambda it: it(), lambda it: set_cell(it.__closure__[0]), {0, 9}, id="storing a cell"
        ),
        pytest.param(Box, lambda box: box.value, replace_attributes, {0, 9}, id="replacing __dict__"),
        pytest.param(Box, lambda box: box.side, change_class, {"left", "right"}, id="replacing __class__"),
        pytest.param(Box, only_right, change_class, {0, 9}, id="what only the new class has"),
        pytest.param(
            Box,
            only_right,
            lambda box: setattr(box, "__class__", RightBox),
            {0, 9},
            id="replacing __class__ by setattr",
        ),
        pytest.param(Box, lambda box: type(box) is RightBox, change_class, {False, True}, id="type()"),
        pytest.param(Box, lambda box: isinstance(box, RightBox), change_class, {False, True}, id="isinstance()"),
        pytest.param(
            lambda: (box := Box(), weakref.proxy(box)),
            lambda pair: pair[1].value,
            lambda pair: set_value(pair[0]),
            {0, 9},
            id="reading through a proxy",
        ),
        pytest.param(
            lambda: (box := Box(), weakref.proxy(box)),
            lambda pair: pair[0].value,
            lambda pair: set_value(pair[1]),
            {0, 9},
            id="storing through a proxy",
        ),
        pytest.param(io.StringIO, lambda file: file.closed, lambda file: file.close(), {False, True}, id="closed"),
    ],
)
def test_the_reader_sees_what_was_before_and_after(
    make: Callable[[], Any],
    look: Callable[[Any], object],
    change: Callable[[Any], object],
    outcomes: set[object],
) -> None:
    def body() -> object:
        shared = make()
        seen: list[object] = []
        run(lambda: seen.append(look(shared)), lambda: change(shared))
        return seen[0]

    assert all_of(body) == outcomes


def test_a_yield_from_takes_turns_of_an_iterator_that_others_share() -> None:
    def body() -> tuple[int, ...]:
        shared = iter([1, 2])
        first: list[int] = []

        def through() -> Iterator[int]:
            yield from shared

        def look() -> None:
            first.extend(through())

        def take() -> None:
            next(shared, None)

        run(look, take)
        return tuple(first)

    assert all_of(body) == {(1, 2), (1,), (2,)}


def test_a_yield_from_a_generator_that_another_thread_runs_fails() -> None:
    def body() -> bool:
        def inner() -> Iterator[int]:
            yield from itertools.repeat(1, 2)

        shared = inner()
        busy: list[str] = []

        def outer() -> Iterator[int]:
            yield from shared

        def take() -> None:
            try:
                next(outer(), None)
            except ValueError as error:
                busy.append(str(error))

        run(take, take)
        return busy == ["generator already executing"]

    assert all_of(body) == {False, True}


def test_an_exception_thrown_into_a_yield_from_arrives_inside() -> None:
    def body() -> tuple[str, ...]:
        def inner() -> Iterator[str]:
            try:
                yield "first"
            except KeyError:
                yield "caught"

        def outer() -> Iterator[str]:
            yield from inner()
            yield "after"

        shared: Any = outer()
        seen: list[str] = []

        def go() -> None:
            seen.extend((next(shared), shared.throw(KeyError), next(shared)))

        run(go, lambda: len(seen))
        return tuple(seen)

    assert all_of(body) == {("first", "caught", "after")}


def test_two_threads_cannot_be_in_one_context() -> None:
    def body() -> bool:
        shared = contextvars.copy_context()
        refused: list[str] = []

        def nothing() -> None:
            pass

        def enter() -> None:
            try:
                shared.run(nothing)
            except RuntimeError as error:
                refused.append(str(error))

        run(enter, enter)
        return len(refused) == 1

    assert all_of(body) == {False, True}


def test_a_variable_of_a_context_that_two_threads_run_in_is_shared() -> None:
    variable = contextvars.ContextVar("variable", default=0)

    def body() -> int:
        shared = contextvars.copy_context()
        seen: list[int] = []
        run(lambda: seen.append(shared.run(variable.get)), lambda: shared.run(variable.set, 5))
        return seen[0]

    assert all_of(body) == {0, 5}


def test_how_many_rows_a_database_has_changed_is_read_from_it() -> None:
    def body() -> int:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table t (value)")
        seen: list[int] = []
        run(
            lambda: seen.append(connection.total_changes),
            lambda: connection.execute("insert into t values (1)"),
        )
        connection.close()
        return seen[0]

    assert all_of(body) == {0, 1}
