"""An exploration does the same whatever ran before it in the process: as many executions, the same token and report."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

import racekit


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


def run(*functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
