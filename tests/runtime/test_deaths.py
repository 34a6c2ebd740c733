"""Whether an object still lives, which others know by a weak reference, depends on the schedule and is told."""

from __future__ import annotations

import sysconfig
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import racekit


def run(*functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Thing:
    pass


MADE_BEFORE: weakref.WeakValueDictionary[str, Thing] = weakref.WeakValueDictionary()


DIES_WHERE_IT_WAS_MADE = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
"""Without a GIL, an object whose last reference another thread drops dies once the thread that made it goes on."""


def kept_before(thing: Thing) -> Any:
    MADE_BEFORE.clear()
    MADE_BEFORE["key"] = thing
    return MADE_BEFORE


@pytest.mark.parametrize(
    ("make", "look"),
    [
        pytest.param(weakref.ref, lambda known: known() is None, id="ref"),
        pytest.param(lambda thing: weakref.WeakValueDictionary(key=thing), lambda known: "key" in known, id="value"),
        pytest.param(lambda thing: weakref.WeakKeyDictionary({thing: 1}), len, id="key"),
        pytest.param(lambda thing: weakref.WeakSet([thing]), len, id="set"),
        pytest.param(lambda thing: weakref.finalize(thing, int), lambda known: known.alive, id="finalizer"),
        pytest.param(lambda thing: weakref.finalize(thing, int), lambda known: known.peek() is None, id="peek"),
        pytest.param(kept_before, lambda known: known.get("key") is None, id="made before"),
    ],
)
@pytest.mark.parametrize("reader_first", [True, False])
def test_a_death_is_found_and_never_proved_harmless(
    make: Callable[[Thing], Any], look: Callable[[Any], object], reader_first: bool
) -> None:
    def body() -> object:
        owner = [Thing()]
        known = make(owner[0])
        seen: list[object] = []
        functions = (lambda: seen.append(look(known)), lambda: owner.clear())
        run(*functions[:: 1 if reader_first else -1])
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert len(found.outcomes) == 2 or DIES_WHERE_IT_WAS_MADE
    assert not found.proved
    assert "by a weak reference" in found.notes[0]
    assert found.cut_by == "the death of an object"


@pytest.mark.parametrize("end", [lambda finalizer: finalizer(), lambda finalizer: finalizer.detach()])
def test_whether_a_finalizer_was_called_depends_on_the_order(end: Callable[[Any], object]) -> None:
    thing = Thing()

    def body() -> object:
        finalizer = weakref.finalize(thing, int)
        seen: list[object] = []
        run(lambda: seen.append(finalizer.alive), lambda: end(finalizer))
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {True, False}


def test_an_object_that_lives_on_is_proved() -> None:
    thing = Thing()

    def body() -> bool:
        reference, known = weakref.ref(thing), weakref.WeakSet([thing])
        seen: list[bool] = []
        run(lambda: seen.append(reference() is thing), lambda: thing in known)
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)


def test_an_object_of_one_thread_may_die_there() -> None:
    def body() -> int:
        dead: list[bool] = []

        def work() -> None:
            thing = Thing()
            reference = weakref.ref(thing)
            del thing
            dead.append(reference() is None)

        run(work, work)
        return sum(dead)

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved, str(found)
    assert set(found.outcomes) == {2}
