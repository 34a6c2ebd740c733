"""Operators, unpackings and lookups touch all that they go through, whatever kind of object it is."""

from __future__ import annotations

import array
import collections
import concurrent.futures
import contextlib
import csv
import dataclasses
import io
import mmap
import re
import sqlite3
import threading
import weakref
from collections.abc import Callable
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

import racekit


def run(*functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Pair(NamedTuple):
    items: list[int]


def classes() -> Any:
    """A class, its base, its metaclass, and an object of it; `value` is stored in some class, so classes matter."""

    class Meta(type):
        of_class = 0

    class Base(metaclass=Meta):
        pass

    class Derived(Base):
        pass

    Base.value = 0  # type: ignore[attr-defined]
    return SimpleNamespace(kind=Derived, base=Base, meta=Meta, thing=Derived())


def take(iterator: Any) -> object:
    return next(iterator, None)


def store(owner: Any, value: int = 1) -> None:
    owner.value = value


def repeat(items: Any) -> None:
    items *= 2


def add_tuple(items: Any) -> None:
    items += (2,)


def add_bytes(items: Any) -> None:
    items += b"x"


def into_slice(items: Any) -> list[Any]:
    new: list[Any] = []
    new[:] = items
    return new


def into_parts(items: Any) -> list[Any]:
    new = [0, 0]
    new[::2] = items
    return new


def first_and_rest(items: Any) -> tuple[Any, list[Any]]:
    first, *rest = items
    return first, rest


def set_first(items: Any) -> None:
    items[0] = 1


def data_class() -> Any:
    @dataclasses.dataclass(order=True)
    class Point:
        value: int = 0

    return Point()


def leave(items: Any) -> None:
    with contextlib.ExitStack() as stack:
        stack.callback(items.append, 1)


def tick(items: Any) -> None:
    timer = threading.Timer(0, items.append, [1])
    timer.start()
    timer.join()


def done(items: Any) -> None:
    future = concurrent.futures.Future[int]()
    future.set_result(1)
    future.add_done_callback(items.append)


class Weak:
    pass


def end(items: Any) -> None:
    weakref.finalize(Weak(), items.append, 1)()


def scanner() -> Any:
    pattern: Any = re.compile("a")
    return pattern.scanner("aa")


CASES: dict[str, tuple[Callable[[], Any], Callable[[Any], object], Callable[[Any], object]]] = {
    "list *= 2": (lambda: [1], len, repeat),
    "list += constant": (lambda: [1], len, add_tuple),
    "deque += constant": (lambda: collections.deque([1]), len, add_tuple),
    "bytearray += constant": (bytearray, len, add_bytes),
    "array *= 2": (lambda: array.array("i", [1]), len, repeat),
    "list * 2": (lambda: [1], lambda items: items * 2, lambda items: items.append(2)),
    "bytearray == constant": (bytearray, lambda buffer: buffer == b"", lambda buffer: buffer.append(1)),
    "a list put into a slice": (lambda: [1], into_slice, lambda items: items.append(2)),
    "a list put into every other place": (lambda: [1], into_parts, lambda items: items.__setitem__(0, 2)),
    "an iterator put into a slice": (lambda: iter([1, 2]), into_slice, take),
    "an iterator unpacked into a display": (lambda: iter([1, 2]), lambda numbers: [*numbers], take),
    "an iterator unpacked into names": (lambda: iter([1, 2, 3]), first_and_rest, take),
    "an iterator unpacked into a call": (
        lambda: iter([1, 2]),
        lambda numbers: max(0, *numbers, 0),
        lambda it: (take(it), take(it)),
    ),
    "in an iterator": (lambda: iter([1, 2]), lambda numbers: 1 in numbers, take),
    "the lines of a file in memory": (lambda: io.StringIO("a\nb\n"), list, take),
    "a loop over a file in memory": (lambda: io.StringIO("a\n"), lambda file: [line.strip() for line in file], take),
    "rows of a table of text": (lambda: csv.reader(["a", "b"]), take, take),
    "items of a memory map": (lambda: mmap.mmap(-1, 16), lambda memory: memory[0], set_first),
    "a method that knows its class": (lambda: array.array("i"), len, lambda numbers: numbers.extend([1])),
    "a scanner": (scanner, lambda it: it.search().start(), lambda it: it.search()),
    "a source of random numbers": (lambda: Random(0), lambda it: it.randint(0, 9**9), lambda it: it.randint(0, 9)),
    "a named tuple shown": (lambda: Pair([]), repr, lambda pair: pair.items.append(1)),
    "a named tuple compared": (lambda: Pair([]), lambda pair: pair == Pair([]), lambda pair: pair.items.append(1)),
    "a generic alias called": (lambda: [1], lambda items: list[int](items), lambda items: items.append(2)),
    "dir()": (Weak, lambda thing: "value" in dir(thing), store),
    "a class reads from its base": (classes, lambda it: it.kind.value, lambda it: store(it.base)),
    "an object reads from a base": (classes, lambda it: it.thing.value, lambda it: store(it.base)),
    "an object reads what its class hides": (classes, lambda it: it.thing.value, lambda it: store(it.kind)),
    "an object reads what it hides itself": (classes, lambda it: it.thing.value, lambda it: store(it.thing)),
    "a class reads from its metaclass": (classes, lambda it: it.kind.of_class, lambda it: set_of_class(it.meta)),
    "a data class made by the body, shown": (data_class, lambda point: repr(point)[-2:], store),
    "a data class made by the body, compared": (data_class, lambda point: point < type(point)(1), store),
    "eval of a global": (lambda: None, lambda _: eval("number"), lambda _: set_number(1)),
    "an exit stack that calls a method": (list, len, leave),
    "a timer that calls a method": (list, len, tick),
    "a future that calls a method": (list, len, done),
    "a finalizer that calls a method": (list, len, end),
}
number = 0


def set_of_class(meta: Any) -> None:
    meta.of_class = 1


def set_number(value: int) -> None:
    global number
    number = value


@pytest.mark.parametrize("name", CASES)
def test_the_reader_sees_what_was_before_and_after(name: str) -> None:
    make, look, change = CASES[name]

    def body() -> str:
        set_number(0)
        shared = make()
        seen: list[object] = []
        run(lambda: seen.append(look(shared)), lambda: change(shared))
        return str(seen[0])

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert len(found.outcomes) == 2


def test_an_update_is_lost_where_a_class_has_the_first_value() -> None:
    class Counter:
        value = 1

        def add(self) -> None:
            self.value = self.value + 1

    def body() -> int:
        Counter.value = 0
        counter = Counter()
        run(counter.add, counter.add)
        return counter.value

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {1, 2}


def test_threads_that_share_a_cursor_take_its_rows_in_turn() -> None:
    def body() -> tuple[int, ...]:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        rows, got = connection.execute("select 1 union select 2"), [0, 0]

        def fetch(index: int) -> None:
            (got[index],) = next(rows)

        run(lambda: fetch(0), lambda: fetch(1))
        connection.close()
        return tuple(got)

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {(1, 2), (2, 1)}
