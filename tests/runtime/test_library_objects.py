"""Objects whose classes are not watched, as those of installed packages: what is done to one is one step."""

from __future__ import annotations

import _pickle
import importlib
import logging
import pickle
import sys
from collections.abc import Callable
from configparser import ConfigParser
from datetime import date
from email.message import Message
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import attrs
import pytest
from threads import run

import racekit
from racekit.runtime.reachable import module_of

LIBRARY = """
from collections import ChainMap


class Counter:
    def __init__(self):
        self.value = 0

    def count_up(self):
        self.value += 1

    def start_over(self):
        self.value = 0


class Table:
    def __init__(self):
        self._cells = {"a": 0}

    @property
    def rows(self):
        return Rows(self)

    @property
    def size(self):
        return len(self._cells)

    def insert(self, key):
        self._cells[key] = 0

    def __len__(self):
        return len(self._cells)

    def __contains__(self, key):
        return key in self._cells

    def __iter__(self):
        for key in list(self._cells):
            yield key

    def __eq__(self, keys):
        return list(self._cells) == keys

    def __ior__(self, keys):
        self._cells.update(dict.fromkeys(keys))
        return self


class Rows:
    __slots__ = ("table",)

    def __init__(self, table):
        self.table = table

    def __getitem__(self, key):
        return self.table._cells[key]

    def __setitem__(self, key, value):
        self.table._cells[key] = value


class Peeking:
    def __init__(self, iterable):
        self.items = list(iterable)

    def peek(self):
        return self.items[0]

    def __iter__(self):
        return self

    def __next__(self):
        if not self.items:
            raise StopIteration
        return self.items.pop(0)


class Report:
    def __init__(self, counts):
        self.total = sum(count for count in counts)


class Registry:
    def __init__(self):
        self.made = {}

    def get(self, kind):
        if kind not in self.made:
            self.made[kind] = kind()
        return self.made[kind]


class Template:
    def __init__(self):
        self.names = ChainMap({}, {"a": 1})

    def render(self):
        return [self.names["a"], self.names.get("a"), "b" in self.names]


class Once:
    called = False

    def call(self):
        assert not self.called
        self.called = True


class Job:
    def __init__(self, function):
        self.function = function
        self.done = False


class Timetable:
    def __init__(self):
        self.jobs = []

    def add(self, function):
        self.jobs.append(Job(function))

    def run_pending(self):
        for job in self.jobs:
            if not job.done:
                job.function()
                job.done = True


def total(counts):
    return sum(counts)


def number_in(record):
    return record.number


def remembering(function):
    results = {}

    def wrapper(key):
        if key not in results:
            results[key] = function(key)
        return results[key]

    return wrapper


class Remembering:
    def __init__(self, function):
        self.function = function
        self.results = {}

    def __call__(self, key):
        if key not in self.results:
            self.results[key] = self.function(key)
        return self.results[key]
"""


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that is installed."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    name = f"library_{tmp_path.name}"
    (folder / f"{name}.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module(name)
    del sys.modules[name]


def test_methods_of_an_object_come_in_each_order(library: Any) -> None:
    def body() -> int:
        counter = library.Counter()
        run(counter.count_up, lambda: counter.start_over())
        counter.count_up()
        return int(counter.value)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_an_attribute_is_read_before_or_after_a_method(library: Any) -> None:
    def body() -> int:
        counter, seen = library.Counter(), []
        run(lambda: counter.count_up(), lambda: seen.append(counter.value))
        return int(seen[0])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {0, 1}


def test_each_method_is_one_step(library: Any) -> None:
    """Whether it locks nobody can know."""

    def body() -> int:
        counter = library.Counter()
        run(lambda: counter.count_up(), lambda: counter.count_up())
        return int(counter.value)

    found = racekit.explore(body)
    assert found.proved
    assert found.interleavings == 2
    assert set(found.outcomes) == {2}
    assert not found.data_races


def test_included_its_methods_are_watched(library: Any) -> None:
    def body() -> int:
        counter = library.Counter()
        run(lambda: counter.count_up(), lambda: counter.count_up())
        return int(counter.value)

    found = racekit.explore(body, include=[library.__name__])
    assert set(found.outcomes) == {1, 2}
    assert found.data_races


def test_a_property_is_read_before_or_after_a_method(library: Any) -> None:
    def body() -> int:
        table, seen = library.Table(), []
        run(lambda: table.insert("b"), lambda: seen.append(table.size))
        return int(seen[0])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_a_default_of_the_class_is_read_before_or_after_a_method(library: Any) -> None:
    def body() -> int:
        once, calls = library.Once(), []

        def call() -> None:
            if not once.called:
                calls.append(1)
                once.call()

        run(call, call)
        return len(calls)

    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.diagnosis.pattern == "check-then-act"


def test_what_is_done_to_a_view_is_done_to_what_it_shows(library: Any) -> None:
    def body() -> int:
        table = library.Table()

        def increment() -> None:
            table.rows["a"] = table.rows["a"] + 1

        run(increment, increment)
        return int(table.rows["a"])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_objects_that_threads_do_not_share_make_no_interleavings(library: Any) -> None:
    def count() -> None:
        library.Counter().count_up()

    assert racekit.explore(lambda: run(count, count)).interleavings == 1


@pytest.mark.parametrize("decorator", ["remembering", "Remembering"])
def test_what_a_decorator_keeps_is_looked_up_before_another_thread_has_kept_it(library: Any, decorator: str) -> None:
    def body() -> int:
        computed = []

        def compute(key: int) -> int:
            computed.append(key)
            return key

        remembered = getattr(library, decorator)(compute)
        run(lambda: remembered(1), lambda: remembered(1))
        return len(computed)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


@pytest.mark.parametrize(
    "look",
    [
        lambda table: len(table) == 2,
        lambda table: "b" in table,
        lambda table: list(table) == ["a", "b"],
        lambda table: [key.upper() for key in table] == ["A", "B"],
        lambda table: table == ["a", "b"],
        lambda table: tuple(map(str, table)) == ("a", "b"),
        lambda table: list(zip(table, "xy", strict=False)) == [("a", "x"), ("b", "y")],
        lambda table: dict(enumerate(table)) == {0: "a", 1: "b"},
        lambda table: "".join(map(str, table)) == "ab",
    ],
)
def test_an_operator_or_a_builtin_function_asks_an_object_before_or_after_a_method(
    library: Any, look: Callable[[Any], bool]
) -> None:
    def body() -> bool:
        table, seen = library.Table(), []
        run(lambda: table.insert("b"), lambda: seen.append(look(table)))
        return seen[0]

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {False, True}


def test_a_class_of_the_project_asks_methods_that_it_has_from_a_library(library: Any) -> None:
    class Growing(library.Table):  # type: ignore[misc, name-defined]
        def grow(self) -> None:
            self.insert(len(self))

    def body() -> int:
        table = Growing()
        run(table.grow, table.grow)
        return len(table)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {2, 3}


def test_an_object_is_true_before_or_after_it_is_changed(library: Any) -> None:
    def body() -> str:
        table, seen = library.Table(), []
        table._cells.clear()
        run(lambda: table.insert("b"), lambda: seen.append("full" if table else "empty"))
        return seen[0]

    assert set(racekit.explore(body).outcomes) == {"full", "empty"}


def test_an_operation_in_place_changes_an_object(library: Any) -> None:
    def body() -> int:
        table, seen = library.Table(), []

        def add() -> None:
            shared = table
            shared |= ["b"]

        run(add, lambda: seen.append(table.size))
        return int(seen[0])

    assert set(racekit.explore(body).outcomes) == {1, 2}


@pytest.mark.parametrize("take", [next, lambda iterator: next(item for item in iterator)])
def test_the_next_item_is_taken_before_or_after_a_method(library: Any, take: Callable[[Any], int]) -> None:
    def body() -> int:
        iterator, seen = library.Peeking([1, 2]), []
        run(lambda: take(iterator), lambda: seen.append(iterator.peek()))
        return int(seen[0])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


@pytest.mark.parametrize("function", ["total", "Report"])
def test_what_a_function_or_a_class_is_given_is_read(library: Any, function: str) -> None:
    def body() -> int:
        counts, seen = [1], []
        run(lambda: counts.append(2), lambda: seen.append(getattr(library, function)(counts)))
        return int(getattr(seen[0], "total", seen[0]))

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 3}


class Record:
    number = 0


def test_attributes_of_what_a_function_is_given_are_read(library: Any) -> None:
    def body() -> int:
        record, seen = Record(), []

        def change() -> None:
            record.number = 1

        run(change, lambda: seen.append(library.number_in(record)))
        return int(seen[0])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {0, 1}
    assert found.data_races


def test_attributes_of_what_attrs_makes_a_dict_of_are_read() -> None:
    @attrs.define
    class Point:
        x: int = 0

    def body() -> int:
        point, seen = Point(), []

        def move() -> None:
            point.x = 1

        run(move, lambda: seen.append(attrs.asdict(point)["x"]))
        return int(seen[0])

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {0, 1}


def test_attributes_of_what_c_code_of_a_library_is_given_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pickle.dumps, "__module__", "library")

    def body() -> int:
        record, seen = Record(), []

        def change() -> None:
            record.number = 1

        run(change, lambda: seen.append(_pickle.dumps([record])))
        return int(getattr(pickle.loads(seen[0])[0], "number", 0))

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {0, 1}


class Interface:
    number = 0
    __module__ = property(lambda self: "that of what it describes")  # type: ignore[assignment]


@pytest.mark.parametrize(("kind", "module"), [(Record, __name__), (date, "datetime"), (Path, Path.__module__)])
def test_the_module_of_a_class_is_known_whatever_it_is_written_in(kind: type, module: str) -> None:
    assert module_of(kind) == module


def test_objects_with_a_property_for_a_module_are_read_as_others(library: Any) -> None:
    def body() -> int:
        shared, seen = Interface(), []

        def change() -> None:
            shared.number = 1

        run(change, lambda: seen.append(library.number_in(shared)))
        return int(seen[0])

    assert set(racekit.explore(body).outcomes) == {0, 1}


def test_to_give_the_same_to_a_function_makes_no_interleavings(library: Any) -> None:
    def body() -> None:
        counts, record = [1], Record()

        def look() -> None:
            library.total(counts)
            library.number_in(record)

        run(look, look)

    assert racekit.explore(body).interleavings == 1


def test_a_class_is_called_before_another_thread_has_kept_what_it_makes(library: Any) -> None:
    def body() -> int:
        made = []

        class Service:
            def __init__(self) -> None:
                made.append(self)

        registry = library.Registry()
        run(lambda: registry.get(Service), lambda: registry.get(Service))
        return len(made)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_a_function_that_a_library_keeps_is_called_before_another_thread_knows_that_it_was(library: Any) -> None:
    def body() -> int:
        calls = []
        timetable = library.Timetable()
        timetable.add(lambda: calls.append(1))
        run(lambda: timetable.run_pending(), lambda: timetable.run_pending())
        return len(calls)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_what_a_library_calls_of_its_own_makes_no_interleavings(library: Any) -> None:
    def body() -> None:
        template = library.Template()
        run(lambda: template.render(), lambda: template.render())

    assert racekit.explore(body).interleavings == 2


# --- of the standard library ------------------------------------------------------------------------------------------


def test_an_update_of_an_option_gets_lost() -> None:
    def body() -> str:
        settings = ConfigParser()
        settings["all"] = {"count": "0"}

        def increment() -> None:
            settings["all"]["count"] = str(int(settings["all"]["count"]) + 1)

        run(increment, increment)
        return settings["all"]["count"]

    assert set(racekit.explore(body).outcomes) == {"1", "2"}


def test_the_first_of_two_headers_is_either() -> None:
    def body() -> str:
        message = Message()
        run(lambda: message.add_header("Name", "a"), lambda: message.add_header("Name", "b"))
        return str(message["Name"])

    assert set(racekit.explore(body).outcomes) == {"a", "b"}


def test_a_mock_is_called_in_each_order() -> None:
    def body() -> str:
        mock = Mock()
        run(lambda: mock("a"), lambda: mock("b"))
        return "".join(call.args[0] for call in mock.call_args_list)

    assert set(racekit.explore(body).outcomes) == {"ab", "ba"}


def test_messages_to_a_logger_make_no_interleavings() -> None:
    def body() -> None:
        logger = logging.Logger("a logger")
        run(lambda: logger.info("a"), lambda: logger.info("b"))

    assert racekit.explore(body).interleavings == 1


def test_a_logger_has_another_level_before_or_after_a_message() -> None:
    class Counting(logging.Handler):
        count = 0

        def emit(self, record: logging.LogRecord) -> None:
            self.count += 1

    def body() -> int:
        logger, handler = logging.Logger("a logger", logging.ERROR), Counting()
        logger.addHandler(handler)
        run(lambda: logger.setLevel(logging.INFO), lambda: logger.info("a message"))
        return handler.count

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {0, 1}
