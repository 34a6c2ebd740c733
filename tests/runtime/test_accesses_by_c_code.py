"""What code written in C, or in the standard library, touches for the code under test is seen, too."""

from __future__ import annotations

import array
import bisect
import collections
import concurrent.futures
import functools
import heapq
import io
import itertools
import operator
import os
import sqlite3
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from threads import run

import racekit


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, **options)
    assert found.proved, str(found)
    return set(found.outcomes)


def lost(make: Callable[[], Any], read: Callable[[Any], int], write: Callable[[Any, int], object]) -> set[object]:
    """The results of two threads that each read a number, add one, and write it."""

    def body() -> int:
        shared = make()

        def add() -> None:
            write(shared, read(shared) + 1)

        run(add, add)
        return read(shared)

    return all_of(body)


class Box:
    def __init__(self) -> None:
        self.value = 0


class Weak:
    """Something that a weak dictionary can have as a key."""


KEY = Weak()


def set_attribute(box: Any, value: int) -> None:
    box.value = value


def set_last(items: Any, value: int) -> None:
    items[-1] = value


@pytest.mark.parametrize(
    ("make", "read", "write"),
    [
        pytest.param(lambda: [0], lambda x: operator.getitem(x, 0), lambda x, v: operator.setitem(x, 0, v), id="list"),
        pytest.param(lambda: {"k": 0}, operator.itemgetter("k"), lambda x, v: x.__setitem__("k", v), id="itemgetter"),
        pytest.param(Box, lambda x: operator.attrgetter("value")(x), set_attribute, id="attrgetter"),
        pytest.param(Box, lambda x: x.__dict__["value"], set_attribute, id="__dict__ read"),
        pytest.param(Box, lambda x: x.value, lambda x, v: vars(x).update(value=v), id="vars written"),
        pytest.param(Box, lambda x: x.value, lambda x, v: x.__dict__.__setitem__("value", v), id="__dict__ written"),
        pytest.param(lambda: [0], lambda x: list.__getitem__(x, 0), lambda x, v: list.__setitem__(x, 0, v), id="slot"),
        pytest.param(lambda: [0], lambda x: x[-1], lambda x, v: list(map(x.append, [v])), id="map of a method"),
        pytest.param(lambda: array.array("i", [0]), lambda x: x[0], set_last, id="array"),
        pytest.param(lambda: bytearray(1), lambda x: memoryview(x).tolist()[0], set_last, id="memoryview read"),
        pytest.param(lambda: [0], len, lambda x, v: x.__iadd__([0] * (v - len(x))), id="__iadd__"),
        pytest.param(lambda: [0], lambda x: max(x), lambda x, v: heapq.heappush(x, v), id="heapq"),
        pytest.param(lambda: [0], lambda x: x[-1], lambda x, v: bisect.insort(x, v), id="bisect"),
        pytest.param(
            lambda: collections.ChainMap({"k": 0}), lambda x: x["k"], lambda x, v: x.update(k=v), id="ChainMap"
        ),
        pytest.param(
            lambda: collections.UserDict(k=0), lambda x: x.get("k"), lambda x, v: x.update(k=v), id="UserDict"
        ),
        pytest.param(
            lambda: weakref.WeakKeyDictionary({KEY: 0}),
            lambda x: x.get(KEY),
            lambda x, v: x.update({KEY: v}),
            id="weak",
        ),
        pytest.param(
            lambda: collections.Counter(k=0), lambda x: x.total(), lambda x, v: x.__setitem__("k", v), id="Counter"
        ),
        pytest.param(
            lambda: io.StringIO("0"), lambda x: int(x.getvalue()), lambda x, v: x.write(str(v)), id="StringIO"
        ),
    ],
)
def test_a_lost_update_is_found_through(make: Any, read: Any, write: Any) -> None:
    assert len(lost(make, read, write)) > 1


def test_in_place_operators_change_what_a_name_stands_for() -> None:
    def body() -> int:
        shared: list[int] = []

        def add() -> None:
            mine = shared
            count = len(mine)
            mine += [count]

        run(add, add)
        return len(set(shared))

    assert all_of(body) == {1, 2}


@pytest.mark.parametrize(
    "look", [lambda x: x == [1], lambda x: [*x, 2][0] == 1, lambda x: f"{x}" == "[1]", lambda x: x + x]
)
def test_operators_and_formats_read_a_container(look: Callable[[list[int]], object]) -> None:
    def body() -> object:
        shared: list[int] = []
        seen: list[object] = []
        run(lambda: shared.append(1), lambda: seen.append(look(shared)))
        return str(seen[0])

    assert len(all_of(body)) == 2


@pytest.mark.parametrize("make", [lambda: itertools.count(), lambda: iter([0, 1]), lambda: map(int, ["0", "1"])])
def test_an_iterator_that_threads_share_is_advanced_in_one_step(make: Callable[[], Iterator[int]]) -> None:
    def body() -> tuple[int, ...]:
        shared, got = make(), [-1, -1]

        def take(index: int) -> None:
            got[index] = next(shared)

        run(lambda: take(0), lambda: take(1))
        return tuple(got)

    assert all_of(body) == {(0, 1), (1, 0)}


def test_a_loop_over_an_iterator_that_threads_share() -> None:
    def body() -> tuple[int, ...]:
        shared, got = iter([0, 1]), [0, 0]

        def take(index: int) -> None:
            for _ in shared:
                got[index] += 1

        run(lambda: take(0), lambda: take(1))
        return tuple(got)

    assert all_of(body) == {(0, 2), (1, 1), (2, 0)}


def test_a_generator_that_another_thread_is_running_refuses_to_go_on() -> None:
    def body() -> None:
        box = Box()

        def numbers() -> Iterator[int]:
            while True:
                box.value += 1
                yield box.value

        shared = numbers()
        run(lambda: next(shared), lambda: next(shared))

    failure = racekit.explore(body).failure
    assert failure is not None
    assert "generator already executing" in str(failure.exception)


@pytest.mark.parametrize("start", [run, lambda *functions: pool(*functions)])
def test_a_thread_may_be_for_a_function_written_in_c(start: Callable[..., None]) -> None:
    def body() -> tuple[int, ...]:
        shared: list[int] = []
        start(functools.partial(shared.append, 1), functools.partial(shared.append, 2))
        return tuple(shared)

    assert all_of(body, strategy="dpor") == {(1, 2), (2, 1)}


def pool(*functions: Callable[[], object]) -> None:
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as executor:
        for function in functions:
            executor.submit(function)


def test_a_cached_property_may_be_computed_twice() -> None:
    class Lazy:
        def __init__(self) -> None:
            self.computed = 0

        @functools.cached_property
        def thing(self) -> list[int]:
            self.computed += 1
            return []

    def body() -> bool:
        lazy, got = Lazy(), []
        run(lambda: got.append(lazy.thing), lambda: got.append(lazy.thing))
        return got[0] is got[1]

    assert all_of(body) == ({True} if sys.version_info < (3, 12) else {True, False})  # until 3.11 it had a lock


def test_the_environment_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACEKIT_COUNT", "0")

    def body() -> str:
        os.environ["RACEKIT_COUNT"] = "0"

        def add() -> None:
            os.environ["RACEKIT_COUNT"] = str(int(os.environ.get("RACEKIT_COUNT", "0")) + 1)

        run(add, add)
        return os.environ["RACEKIT_COUNT"]

    assert all_of(body) == {"1", "2"}


def test_getenv_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACEKIT_COUNT", "0")

    def body() -> str | None:
        os.environ["RACEKIT_COUNT"] = "0"
        seen: list[str | None] = []
        run(lambda: seen.append(os.getenv("RACEKIT_COUNT")), lambda: os.environ.update(RACEKIT_COUNT="1"))
        return seen[0]

    assert all_of(body, strategy="dpor") == {"0", "1"}


def test_a_directory_that_is_made_is_a_location(tmp_path: Path) -> None:
    path = tmp_path / "directory"

    def body() -> bool:
        if path.exists():
            path.rmdir()
        seen: list[bool] = []
        run(lambda: seen.append(path.is_dir()), lambda: os.makedirs(path))
        return seen[0]

    assert all_of(body, strategy="dpor") == {False, True}


def test_names_of_a_module_through_globals() -> None:
    def body() -> int:
        globals()["number"] = 0

        def add() -> None:
            globals()["number"] = number + 1  # noqa: F821

        run(add, add)
        return int(globals()["number"])

    assert all_of(body) == {1, 2}


FILES: dict[str, tuple[Callable[[Path], str], Callable[[Path, str], object]]] = {
    "Path": (lambda path: path.read_text(), lambda path, text: path.write_text(text)),
    "open": (lambda path: open(path).read(), lambda path, text: open(path, "w").write(text)),
    "os.replace": (
        lambda path: path.read_text(),
        lambda path, text: (
            path.with_suffix("." + threading.current_thread().name).write_text(text),
            os.replace(path.with_suffix("." + threading.current_thread().name), path),
        ),
    ),
}


@pytest.mark.parametrize("how", FILES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_is_a_location(how: str, tmp_path: Path) -> None:
    read, write = FILES[how]
    path = tmp_path / "count"

    def body() -> str:
        path.write_text("0")

        def add() -> None:
            write(path, str(int(read(path) or 0) + 1))

        run(add, add)
        return path.read_text()

    assert {"1", "2"} <= all_of(body)


def test_files_do_not_conflict_with_each_other(tmp_path: Path) -> None:
    def body() -> None:
        run(*(functools.partial((tmp_path / name).write_text, name) for name in "ab"))

    found = racekit.explore(body, strategy="dpor")
    assert found.proved
    assert found.executions == 1


def test_whether_a_file_exists_is_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "once"

    def body() -> int:
        path.unlink(missing_ok=True)
        made = Box()

        def make() -> None:
            if not os.path.exists(path):
                path.touch()
                made.value += 1

        run(make, make)
        return made.value

    assert 2 in all_of(body)


def test_a_database_is_called_so() -> None:
    def body() -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table seen (value)")

        def see() -> None:
            if not connection.execute("select * from seen").fetchall():
                connection.execute("insert into seen values (1)")

        run(see, see)
        count = len(connection.execute("select * from seen").fetchall())
        connection.close()
        assert count == 1

    failure = racekit.explore(body).failure
    assert failure is not None
    assert " on the database: " in failure.diagnosis.sentence


def test_to_read_a_database_makes_no_interleavings() -> None:
    def body() -> None:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table seen (value)")

        def look() -> None:
            connection.execute("select * from seen").fetchall()

        run(look, look)
        connection.close()

    assert racekit.explore(body).interleavings == 1


def test_what_a_cursor_has_left_depends_on_who_took_from_it() -> None:
    def body() -> str:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        cursor = connection.execute("values ('a'), ('b')")
        got = ["", ""]

        def take(index: int) -> None:
            got[index] = cursor.fetchone()[0]

        run(lambda: take(0), lambda: take(1))
        connection.close()
        return "".join(got)

    assert all_of(body) == {"ab", "ba"}


def test_a_database_is_a_location(tmp_path: Path) -> None:
    def body() -> int:
        connection = sqlite3.connect(":memory:", check_same_thread=False)
        connection.execute("create table counter (value)")
        connection.execute("insert into counter values (0)")

        def add() -> None:
            (value,) = connection.execute("select value from counter").fetchone()
            connection.execute("update counter set value = ?", (value + 1,))

        run(add, add)
        (value,) = connection.execute("select value from counter").fetchone()
        connection.close()
        return int(value)

    assert all_of(body) == {1, 2}
