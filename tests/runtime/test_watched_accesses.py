"""Which accesses are seen, in which code, and where threads may switch at each granularity."""

from __future__ import annotations

import collections
import dataclasses
import functools
import importlib
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pytest
from threads import run

import racekit

counter = 0
table: dict[str, int] = {}


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, strategy="bounded", **options)
    assert found.proved, str(found)
    return set(found.outcomes)


class Shared:
    total = 0

    def __init__(self) -> None:
        self.value = 0
        self.other = 0

    def increment(self) -> None:
        self.value += 1


class Slotted:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


@dataclasses.dataclass
class Record:
    value: int = 0


@dataclasses.dataclass(slots=True)
class SlottedRecord:
    value: int = 0


@attrs.define
class Defined:
    value: int = attrs.field(default=0, validator=attrs.validators.instance_of(int))


@attrs.define(slots=False)
class DefinedWithDict:
    value: int = 0


class WithProperty:
    def __init__(self) -> None:
        self._value = 0

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = value


@pytest.mark.parametrize("make", [Shared, Slotted, Record, SlottedRecord, Defined, DefinedWithDict, WithProperty])
def test_attributes(make: Callable[[], Any]) -> None:
    def body() -> int:
        shared = make()

        def increment() -> None:
            shared.value += 1

        run(increment, increment)
        return int(shared.value)

    assert all_of(body) == {1, 2}


@dataclasses.dataclass(frozen=True)
class FrozenRecord:
    value: int = 0


@attrs.frozen
class FrozenByAttrs:
    value: int = 0


@pytest.mark.parametrize("make", [FrozenRecord, FrozenByAttrs])
def test_frozen_objects_are_replaced_as_a_whole(make: Callable[[], Any]) -> None:
    replaced: Callable[..., Any] = dataclasses.replace if make is FrozenRecord else attrs.evolve

    def body() -> int:
        shared = Shared()
        shared.value = make()

        def increment() -> None:
            shared.value = replaced(shared.value, value=shared.value.value + 1)

        run(increment, increment)
        return int(shared.value.value)

    assert all_of(body) == {1, 2}


def test_class_attributes() -> None:
    def body() -> int:
        Shared.total = 0

        def increment() -> None:
            Shared.total = Shared.total + 1

        run(increment, increment)
        return Shared.total

    assert all_of(body) == {1, 2}


def test_class_attributes_read_through_an_instance() -> None:
    def body() -> int:
        Shared.total = 0
        shared = Shared()

        def increment() -> None:
            Shared.total = shared.total + 1

        run(increment, increment)
        return Shared.total

    assert all_of(body) == {1, 2}


def test_globals() -> None:
    def body() -> int:
        global counter
        counter = 0

        def increment() -> None:
            global counter
            counter = counter + 1

        run(increment, increment)
        return counter

    assert all_of(body) == {1, 2}


def test_a_global_of_another_module_by_its_attribute() -> None:
    module = sys.modules[__name__]

    def body() -> int:
        module.counter = 0  # type: ignore[attr-defined]

        def here() -> None:
            global counter
            counter = counter + 1

        def there() -> None:
            module.counter = module.counter + 1  # type: ignore[attr-defined]

        run(here, there)
        return counter

    assert all_of(body) == {1, 2}


def test_closure_variables() -> None:
    def body() -> int:
        count = 0

        def increment() -> None:
            nonlocal count
            count = count + 1

        run(increment, increment)
        return count

    assert all_of(body) == {1, 2}


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: [0, 0], 0),
        (lambda: {"a": 0}, "a"),
        (lambda: {(1, 2): 0}, (1, 2)),
        (lambda: collections.defaultdict(int), "a"),
        (lambda: collections.Counter(), "a"),
        (lambda: collections.OrderedDict(a=0), "a"),
        (lambda: collections.deque([0]), 0),
        (lambda: bytearray(1), 0),
    ],
    ids=["list", "dict", "dict with tuples", "defaultdict", "Counter", "OrderedDict", "deque", "bytearray"],
)
def test_items(make: Callable[[], Any], key: object) -> None:
    def body() -> int:
        items = make()

        def increment() -> None:
            items[key] = items[key] + 1

        run(increment, increment)
        return int(items[key])

    assert all_of(body) == {1, 2}


def test_items_of_a_subclass_of_dict() -> None:
    class Table(dict[str, int]):
        pass

    def body() -> int:
        items = Table(a=0)

        def increment() -> None:
            items["a"] += 1

        run(increment, increment)
        return items["a"]

    assert all_of(body) == {1, 2}


def test_different_keys_do_not_conflict() -> None:
    def body() -> tuple[int, int]:
        items = {"a": 0, "b": 0}

        def increment(key: str) -> Callable[[], None]:
            def add() -> None:
                items[key] += 1

            return add

        run(increment("a"), increment("b"))
        return items["a"], items["b"]

    assert all_of(body) == {(1, 1)}


def test_check_then_act_on_a_dict() -> None:
    def body() -> int:
        table.clear()
        made: list[str] = []

        def get_or_make() -> None:
            if "key" not in table:
                made.append("made")
                table["key"] = 1

        run(get_or_make, get_or_make)
        return len(made)

    assert all_of(body) == {1, 2}


def test_setdefault_is_one_step() -> None:
    def body() -> int:
        table.clear()
        run(lambda: table.setdefault("key", 1), lambda: table.setdefault("key", 2))
        return table["key"]

    assert all_of(body) == {1, 2}


@pytest.mark.parametrize(
    ("make", "act", "values"),
    [
        (list, lambda items: items.append(len(items)), {"[0, 0]", "[0, 1]"}),
        (list, lambda items: items.extend([len(items)]), {"[0, 0]", "[0, 1]"}),
        (list, lambda items: items.insert(0, len(items)), {"[0, 0]", "[1, 0]"}),
        (set, lambda items: items.add(len(items)), {"{0}", "{0, 1}"}),
        (dict, lambda items: items.update({len(items): 0}), {"{0: 0}", "{0: 0, 1: 0}"}),
        (collections.deque, lambda items: items.appendleft(len(items)), {"deque([0, 0])", "deque([1, 0])"}),
    ],
    ids=["append", "extend", "insert", "add", "update", "appendleft"],
)
def test_methods_of_containers(make: Callable[[], Any], act: Callable[[Any], object], values: set[str]) -> None:
    def body() -> str:
        items = make()
        run(lambda: act(items), lambda: act(items))
        return repr(items)

    assert all_of(body) == values


def test_a_bound_method_of_a_container_in_a_variable() -> None:
    def body() -> tuple[int, ...]:
        items: list[int] = []
        append = items.append
        run(lambda: append(len(items)), lambda: append(len(items)))
        return tuple(items)

    assert all_of(body) == {(0, 0), (0, 1)}


def test_iterating_over_a_container_that_another_thread_changes() -> None:
    def body() -> bool:
        items = {1: "one"}
        failed: list[bool] = []

        def iterate() -> None:
            try:
                for key in items:
                    items[key]
            except RuntimeError:
                failed.append(True)

        run(iterate, lambda: items.update({2: "two"}))
        return bool(failed)

    assert all_of(body) == {False, True}


def test_slices_and_deletions() -> None:
    def body() -> tuple[int, ...]:
        items = [1, 2, 3]

        def cut() -> None:
            items[:] = items[1:]

        run(cut, cut)
        return tuple(items)

    assert all_of(body) == {(3,), (2, 3)}


def test_two_objects_do_not_conflict() -> None:
    def body() -> tuple[int, int]:
        one, other = Shared(), Shared()
        run(one.increment, other.increment)
        return one.value, other.value

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert set(found.outcomes) == {(1, 1)}


def test_two_attributes_do_not_conflict() -> None:
    def body() -> tuple[int, int]:
        shared = Shared()

        def other() -> None:
            shared.other += 1

        run(shared.increment, other)
        return shared.value, shared.other

    assert all_of(body) == {(1, 1)}


def test_what_nobody_changes_costs_no_executions() -> None:
    """Three starts and joins around threads that share nothing: only these are interleaved."""

    def sharing_nothing() -> None:
        assert Shared().value == 0
        run(int, int)

    def reading() -> None:
        shared = Shared()
        run(lambda: shared.value + shared.value, lambda: shared.value + shared.value)

    first = racekit.explore(sharing_nothing, executions=None, strategy="bounded")
    second = racekit.explore(reading, executions=None, strategy="bounded")
    assert first.proved
    assert second.proved
    assert first.executions == second.executions


def test_a_race_far_down_the_calls_is_seen() -> None:
    def add(shared: Shared, more: int) -> None:
        current = get(shared)
        put(shared, current + more)

    def get(shared: Shared) -> int:
        return shared.value

    def put(shared: Shared, value: int) -> None:
        shared.value = value

    def body() -> int:
        shared = Shared()
        run(lambda: add(shared, 1), lambda: add(shared, 1))
        return shared.value

    assert all_of(body) == {1, 2}


def test_generators_and_comprehensions_are_watched() -> None:
    def body() -> int:
        shared = Shared()

        def values() -> Any:
            yield shared.value
            yield 1

        def add() -> None:
            shared.value = sum([each + 0 for each in values()])

        run(add, add)
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_coroutine_is_watched() -> None:
    def body() -> int:
        shared = Shared()

        async def add() -> None:
            shared.value = shared.value + 1

        def drive() -> None:
            try:
                add().send(None)
            except StopIteration:
                pass

        run(drive, drive)
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_callback_of_the_standard_library_is_watched() -> None:
    def body() -> int:
        shared = Shared()

        def key(number: int) -> int:
            shared.value = shared.value + 1
            return number

        run(lambda: sorted([1], key=key), lambda: max([1], key=key))
        return shared.value

    assert all_of(body) == {1, 2}


def test_a_module_that_the_body_imports_first_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str = "imported_by_the_body"
) -> None:
    (tmp_path / f"{name}.py").write_text("def increment(shared):\n    shared.value = shared.value + 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def body() -> int:
        module = importlib.import_module(name)
        shared = Shared()
        run(lambda: module.increment(shared), lambda: module.increment(shared))
        return shared.value

    try:
        assert set(racekit.explore(body, executions=200).outcomes) == {1, 2}
    finally:
        sys.modules.pop(name, None)


def test_a_function_made_during_the_execution_is_watched() -> None:
    def body() -> int:
        shared = Shared()
        namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__, "shared": shared}
        exec("def increment():\n    shared.value = shared.value + 1\n", namespace)
        run(namespace["increment"], namespace["increment"])
        return shared.value

    found = racekit.explore(body, executions=200)
    assert set(found.outcomes) == {1, 2}


# --- include and exclude ----------------------------------------------------------------------------------------------


def foreign_module(name: str, path: str) -> ModuleType:
    """A module as an installed package would have it."""
    module = ModuleType(name)
    module.__file__ = path
    source = (
        "class Counter:\n"
        "    def __init__(self):\n        self.value = 0\n"
        "    def increment(self):\n        self.value = self.value + 1\n"
        "    def add(self):\n        self.value = self.value + 1\n"
    )
    exec(compile(source, path, "exec"), module.__dict__)
    return module


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = foreign_module("somebodys", "/somewhere/site-packages/somebodys.py")
    monkeypatch.setitem(sys.modules, "somebodys", module)
    return module


def body_with(module: ModuleType) -> Callable[[], int]:
    def body() -> int:
        shared = module.Counter()
        run(shared.increment, shared.add)
        return int(shared.value)

    return body


def test_what_is_installed_is_not_watched(installed: ModuleType) -> None:
    assert all_of(body_with(installed)) == {2}


@pytest.mark.parametrize("name", ["somebodys", "somebodys.Counter"])
def test_included_modules_and_classes_are_watched(installed: ModuleType, name: str) -> None:
    assert all_of(body_with(installed), include=(name,)) == {1, 2}


def test_an_included_function_is_watched_and_others_are_not(installed: ModuleType) -> None:
    def body_twice(name: str) -> Callable[[], int]:
        def body() -> int:
            shared = installed.Counter()
            run(getattr(shared, name), getattr(shared, name))
            return int(shared.value)

        return body

    assert all_of(body_twice("increment"), include="somebodys.Counter.increment") == {1, 2}
    assert all_of(body_twice("add"), include="somebodys.Counter.increment") == {2}


def test_what_is_not_watched_comes_between_the_accesses_of_what_is(installed: ModuleType) -> None:
    assert all_of(body_with(installed), include="somebodys.Counter.increment") == {1, 2}


def test_modules_classes_and_functions_can_be_passed_themselves(installed: ModuleType) -> None:
    for named in (installed, installed.Counter):
        assert all_of(body_with(installed), include=(named,)) == {1, 2}


def test_what_is_excluded_is_not_watched() -> None:
    def body() -> int:
        shared = Shared()
        run(shared.increment, shared.increment)
        return shared.value

    assert all_of(body, exclude=(Shared,)) == {2}
    assert all_of(body, exclude=(Shared.increment,)) == {2}
    assert all_of(body, exclude=(__name__,)) == {2}


def test_exclude_wins_over_include(installed: ModuleType) -> None:
    assert all_of(body_with(installed), include="somebodys", exclude="somebodys.Counter") == {2}


def test_a_module_whose_name_only_begins_alike_is_not_included(
    installed: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "somebody", foreign_module("somebody", "/somewhere/site-packages/somebody.py"))
    assert all_of(body_with(installed), include="somebody") == {2}


# --- granularity ------------------------------------------------------------------------------------------------------


def plain_increments() -> int:
    shared = Shared()

    def increment() -> None:
        shared.value = shared.value + 1

    run(increment, increment)
    return shared.value


def increments_around_a_call() -> int:
    shared = Shared()

    def plus_one(number: int) -> int:
        return number + 1

    def increment() -> None:
        shared.value = plus_one(shared.value)

    run(increment, increment)
    return shared.value


def increments_in_a_loop() -> int:
    shared = Shared()

    def increment() -> None:
        value = shared.value
        for _ in range(1):
            value += 1
        shared.value = value

    run(increment, increment)
    return shared.value


def increments_around_a_lock() -> int:
    shared = Shared()
    lock = threading.Lock()

    def increment() -> None:
        value = shared.value
        with lock:
            pass
        shared.value = value + 1

    run(increment, increment)
    return shared.value


def two_writes() -> tuple[int, int]:
    shared = Shared()
    seen: list[tuple[int, int]] = []

    def write() -> None:
        shared.value = 1
        shared.other = 1

    def read() -> None:
        value = shared.value
        other = shared.other
        seen.append((value, other))

    run(write, read)
    return seen[0]


@pytest.mark.parametrize(
    ("body", "granularity", "outcomes"),
    [
        (plain_increments, "access", {1, 2}),
        (plain_increments, "gil", {2}),
        (plain_increments, "sync", {2}),
        (increments_around_a_call, "access", {1, 2}),
        (increments_around_a_call, "gil", {1, 2}),
        (increments_around_a_call, "sync", {2}),
        (increments_in_a_loop, "access", {1, 2}),
        (increments_in_a_loop, "gil", {1, 2}),
        (increments_in_a_loop, "sync", {2}),
        (increments_around_a_lock, "access", {1, 2}),
        (increments_around_a_lock, "gil", {1, 2}),
        (increments_around_a_lock, "sync", {1, 2}),
        (two_writes, "access", {(0, 0), (0, 1), (1, 0), (1, 1)}),
        (two_writes, "gil", {(0, 0), (1, 1)}),
        (two_writes, "sync", {(0, 0), (1, 1)}),
    ],
)
def test_where_threads_may_switch(body: Callable[[], object], granularity: str, outcomes: set[object]) -> None:
    assert all_of(body, granularity=granularity) == outcomes


def all_different(body: Callable[[], object]) -> set[object]:
    """Everything that can come out of `body`, by the strategy that relies most on knowing who touches what."""
    found = racekit.explore(body, executions=None, strategy="dpor")
    assert found.proved, str(found)
    return set(found.outcomes)


def test_a_class_attribute_that_is_stored_after_an_object_has_read_it_is_one_location() -> None:
    def body() -> int:
        class Settings:
            level = 0

        settings, other = Settings(), Settings()
        other.level = 5
        seen: list[int] = []

        def raise_it() -> None:
            Settings.level = 1

        run(lambda: seen.append(settings.level), raise_it)
        return seen[0]

    assert all_different(body) == {0, 1}


@dataclasses.dataclass(frozen=True)
class Frozen:
    content: int = 0


@pytest.mark.parametrize(
    "store",
    [
        lambda frozen: object.__setattr__(frozen, "content", 1),
        lambda frozen: super(Frozen, frozen).__setattr__("content", 1),
        lambda frozen: object.__setattr__.__get__(frozen)("content", 1),
    ],
    ids=["of object", "of super()", "bound"],
)
def test_the_setattr_of_object_is_a_store(store: Callable[[Frozen], None]) -> None:
    def body() -> int:
        frozen = Frozen()
        seen: list[int] = []
        run(lambda: seen.append(frozen.content), lambda: store(frozen))
        return seen[0]

    assert all_different(body) == {0, 1}


def test_the_setattr_of_type_stores_a_class_attribute() -> None:
    def body() -> int:
        class Settings:
            level = 0

        settings = Settings()
        seen: list[int] = []
        run(lambda: seen.append(settings.level), lambda: type.__setattr__(Settings, "level", 1))
        return seen[0]

    assert all_different(body) == {0, 1}


class Held:
    def __init__(self) -> None:
        self.held = 0


def store_namespace(held: Held, namespace: dict[str, int]) -> None:
    held.__dict__ = namespace


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        (setattr, lambda held: (held, "held", 1)),
        (object.__setattr__, lambda held: (held, "held", 1)),
        (lambda held: functools.partial(setattr, held, "held", 1)(), lambda held: (held,)),
        (lambda held: held.__dict__.update(held=1), lambda held: (held,)),
        (lambda held: setattr(held, "__dict__", {"held": 1}), lambda held: (held,)),
        (store_namespace, lambda held: (held, {"held": 1})),
    ],
    ids=["setattr", "object", "partial", "update", "setattr of __dict__", "__dict__"],
)
def test_every_way_to_store_an_attribute_is_seen(
    target: Callable[..., None], arguments: Callable[[Held], tuple[object, ...]]
) -> None:
    """Also where the thread is started to do just that."""

    def body() -> int:
        held, seen = Held(), []
        threads = [
            threading.Thread(target=lambda: seen.append(getattr(held, "held", 0))),
            threading.Thread(target=target, args=arguments(held)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return int(seen[0])

    assert all_different(body) == {0, 1}


def test_another_class_has_other_attributes() -> None:
    class Zero:
        level = 0

    class One:
        level = 1

    def body() -> int:
        thing: Any = Zero()
        seen: list[int] = []

        def change() -> None:
            thing.__class__ = One

        run(lambda: seen.append(thing.level), change)
        return seen[0]

    assert all_different(body) == {0, 1}


def test_what_an_executor_is_given_to_store_is_seen() -> None:
    def body() -> int:
        held = Held()
        with ThreadPoolExecutor(max_workers=2) as pool:
            read = pool.submit(lambda: held.held)
            pool.submit(setattr, held, "held", 1)
            return read.result()

    assert all_different(body) == {0, 1}


def test_an_object_is_asked_for_nothing_but_what_the_code_asks() -> None:
    asked: list[str] = []

    class Telling:
        def __init__(self) -> None:
            self.value = 0

        def __getattribute__(self, name: str) -> Any:
            asked.append(name)
            return object.__getattribute__(self, name)

    def body() -> tuple[str, ...]:
        shared = Telling()
        asked.clear()
        run(lambda: setattr(shared, "value", shared.value + 1), lambda: str(shared.value == 2))
        return tuple(asked)

    assert all_different(body) == {("value", "value")}
