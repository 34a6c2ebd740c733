"""Threads outside control run on beside an exploration, without a GIL really so: all of it holds for both sides."""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator

from threads import run

import racekit

ROUNDS = 30
BESIDE = "the thread beside"


class Counter:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def increment(self) -> None:
        self.value = self.value + 1

    def locked_increment(self) -> None:
        with self.lock:
            self.value = self.value + 1


@contextlib.contextmanager
def beside(work: Callable[[], object]) -> Iterator[Callable[[], int]]:
    """A thread outside control that does `work` all the time; gives how often so far, and raises what it raised."""
    rounds = 0
    errors: list[BaseException] = []
    stop = False

    def run() -> None:
        nonlocal rounds
        try:
            while not stop:
                work()
                rounds += 1
                os.sched_yield()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=BESIDE, daemon=True)
    thread.start()
    while not rounds and not errors:
        os.sched_yield()
    try:
        yield lambda: rounds
    finally:
        stop = True
        thread.join()
        assert not errors, errors


def until_a_round_has_passed(rounds: Callable[[], int]) -> None:
    """So that the thread beside has met the exploration, whatever the processors do."""
    before = rounds()
    while rounds() < before + 2:
        os.sched_yield()


def explored_beside(
    rounds: Callable[[], int], body: Callable[[], object], executions: int = ROUNDS
) -> racekit.Exploration:
    def seen_by_both() -> object:
        until_a_round_has_passed(rounds)
        return body()

    return racekit.explore(seen_by_both, executions=executions)


def assert_named_and_not_proved(found: racekit.Exploration) -> None:
    assert not found.proved
    assert any(BESIDE in note for note in found.notes), found.notes


def test_a_function_that_a_thread_beside_calls_all_the_time_is_rewritten_under_its_feet() -> None:
    own, shared = Counter(), Counter()

    def calls() -> None:
        own.increment()
        shared.locked_increment()

    with beside(calls) as rounds:
        for _ in range(ROUNDS // 3):
            found = explored_beside(rounds, lambda: run(*[Counter().increment] * 2), executions=2)
            assert_named_and_not_proved(found)
    assert own.value == rounds() or own.value == rounds() + 1


def test_what_the_explored_threads_find_is_found_beside_another_one() -> None:
    own = Counter()

    def body() -> int:
        counter = Counter()
        run(counter.increment, counter.increment)
        return counter.value

    with beside(own.increment) as rounds:
        found = explored_beside(rounds, body)
    assert set(found.outcomes) == {1, 2}
    assert_named_and_not_proved(found)


def test_a_lock_that_a_thread_beside_takes_all_the_time_excludes_both_sides() -> None:
    counter = Counter()
    increments = 0

    def count() -> None:
        nonlocal increments
        increments += 1

    def body() -> None:
        def increment() -> None:
            with counter.lock:
                count()
                counter.value = counter.value + 1

        run(increment, increment)

    with beside(counter.locked_increment) as rounds:
        found = explored_beside(rounds, body)
    assert found.failure is None, str(found)
    assert counter.value == rounds() + increments
    assert_named_and_not_proved(found)


def test_a_reentrant_lock_that_a_thread_beside_takes_all_the_time_excludes_both_sides() -> None:
    lock = threading.RLock()
    inside: list[str] = []
    together: list[str] = []

    def enter(who: str) -> None:
        with lock, lock:
            inside.append(who)
            together.extend(inside[1:])
            inside.remove(who)

    with beside(lambda: enter("beside")) as rounds:
        found = explored_beside(rounds, lambda: run(*[lambda: enter("controlled")] * 2))
    assert found.failure is None, str(found)
    assert together == []
    assert_named_and_not_proved(found)


def test_containers_that_a_thread_beside_changes_all_the_time_stay_whole() -> None:
    shared: dict[int, int] = {}
    row: list[int] = []
    line: deque[int] = deque()

    def change() -> None:
        for key in range(8):
            shared[key] = shared.get(key, 0) + 1
        row.append(1)
        line.append(1)
        for _ in list(shared), row[:]:
            pass
        line.popleft()
        row.pop()

    def body() -> None:
        run(change, change)

    with beside(change) as rounds:
        found = explored_beside(rounds, body)
    assert found.failure is None, str(found)
    assert sorted(shared) == list(range(8))
    assert not row
    assert not line
    assert_named_and_not_proved(found)


def test_threads_beside_start_and_join_threads_of_their_own() -> None:
    ended: list[int] = []

    def start_one() -> None:
        thread = threading.Thread(target=ended.append, args=(1,))
        thread.start()
        thread.join()
        assert not thread.is_alive()

    with beside(start_one) as rounds:
        for _ in range(ROUNDS // 3):
            counter = Counter()
            found = explored_beside(rounds, lambda counter=counter: run(*[counter.locked_increment] * 2), executions=1)
            assert found.failure is None, str(found)
    assert rounds() <= len(ended) <= rounds() + 1
