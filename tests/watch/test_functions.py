"""Finding the functions in scope: all of them each time, although old objects are looked at once only."""

from __future__ import annotations

import asyncio
import functools
import gc
import threading
import weakref
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pytest

from racekit.watch import functions
from racekit.watch.functions import Functions
from racekit.watch.scope import Scope


def found(search: Functions, scope: Scope | None = None) -> set[FunctionType]:
    functions = search.all_of(scope or Scope())
    try:
        return {each.function for each in functions.values()}
    finally:
        for each in functions.values():
            each.let_go()


def new_function(name: str = "new") -> Any:
    namespace: dict[str, Any] = {"__name__": __name__}
    # Not at the top level: a free-threaded 3.13 never frees a function that is.
    exec(f"def make():\n  def {name}(): return {name!r}\n  return {name}", namespace)
    return namespace["make"]()


@pytest.fixture(autouse=True)
def no_collection() -> Any:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_a_function_made_since_the_last_search_is_found() -> None:
    search = Functions()
    found(search)
    function = new_function()
    assert function in found(search)


class Kept:
    """A method and what only other objects refer to."""

    made_later: Any = None

    def method(self) -> None: ...

    @staticmethod
    def static() -> None: ...


def test_functions_are_found_wherever_they_are_once_threads_have_started() -> None:
    partial = functools.partial(new_function())
    expected = {test_a_function_made_since_the_last_search_is_found, Kept.method, Kept.static, partial.func}
    thread = threading.Thread(target=lambda: None)  # a free-threaded 3.13 changes them when the first one starts
    thread.start()
    thread.join()
    assert expected <= found(Functions())
    partial = functools.partial(new_function())
    expected.add(partial.func)
    gc.collect()
    assert expected <= found(Functions())


def test_a_function_found_before_is_found_again() -> None:
    search, function = Functions(), new_function()
    assert function in found(search)
    assert function in found(search)


def test_a_function_that_grew_old_between_two_searches_is_found() -> None:
    search = Functions()
    found(search)
    function = new_function()
    gc.collect()
    assert function in found(search)


def test_a_function_that_was_frozen_between_two_searches_is_found() -> None:
    search = Functions()
    found(search)
    function = Kept.made_later = new_function()
    gc.freeze()  # from here on, the collector does not tell of it
    try:
        assert function in found(search)
        assert function in found(Functions())
    finally:
        gc.unfreeze()


def test_a_collection_ends_after_a_search_behind_what_is_frozen() -> None:
    """Up to 3.12.4 `_asyncio` tells of iterators that it has freed."""

    async def wait_for_futures() -> None:
        futures = [asyncio.get_running_loop().create_future() for _ in range(5)]
        for future in futures:
            future.set_result(None)
            await future

    asyncio.run(wait_for_futures())
    gc.freeze()
    try:
        for _ in range(2):
            found(Functions())
    finally:
        gc.unfreeze()
    gc.collect()


def test_functions_are_looked_for_behind_what_is_frozen_only_when_more_was(monkeypatch: pytest.MonkeyPatch) -> None:
    searches: list[str] = []

    def reachable(objects: list[object]) -> list[FunctionType]:
        searches.append("one")
        return []

    monkeypatch.setattr(functions, "_reachable_functions", reachable)
    mortal: list[object] = [set()]
    gc.freeze()
    try:
        found(Functions())
        mortal.clear()
        found(Functions())
        assert len(searches) == 1
        gc.unfreeze()
        gc.freeze()
        found(Functions())
        assert len(searches) == 2
    finally:
        gc.unfreeze()


def test_a_function_that_was_given_other_code_is_found_with_that() -> None:
    search, function, other = Functions(), new_function("one"), new_function("other")
    found(search)
    function.__code__ = other.__code__
    assert search.all_of(Scope())[id(function)].code is other.__code__


def test_another_scope_is_searched_anew() -> None:
    search = Functions()
    found(search)
    import colorsys

    assert colorsys.rgb_to_hls in found(search, Scope(include=("colorsys",)))
    assert colorsys.rgb_to_hls not in found(search)


def test_what_was_found_is_not_kept_alive() -> None:
    search, function = Functions(), new_function()
    found(search)
    reference = weakref.ref(function)
    del function
    gc.collect()
    assert reference() is None


def test_old_objects_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    if not functions.knows_old_objects():
        pytest.skip("this interpreter does not tell which objects are new")
    search = Functions()
    found(search)
    looked_at: list[object] = []
    original = gc.get_objects

    def recording(generation: int | None = None) -> list[Any]:
        looked_at.append(generation)
        return original(generation=generation)

    recorder = ModuleType("gc")
    vars(recorder).update(vars(gc), get_objects=recording)
    monkeypatch.setattr(functions, "gc", recorder)
    found(search)
    assert looked_at == [0, 1]


def test_a_function_that_the_collector_has_half_freed_is_passed_over() -> None:
    variable = 1

    def closure() -> int:
        return variable

    half_freed: Any = SimpleNamespace(
        __code__=closure.__code__, __closure__=None, __module__="", __qualname__="", __globals__=globals()
    )
    search = Functions()
    assert [each.function for each in search.new_in([closure])] == [closure]
    assert search.new_in([half_freed]) == []
