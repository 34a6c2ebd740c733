"""Schedules directed at conflicts: few of them, however many threads there are, and each where it may matter."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from threads import run

import racekit


class Shared:
    def __init__(self) -> None:
        self.a = self.b = 0


def directed(body: Callable[[], object], **options: bool) -> racekit.Exploration:
    return racekit.explore(body, strategy="directed", **options)


def setters_and_a_checker(setters: int) -> Callable[[], None]:
    def body() -> None:
        shared = Shared()

        def set_both() -> None:
            shared.a = 1
            shared.b = 1

        def check() -> None:
            assert shared.a == shared.b

        run(*[set_both] * setters, check)

    return body


def lost_update() -> None:
    shared = Shared()

    def increment() -> None:
        shared.a = shared.a + 1

    run(increment, increment)
    assert shared.a == 2


@pytest.mark.parametrize("setters", [1, 10, 100])
def test_the_number_of_threads_that_do_alike_makes_no_difference(setters: int) -> None:
    found = directed(setters_and_a_checker(setters))
    assert found.failure is not None
    assert found.executions <= 5


def test_the_first_of_two_alike_is_interrupted_between_its_accesses() -> None:
    found = directed(lost_update)
    assert found.failure is not None
    assert found.executions == 3  # the first showed what is shared, the second what each thread does with it
    assert len(found.failure.schedule.switches) == 1


def test_a_thread_is_interrupted_between_two_locks() -> None:
    def body() -> None:
        one, other = threading.Lock(), threading.Lock()

        def forwards() -> None:
            with one, other:
                pass

        def backwards() -> None:
            with other, one:
                pass

        run(forwards, backwards)

    found = directed(body)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    assert found.executions <= 3


def test_each_of_two_threads_is_interrupted_by_the_other() -> None:
    """Two preemptions: erased between the two looks, and not yet refilled at the second one."""

    def body() -> None:
        shared, lock = Shared(), threading.Lock()
        shared.a = 3

        def look_twice() -> None:
            with lock:
                before = shared.a
            with lock:
                assert shared.a >= before

        def erase_and_refill() -> None:
            with lock:
                shared.a = 0
            with lock:
                shared.a = 3

        run(look_twice, erase_and_refill)

    found = directed(body)
    assert found.failure is not None
    assert found.executions <= 6


@pytest.mark.parametrize("awaited", ["abc", "cab", "bca"])
def test_threads_come_first_or_last_without_any_interruption(awaited: str) -> None:
    def body() -> str:
        lock = threading.Lock()
        order: list[str] = []

        def work(name: str) -> Callable[[], None]:
            def append() -> None:
                with lock:
                    order.append(name)

            return append

        run(*map(work, "abc"))
        return "".join(order)

    assert awaited in directed(body).outcomes


def test_the_caller_takes_part() -> None:
    def body() -> None:
        shared = Shared()

        def write() -> None:
            shared.a = 1
            shared.b = 1

        thread = threading.Thread(target=write)
        thread.start()
        assert shared.b <= shared.a
        a = shared.a
        assert shared.b == a
        thread.join()

    assert not directed(body).ok


def test_a_thread_that_spins_gives_way_to_the_one_it_waits_for() -> None:
    def body() -> None:
        shared = Shared()

        def wait() -> None:
            while shared.a == 0:
                pass
            shared.b = shared.b + 1

        def wake() -> None:
            shared.a = 1
            shared.b = shared.b + 1

        run(wait, wake)

    assert {failure.kind for failure in directed(body, stop_on_failure=False).failures} <= {"exception"}


def test_schedules_that_were_directed_prove_nothing() -> None:
    found = directed(setters_and_a_checker(0))
    assert found.ok
    assert found.cut_by == "no other conflict to direct schedules at"
    assert not found.proved


def test_accesses_under_one_lock_are_not_interrupted() -> None:
    def body() -> int:
        shared, lock = Shared(), threading.Lock()

        def increment() -> None:
            with lock:
                shared.a = shared.a + 1

        run(increment, increment)
        return shared.a

    found = directed(body)
    assert set(found.outcomes) == {2}
    assert found.executions <= 3  # one order and the other, and one in which the caller is slow


def test_threads_pass_on_what_they_change_by_turns() -> None:
    """One schedule of the 20,000 or so: the two have to alternate at each change."""

    def body() -> None:
        shared = Shared()

        def play(first: int) -> None:
            for turn in range(first, 10, 2):
                if shared.a == turn:
                    shared.a = turn + 1

        run(lambda: play(0), lambda: play(1))
        assert shared.a < 10

    found = directed(body)
    assert found.failure is not None
    assert found.executions <= 10
    assert found.failure.preemptions == 8


def test_threads_alternate_at_one_thing_whatever_else_they_do_in_between() -> None:
    """The reader has to see both values that the writer leaves, although both change another thing all the time."""

    def body() -> None:
        shared = Shared()
        seen: list[int] = []

        def change_another() -> None:
            for _ in range(3):
                shared.b += 1

        def read() -> None:
            first = shared.a
            change_another()
            seen.extend((first, shared.a))

        def write() -> None:
            shared.a = 1
            change_another()
            shared.a = 2

        run(read, write)
        assert seen != [1, 2]

    found = directed(body)
    assert found.failure is not None
    assert found.executions <= 10
