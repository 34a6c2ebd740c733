"""The verdict whether a failure can happen where there is a GIL, held against a real one."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from threads import run

import racekit

TRIED = 300


class Cell:
    def __init__(self) -> None:
        self.value = 0
        self.other = 0


class Computed:
    """Its value is a property, so that Python code runs where only an attribute is written."""

    def __init__(self) -> None:
        self._value = 0

    @property
    def value(self) -> int:
        return self._value

    @value.setter
    def value(self, value: int) -> None:
        self._value = value


class Number:
    """Adding to it runs Python code."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __add__(self, other: int) -> Number:
        return Number(self.number + other)


def straight() -> int:
    cell = Cell()

    def add() -> None:
        cell.value = cell.value + 1

    run(add, add)
    return cell.value


def augmented() -> int:
    cell = Cell()

    def add() -> None:
        cell.value += 1

    run(add, add)
    return cell.value


def around_a_call() -> int:
    cell = Cell()

    def add() -> None:
        value = cell.value
        abs(value)
        cell.value = value + 1

    run(add, add)
    return cell.value


def in_a_loop() -> int:
    cell = Cell()

    def add() -> None:
        for _ in range(3):
            cell.value += 1

    run(add, add)
    return cell.value


def across_a_turn() -> int:
    cell = Cell()

    def add() -> None:
        value = cell.value
        for _ in range(2):
            value += 0
        cell.value = value + 1

    run(add, add)
    return cell.value


def of_a_property() -> int:
    computed = Computed()

    def add() -> None:
        computed.value += 1

    run(add, add)
    return computed.value


def with_an_operator() -> int:
    cell = [Number(0)]

    def add() -> None:
        cell[0] = cell[0] + 1

    run(add, add)
    return cell[0].number


def two_writes() -> int:
    cell, seen = Cell(), []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            first = not seen
            seen.append(0)
        if first:
            cell.value = 1
            cell.other = 1
        else:
            seen[0] = cell.value - cell.other

    run(work, work)
    return seen[0]


def in_a_generator() -> int:
    cell = Cell()

    def values() -> Iterator[int]:
        yield cell.value

    def add() -> None:
        for value in values():
            cell.value = value + 1

    run(add, add)
    return cell.value


BODIES = (
    *(straight, augmented, around_a_call, in_a_loop, across_a_turn, of_a_property, with_an_operator, two_writes),
    in_a_generator,
)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_a_real_gil_never_shows_what_the_rule_calls_impossible(body: Callable[[], int]) -> None:
    """The other way round nothing is claimed: what is possible may be too rare to be seen."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        pytest.skip("this build has no GIL to hold the rule against")
    found = racekit.explore(body, granularity="gil", strategy="bounded", executions=None)
    assert found.proved
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    try:
        seen = {body() for _ in range(TRIED)}
    finally:
        sys.setswitchinterval(before)
    assert seen <= set(found.outcomes)


def failure_of(body: Callable[[], int], right: int) -> racekit.Failure:
    def asserting() -> None:
        assert body() == right

    failure = racekit.explore(asserting).failure
    assert failure is not None
    return failure


@pytest.mark.skipif(not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this build has no GIL")
@pytest.mark.parametrize("body", [straight, augmented])
def test_a_switch_in_the_midst_of_a_line_needs_a_free_threaded_build(body: Callable[[], int]) -> None:
    failure = failure_of(body, 2)
    assert failure.gil == "free-threaded"
    line = failure.schedule.switches[-1].position.line
    assert f"Needs a free-threaded build: the switch falls inside line {line}, before value is" in " ".join(
        str(failure).split()
    )


def test_on_a_build_without_a_gil_the_verdict_says_that_it_can_happen_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    failure = failure_of(straight, 2)
    assert failure.gil == "free-threaded"
    assert "Can happen here, as this Python runs without a GIL" in " ".join(str(failure).split())


@pytest.mark.parametrize("body", [around_a_call, across_a_turn, of_a_property, with_an_operator])
def test_a_switch_where_the_evaluation_loop_looks_can_happen_everywhere(body: Callable[[], int]) -> None:
    failure = failure_of(body, 2)
    assert failure.gil == "every"
    assert "Can happen on every CPython" in str(failure)


def test_a_deadlock_can_happen_everywhere() -> None:
    def body() -> None:
        first, second = threading.Lock(), threading.Lock()

        def both(one: threading.Lock, other: threading.Lock) -> None:
            with one, other:
                pass

        threads = [threading.Thread(target=both, args=pair) for pair in ((first, second), (second, first))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    failure = racekit.explore(body).failure
    assert failure is not None
    assert (failure.kind, failure.gil) == ("deadlock", "every")


def test_what_fails_without_any_switch_can_happen_everywhere_and_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ValueError

    monkeypatch.setattr("racekit.gil._strategies", None)
    failure = racekit.explore(fails).failure
    assert failure is not None
    assert failure.gil == "every"


def test_an_outcome_that_must_not_come_out_has_a_verdict_too() -> None:
    failure = racekit.explore(straight, outcomes={2}).failure
    assert failure is not None
    assert failure.gil == "free-threaded"


def test_what_was_explored_under_the_rule_of_a_gil_needs_no_verdict() -> None:
    def asserting() -> None:
        assert around_a_call() == 2

    failure = racekit.explore(asserting, granularity="gil").failure
    assert failure is not None
    assert not failure.gil
