"""Minimizing: whatever strategy found a failure, the schedule that is shown has few preemptions, and fails so again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from threads import run

import racekit
from racekit.minimize import Budget
from racekit.options import Options
from racekit.runtime import originals

RANDOM = ("random", "pct", "pos", "surw")


class Cell:
    def __init__(self) -> None:
        self.value = 0


def lost_update() -> None:
    """One preemption, among much that does not matter."""
    shared, noise = Cell(), [Cell() for _ in range(2)]

    def work(mine: Cell) -> None:
        for other in noise:
            other.value = 1
            mine.value = other.value
        shared.value = shared.value + 1
        for other in noise:
            other.value = 2
            mine.value = other.value

    run(lambda: work(Cell()), lambda: work(Cell()))
    assert shared.value == 2


def opposite_locks() -> None:
    """One preemption, and the threads are in a deadlock."""
    first, second, count = threading.Lock(), threading.Lock(), Cell()

    def both(one: threading.Lock, other: threading.Lock) -> None:
        for _ in range(2):
            count.value = 0
        with one:
            count.value = 1
            with other:
                count.value = 2

    run(lambda: both(first, second), lambda: both(second, first))


def two_preemptions() -> None:
    """The copy has to stop between two reads, and the writer between what it takes away and what it puts back."""
    text, lock, copied = Cell(), threading.Lock(), Cell()
    text.value = 3

    def copy() -> None:
        with lock:
            length = text.value
        with lock:
            assert length <= text.value
        copied.value = length

    def replace() -> None:
        with lock:
            text.value = 0
        with lock:
            text.value = 3

    run(copy, replace)


def only_order() -> None:
    """No preemption: it fails if the second thread runs first."""
    cell = Cell()

    def use() -> None:
        assert cell.value == 0

    def change() -> None:
        cell.value = 1

    run(use, change)


BODIES: dict[Callable[[], None], int] = {lost_update: 1, opposite_locks: 1, two_preemptions: 2, only_order: 0}


@pytest.fixture(params=BODIES, ids=lambda body: body.__name__)
def body(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_bounded_search_finds_the_fewest_preemptions_by_construction(body: Callable[[], None]) -> None:
    failure = racekit.explore(body, strategy="bounded", executions=5_000).failure
    assert failure is not None
    assert failure.fewest_preemptions
    assert failure.schedule == failure.original
    least = BODIES[body]
    assert failure.preemptions == least
    if least:
        assert racekit.explore(body, strategy="bounded", executions=5_000, preemptions=least - 1).ok


@pytest.mark.parametrize("strategy", RANDOM)
@pytest.mark.parametrize("seed", range(3))
def test_a_schedule_found_at_random_is_minimized(body: Callable[[], None], strategy: str, seed: int) -> None:
    failure = racekit.explore(body, strategy=strategy, seed=seed).failure
    assert failure is not None
    assert failure.preemptions == BODIES[body]


@pytest.mark.parametrize("seed", range(5))
def test_a_minimized_schedule_fails_in_the_same_way(body: Callable[[], None], seed: int) -> None:
    failure = racekit.explore(body, strategy="random", seed=seed).failure
    assert failure is not None
    original, minimized = (racekit.replay(body, each).failure for each in (failure.original, failure.schedule))
    assert original is not None and minimized is not None
    assert original.kind == minimized.kind == failure.kind
    assert type(original.exception) is type(minimized.exception) is type(failure.exception)
    assert {wait.place for wait in original.waits} == {wait.place for wait in minimized.waits}


def test_another_failure_is_not_taken_for_the_same() -> None:
    """To fail on the second line takes two switches; one would be enough to fail on the first."""

    def body() -> None:
        cell = Cell()

        def change() -> None:
            cell.value = 1
            cell.value = 0

        def look() -> None:
            before = cell.value
            if before == 0:
                assert cell.value != 1, "second"

        run(change, look)
        assert cell.value == 0

    failure = racekit.explore(body, strategy="random", seed=3).failure
    assert failure is not None
    again = racekit.replay(body, failure.schedule).failure
    assert again is not None
    assert str(again.exception).startswith("second") == str(failure.exception).startswith("second")


@pytest.fixture
def no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a failure can happen with a GIL is not looked for, which has a budget of its own."""
    monkeypatch.setattr(sys.modules["racekit.explore"], "judged", lambda failure, *_: failure)


@pytest.mark.usefixtures("no_verdict")
def test_minimizing_takes_at_most_a_fifth_of_the_executions_that_the_search_may_take() -> None:
    begun = 0

    def body() -> None:
        nonlocal begun
        begun += 1
        lost_update()

    found = racekit.explore(body, strategy="random", executions=50)
    assert found.failure is not None
    assert begun <= found.executions + 50 // 5 + 7  # six at most to compare it with, and one more to record it


@pytest.mark.parametrize(("executions", "allowed"), [(50, 10), (1_000, 200), (100_000, 200), (None, 200)])
def test_minimizing_may_take_a_fifth_of_the_executions_but_never_more_than_200(
    executions: int | None, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originals, "perf_counter", lambda: 0.0)
    budget = Budget(Options.of({"executions": executions}), searched=100)
    assert sum(budget.allows_another() for _ in range(1_000)) == allowed


def test_minimizing_takes_at_most_a_fifth_of_the_time_that_the_search_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(originals, "perf_counter", lambda: now)
    budget = Budget(Options.of({}), searched=100)
    now = 19.9
    assert budget.allows_another()
    now = 20.1
    assert not budget.allows_another()


@pytest.mark.usefixtures("no_verdict")
def test_schedules_with_fewer_preemptions_are_not_run_if_they_are_too_many() -> None:
    """Of eight threads there are 8! orders without a preemption."""
    begun = 0

    def body() -> None:
        nonlocal begun
        begun += 1
        cell = Cell()

        def increment() -> None:
            cell.value = cell.value + 1

        run(*[increment] * 8)
        assert cell.value == 8

    found = racekit.explore(body, strategy="directed")
    assert found.failure is not None
    assert found.failure.preemptions == 1
    assert not found.failure.fewest_preemptions
    assert begun <= found.executions + 30


@pytest.mark.parametrize(("seconds", "allowed"), [(None, 0.5), (60, 0.5), (1, 0.2)])
def test_after_a_short_search_it_may_take_a_fifth_of_the_time_that_the_search_was_given(
    seconds: float | None, allowed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(originals, "perf_counter", lambda: now)
    budget = Budget(Options.of({"seconds": seconds}), searched=0.01)
    now = allowed - 0.01
    assert budget.allows_another()
    now = allowed + 0.01
    assert not budget.allows_another()


def test_a_failure_says_how_many_preemptions_it_had() -> None:
    failure = racekit.explore(lost_update, strategy="random", seed=1).failure
    assert failure is not None
    assert failure.original_preemptions > failure.preemptions == 1
    assert len(failure.original.switches) > len(failure.schedule.switches)


def test_what_cannot_be_shown_again_is_not_lost() -> None:
    executions = 0

    def body() -> None:
        nonlocal executions
        executions += 1
        run(lambda: None, lambda: None)
        assert executions != 3

    found = racekit.explore(body, strategy="random")
    assert found.failure is not None
    assert isinstance(found.failure.exception, AssertionError)
