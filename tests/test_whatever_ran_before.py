"""An exploration does the same whatever ran before it in the process: as many executions, the same token and report."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import pytest
from threads import run

import racekit
from racekit.runtime import call_site


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


class Switch:
    is_on = False

    def turn_on(self) -> None:
        setattr(self, "is_on", True)


class Settings:
    level = 0


def loses_an_update() -> None:
    counter = Counter()
    run(counter.increment, counter.increment)
    assert counter.value == 2


def finds_a_switch_on() -> None:
    switch = Switch()
    run(switch.turn_on, lambda: fail_if(switch.is_on))


def fail_if(failed: bool) -> None:
    assert not failed


def reads_a_class_attribute() -> None:
    Settings.level = 0
    settings = Settings()

    def raise_it() -> None:
        Settings.level = 1

    run(raise_it, lambda: fail_if(settings.level == 1))


BODIES = (loses_an_update, finds_a_switch_on, reads_a_class_attribute)


def told(body: Callable[[], None], strategy: str) -> tuple[int, str, str]:
    found = racekit.explore(body, strategy=strategy)
    assert found.failure is not None
    return found.executions, found.failure.schedule.token, re.sub(r"\d\.\d\d s|\d+/s", "", str(found.failure))


@pytest.mark.parametrize("strategy", ["auto", "dpor", "bounded", "random", "surw"])
def test_explorations_in_another_order_find_the_same(strategy: str) -> None:
    there = {body: told(body, strategy) for body in BODIES}
    back = {body: told(body, strategy) for body in reversed(BODIES)}
    assert there == back


def test_a_name_that_only_another_exploration_stored_is_not_announced() -> None:
    """Otherwise the first exploration of a body would need one execution more than the second."""

    def reads() -> int:
        counter = Counter()
        run(lambda: counter.value, lambda: counter.value)
        return counter.value

    first = racekit.explore(reads, strategy="bounded")
    racekit.explore(lambda: setattr(Counter(), "value", 1))
    assert racekit.explore(reads, strategy="bounded").executions == first.executions


@functools.cache
def reader() -> Callable[[Settings], int]:
    """A function that outlives the exploration in which it is made."""
    return lambda settings: settings.late  # type: ignore[attr-defined, no-any-return]


def reads_what_is_stored_late() -> int:
    read, settings = reader(), Settings()
    setattr(settings, "late", 0)
    seen: list[int] = []
    run(lambda: seen.append(read(settings)), lambda: setattr(settings, "late", 1))
    return seen[0]


def outcomes_and_executions() -> tuple[set[object], int]:
    found = racekit.explore(reads_what_is_stored_late, strategy="dpor")
    assert found.proved
    return set(found.outcomes), found.executions


def test_a_function_that_outlives_the_execution_that_made_it_announces_what_is_stored_later() -> None:
    reader.cache_clear()
    assert outcomes_and_executions()[0] == {0, 1}


def test_a_function_that_outlives_an_exploration_is_rewritten_anew_in_the_next() -> None:
    reader.cache_clear()
    setattr(Settings, "late", 0)
    racekit.explore(lambda: reader()(Settings()))
    assert outcomes_and_executions()[0] == {0, 1}


def test_a_function_that_outlives_an_exploration_has_its_own_code() -> None:
    reader.cache_clear()
    racekit.explore(reads_what_is_stored_late)
    assert not call_site.is_watched(reader().__code__)
