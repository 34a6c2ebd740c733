"""What Python code hands to C code is gone through there: when that begins, and between the calls that it makes."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections import ChainMap, deque
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


class Holder:
    """Holds a list of lists, and goes through it by an iterator written in C."""

    def __init__(self) -> None:
        self.items: list[Any] = [1, 2]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def append(self, item: object) -> None:
        self.items.append(item)


class Index:
    """A number that Python code tells."""

    def __index__(self) -> int:
        return 1


class Numbers:
    """An iterator written in Python."""

    def __init__(self) -> None:
        self.last = 0

    def __iter__(self) -> Numbers:
        return self

    def __next__(self) -> int:
        self.last += 1
        return self.last


class Named(dict[str, int]):
    pass


def add(items: Any) -> None:
    items.append(3)


def add_inside(items: Any) -> None:
    items[0].append(3)


def same(items: Any) -> Any:
    return items


def add_key(items: Any) -> None:
    items["b"] = 2


def put_z(items: Any) -> None:
    items[0] = ord("z")


def pairs() -> list[list[int]]:
    return [[1, 2]]


def updated(items: Any) -> dict[int, int]:
    table: dict[int, int] = {}
    table.update(items)
    return table


def key() -> dict[str, int]:
    return {"a": 1}


CASES: dict[str, tuple[Callable[[], Any], Callable[[Any], object], Callable[[Any], object]]] = {
    "a list of what has __iter__": (Holder, list, add),
    "a display of what has __iter__": (Holder, lambda held: [*held], add),
    "in what has __iter__": (Holder, lambda held: 3 in held, add),
    "arguments of what has __iter__": (Holder, lambda held: max(*held), add),
    "arguments from a view": (
        lambda: {"a": [1]},
        lambda table: set().union(*table.values()),
        lambda table: add(table["a"]),
    ),
    "arguments from a map": (pairs, lambda items: "{}".format(*map(same, items)), add_inside),
    "arguments from an iterator": (pairs, lambda items: "{}".format(*iter(items)), add_inside),
    "a method given its object by an iterator": (list, len, lambda items: list.append(*iter((items, 1)))),
    "a keyword beside an iterator": (
        pairs,
        lambda items: min(*iter(items), default=0),
        lambda items: items[0].insert(0, 0),
    ),
    "chain of what a generator yields": (
        pairs,
        lambda items: list(itertools.chain.from_iterable(each for each in items)),
        add_inside,
    ),
    "a dict of what a generator yields": (
        lambda: [["a", 1]],
        lambda items: dict(each for each in items),
        lambda items: items[0].__setitem__(1, 2),
    ),
    "chain of lists": (pairs, lambda items: list(itertools.chain.from_iterable(items)), add_inside),
    "filter without a function": (lambda: [[]], lambda items: len(list(filter(None, items))), add_inside),
    "starmap": (pairs, lambda items: list(itertools.starmap(lambda *numbers: sum(numbers), items)), add_inside),
    "product": (lambda: [1], lambda items: list(itertools.product(items)), add),
    "reversed": (lambda: [1], lambda items: list(reversed(items)), add),
    "a dict of pairs": (lambda: [[1, 2], [3, 4]], dict, lambda items: items[0].__setitem__(0, 5)),
    "update with pairs": (lambda: [[1, 2], [3, 4]], updated, lambda items: items[0].__setitem__(0, 5)),
    "an object of a subclass": (key, Named, add_key),
    "a file in memory": (lambda: bytearray(b"a"), lambda items: io.BytesIO(items).read(), put_z),
    "a ChainMap that is shown": (lambda: ChainMap(key()), repr, add_key),
    "int of bytes": (lambda: bytearray(b"1"), int, lambda items: items.append(ord("1"))),
}


@pytest.mark.parametrize("name", CASES)
def test_the_reader_sees_what_was_before_and_after(name: str) -> None:
    make, look, change = CASES[name]

    def body() -> str:
        shared, seen = make(), []
        run(lambda: seen.append(look(shared)), lambda: change(shared))
        return str(seen[0])

    assert len(all_of(body)) == 2


@pytest.mark.parametrize(
    "begin",
    [iter, reversed, enumerate, zip, lambda table: map(str, table), lambda table: iter(table.items())],
    ids=["iter", "reversed", "enumerate", "zip", "map", "iter of a view"],
)
def test_an_iterator_over_a_dict_notices_what_came_after_it_was_made(begin: Callable[[Any], Iterator[Any]]) -> None:
    def body() -> str:
        table, seen = key(), []

        def look() -> None:
            try:
                seen.append(len(list(begin(table))))
            except RuntimeError:
                seen.append(0)

        run(look, lambda: add_key(table))
        return str(seen[0])

    assert all_of(body) == {"1", "2", "0"}


def take_all(items: Any) -> None:
    items.extend(number for number in (3, 4))


def replace_all(items: Any) -> None:
    items[:] = (number for number in (3, 4))


def add_all(items: Any) -> None:
    items += (number for number in (3, 4))


def put_at_index(items: Any) -> None:
    items[Index()] = 3


def insert_at_index(items: Any) -> None:
    items.insert(Index(), 3)


@pytest.mark.parametrize(
    ("make", "change", "states"),
    [
        pytest.param(lambda: [1, 2], take_all, {"[1, 2]", "[1, 2, 3]", "[1, 2, 3, 4]"}, id="list.extend"),
        pytest.param(
            lambda: deque([1]), take_all, {"deque([1])", "deque([1, 3])", "deque([1, 3, 4])"}, id="deque.extend"
        ),
        pytest.param(lambda: [1, 2], add_all, {"[1, 2]", "[1, 2, 3]", "[1, 2, 3, 4]"}, id="+="),
        pytest.param(lambda: [1, 2], replace_all, {"[1, 2]", "[3, 4]"}, id="a slice"),
        pytest.param(lambda: [1, 2], put_at_index, {"[1, 2]", "[1, 3]"}, id="an index"),
        pytest.param(lambda: [1, 2], insert_at_index, {"[1, 2]", "[1, 3, 2]"}, id="insert"),
    ],
)
def test_a_container_is_seen_between_the_calls_that_change_it(make: Any, change: Any, states: set[str]) -> None:
    def body() -> str:
        items, seen = make(), []
        run(lambda: change(items), lambda: seen.append(str(items)))
        return str(seen[0])

    assert all_of(body) == states


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda items, index: items.insert(index, 0), id="insert"),
        pytest.param(lambda items, index: items.pop(index), id="pop"),
        pytest.param(lambda items, index: items[index], id="an index"),
        pytest.param(lambda items, index: items[index:], id="a slice"),
    ],
)
def test_a_list_may_change_while_python_code_tells_the_index(use: Callable[[Any, Any], object]) -> None:
    class Telling:
        told = False

        def __index__(self) -> int:
            self.told = True
            return 1

    def body() -> str:
        items, index, found = [1, 2], Telling(), []

        def replace() -> None:
            if index.told:
                items[:] = [7, 8, 9]

        run(lambda: found.append(use(items, index)), replace)
        return f"{items} {found}"

    items = [7, 8, 9]
    found = use(items, 1)
    assert f"{items} {[found]}" in all_of(body)


def test_what_a_zip_takes_first_may_be_taken_by_others_while_it_gets_the_rest() -> None:
    def body() -> tuple[int, ...]:
        shared = iter([1, 2, 3])
        taken: list[int] = []
        run(lambda: list(zip(shared, Numbers(), strict=False)), lambda: taken.extend(shared))
        return tuple(taken)

    assert all_of(body) == {(1, 2, 3), (2, 3), (3,), ()}


def test_what_a_takewhile_takes_may_be_taken_by_others_while_it_asks() -> None:
    def body() -> tuple[int, ...]:
        shared = itertools.count()
        taken: list[int] = []
        asking = itertools.takewhile(lambda number: number < 2, shared)
        run(lambda: taken.extend(asking), lambda: list(itertools.islice(shared, 1)))
        return tuple(taken)

    assert all_of(body) == {(0, 1), (0,), (1,)}


def test_a_generator_is_being_run_until_an_exception_has_left_it() -> None:
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            len("")

    def body() -> tuple[str, ...]:
        shared, caught = numbers(), []
        next(shared)

        def throw() -> None:
            with contextlib.suppress(KeyError, ValueError):
                shared.throw(KeyError)  # type: ignore[attr-defined]

        def take() -> None:
            try:
                next(shared)
            except (StopIteration, ValueError) as error:
                caught.append(type(error).__name__)

        run(throw, take)
        return tuple(caught)

    assert all_of(body) == {("StopIteration",), ("ValueError",)}
