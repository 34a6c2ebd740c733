"""Locks and what is built from them, wherever they were made and however their methods are reached."""

from __future__ import annotations

import threading
from collections.abc import Callable
from threading import BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore
from typing import Any

import pytest
from threads import run

import racekit

LOCK = threading.Lock()
RLOCK = threading.RLock()
CONDITION = threading.Condition()
SEMAPHORE = threading.Semaphore()
acquire, release = LOCK.acquire, LOCK.release


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, strategy="bounded", **options)
    assert found.proved, str(found)
    return set(found.outcomes)


def both_locked(lock: Any) -> Callable[[], int]:
    def body() -> int:
        shared = Shared()

        def increment() -> None:
            with lock:
                shared.increment()

        run(increment, increment)
        return shared.value

    return body


def one_locked(lock: Any) -> Callable[[], int]:
    def body() -> int:
        shared = Shared()

        def increment() -> None:
            with lock:
                shared.increment()

        run(increment, shared.increment)
        return shared.value

    return body


@pytest.mark.parametrize("make", [Lock, RLock, Condition, Semaphore, BoundedSemaphore])
def test_an_update_under_a_lock_is_never_lost(make: Callable[[], Any]) -> None:
    assert all_of(lambda: both_locked(make())()) == {2}


@pytest.mark.parametrize("make", [Lock, RLock, Condition, Semaphore, BoundedSemaphore])
def test_a_lock_that_only_one_takes_protects_nothing(make: Callable[[], Any]) -> None:
    assert all_of(lambda: one_locked(make())()) == {1, 2}


@pytest.mark.parametrize("lock", [LOCK, RLOCK, CONDITION, SEMAPHORE], ids=["Lock", "RLock", "Condition", "Semaphore"])
def test_a_lock_made_at_import_time_is_under_control(lock: Any) -> None:
    assert all_of(both_locked(lock)) == {2}
    assert all_of(one_locked(lock)) == {1, 2}


def test_a_lock_is_the_lock_it_always_was() -> None:
    def body() -> None:
        assert type(threading.Lock()) is type(LOCK)
        assert threading.Lock is Lock
        assert isinstance(threading.RLock(), type(RLOCK))

    assert all_of(body) == {None}


def test_acquire_and_release_are_under_control() -> None:
    def body() -> int:
        shared = Shared()
        lock = threading.Lock()

        def increment() -> None:
            lock.acquire()
            try:
                shared.increment()
            finally:
                lock.release()

        run(increment, increment)
        return shared.value

    assert all_of(body) == {2}


def test_bound_methods_kept_in_variables_are_under_control() -> None:
    def body() -> int:
        shared = Shared()
        lock = threading.Lock()
        take, give = lock.acquire, lock.release

        def increment() -> None:
            take()
            shared.increment()
            give()

        run(increment, increment)
        return shared.value

    assert all_of(body) == {2}


def test_bound_methods_taken_at_import_time_are_under_control() -> None:
    def body() -> int:
        shared = Shared()

        def increment() -> None:
            acquire()
            shared.increment()
            release()

        run(increment, increment)
        return shared.value

    assert all_of(body) == {2}


def test_a_bound_method_that_the_standard_library_calls_is_under_control() -> None:
    def body() -> int:
        from contextlib import ExitStack

        shared = Shared()
        lock = threading.Lock()

        def increment() -> None:
            with ExitStack() as stack:
                lock.acquire()
                stack.callback(lock.release)
                shared.increment()

        run(increment, increment)
        return shared.value

    assert all_of(body) == {2}


def test_methods_called_through_their_class_are_under_control() -> None:
    def body() -> int:
        shared = Shared()
        lock = threading.Lock()
        kind = type(lock)

        def increment() -> None:
            kind.acquire(lock)
            shared.increment()
            kind.release(lock)

        run(increment, increment)
        return shared.value

    assert all_of(body) == {2}


def test_a_failed_try_is_one_of_the_outcomes() -> None:
    def body() -> bool:
        lock = threading.Lock()
        tried: list[bool] = []

        def hold() -> None:
            with lock:
                pass

        def try_it() -> None:
            tried.append(lock.acquire(blocking=False))
            if tried[0]:
                lock.release()

        run(hold, try_it)
        return tried[0]

    assert all_of(body) == {True, False}


def test_locked_tells_whether_somebody_holds_the_lock() -> None:
    def body() -> tuple[bool, bool]:
        lock = threading.Lock()
        with lock:
            inside = lock.locked()
        return inside, lock.locked()

    assert all_of(body) == {(True, False)}


def test_releasing_a_lock_that_nobody_holds_is_refused() -> None:
    def body() -> None:
        with pytest.raises(RuntimeError, match="release unlocked lock"):
            threading.Lock().release()
        with pytest.raises(RuntimeError, match="un-acquired"):
            threading.RLock().release()

    assert all_of(body) == {None}


def test_arguments_that_make_no_sense_are_refused() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="timeout"):
            threading.Lock().acquire(False, 1)
        with pytest.raises(ValueError, match="timeout"):
            threading.Lock().acquire(True, -2)

    assert all_of(body) == {None}


def test_one_thread_may_release_what_another_one_took() -> None:
    def body() -> str:
        lock = threading.Lock()
        order: list[str] = []
        lock.acquire()

        def opener() -> None:
            order.append("open")
            lock.release()

        def waiter() -> None:
            with lock:
                order.append("through")

        run(opener, waiter)
        return " ".join(order)

    assert all_of(body) == {"open through"}


def test_an_rlock_may_be_taken_again_by_who_holds_it() -> None:
    def body() -> int:
        shared = Shared()
        lock = threading.RLock()

        def increment() -> None:
            with lock:
                with lock:
                    shared.increment()
                shared.increment()

        run(increment, increment)
        return shared.value

    assert all_of(body) == {4}


def test_an_rlock_cannot_be_released_by_somebody_else() -> None:
    def body() -> None:
        lock = threading.RLock()
        lock.acquire()

        def steal() -> None:
            with pytest.raises(RuntimeError, match="un-acquired"):
                lock.release()

        run(steal)
        lock.release()

    assert all_of(body) == {None}


def test_a_condition_hands_over() -> None:
    def body() -> list[int]:
        condition = threading.Condition()
        items: list[int] = []
        taken: list[int] = []

        def produce() -> None:
            with condition:
                items.append(1)
                condition.notify()

        def consume() -> None:
            with condition:
                while not items:
                    condition.wait()
                taken.append(items.pop())

        run(consume, produce)
        return taken

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert set(found.outcomes) == {"[1]"}


def test_wait_for_waits_until_its_predicate_holds() -> None:
    def body() -> bool:
        condition = threading.Condition()
        items: list[int] = []
        results: list[bool] = []

        def consume() -> None:
            with condition:
                results.append(condition.wait_for(lambda: len(items) == 2))

        def produce() -> None:
            for number in range(2):
                with condition:
                    items.append(number)
                    condition.notify_all()

        run(consume, produce)
        return results[0]

    assert all_of(body) == {True}


def test_notify_wakes_one_and_notify_all_wakes_all() -> None:
    def body(wake_all: bool) -> int:
        condition = threading.Condition()
        shared = Shared()

        def wait() -> None:
            with condition:
                shared.value += 1
                condition.wait()
                shared.value -= 1

        def wake() -> None:
            with condition:
                condition.wait_for(lambda: shared.value == 2, timeout=0)
                if wake_all:
                    condition.notify_all()
                else:
                    condition.notify()

        threads = [threading.Thread(target=wait, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        while shared.value < 2:
            pass
        wake()
        for thread in threads:
            thread.join(timeout=1)
        return shared.value

    assert set(racekit.explore(lambda: body(True), preemptions=0).outcomes) == {0}
    assert set(racekit.explore(lambda: body(False), preemptions=0).outcomes) == {1}


def test_notifying_without_the_lock_is_refused() -> None:
    def body() -> None:
        with pytest.raises(RuntimeError, match="un-acquired"):
            threading.Condition().notify()
        with pytest.raises(RuntimeError, match="un-acquired"):
            threading.Condition().wait()

    assert all_of(body) == {None}


def test_a_notified_thread_still_competes_for_the_lock() -> None:
    """Between the notification and the waiter's return somebody else may take what it was told of."""

    def body() -> None:
        condition = threading.Condition()
        items: list[int] = []

        def consume() -> None:
            with condition:
                if not items:
                    condition.wait()
                items.pop()

        def produce() -> None:
            with condition:
                items.append(1)
                condition.notify()

        def steal() -> None:
            with condition:
                if items:
                    items.pop()
                    items.append(1)
                    items.pop()

        run(consume, produce, steal)

    failure = racekit.explore(body, executions=None).failure
    assert failure is not None
    assert isinstance(failure.exception, IndexError)


def test_an_event_orders_what_is_before_and_after() -> None:
    def body() -> int:
        shared = Shared()
        event = threading.Event()

        def first() -> None:
            shared.increment()
            event.set()

        def second() -> None:
            event.wait()
            shared.increment()

        run(first, second)
        return shared.value

    assert all_of(body) == {2}


def test_whether_an_event_is_set_depends_on_the_schedule() -> None:
    def body() -> bool:
        event = threading.Event()
        seen: list[bool] = []
        run(event.set, lambda: seen.append(event.is_set()))
        return seen[0]

    assert all_of(body) == {True, False}


def test_an_event_can_be_cleared_and_set_again() -> None:
    def body() -> tuple[bool, bool]:
        event = threading.Event()
        event.set()
        event.clear()
        before = event.is_set()
        run(event.set, event.wait)
        return before, event.is_set()

    assert all_of(body) == {(False, True)}


@pytest.mark.parametrize("make", [Semaphore, BoundedSemaphore])
def test_a_semaphore_lets_in_as_many_as_it_counts(make: Callable[[int], Any]) -> None:
    def body() -> int:
        semaphore = make(2)
        lock = threading.Lock()
        inside = Shared()
        most = Shared()

        def enter() -> None:
            with semaphore:
                with lock:
                    inside.value += 1
                    most.value = max(most.value, inside.value)
                with lock:
                    inside.value -= 1

        run(enter, enter, enter)
        return most.value

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok
    assert set(found.outcomes) == {1, 2}


def test_a_semaphore_can_be_tried() -> None:
    def body() -> tuple[bool, bool]:
        semaphore = threading.Semaphore(1)
        return semaphore.acquire(blocking=False), semaphore.acquire(blocking=False)

    assert all_of(body) == {(True, False)}


def test_a_bounded_semaphore_refuses_a_release_too_many() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="released too many times"):
            threading.BoundedSemaphore(1).release()

    assert all_of(body) == {None}


def test_a_barrier_lets_nobody_through_before_all_have_come() -> None:
    def body() -> int:
        barrier = threading.Barrier(2)
        shared = Shared()
        seen: list[int] = []

        def come() -> None:
            with LOCK:
                shared.value += 1
            barrier.wait()
            seen.append(shared.value)

        run(come, come)
        assert seen == [2, 2]
        return shared.value

    found = racekit.explore(body, preemptions=2, executions=None)
    assert found.ok, str(found)
    assert set(found.outcomes) == {2}


def test_each_party_of_a_barrier_has_its_index() -> None:
    def body() -> tuple[int, ...]:
        barrier = threading.Barrier(2)
        indices: list[int] = [-1, -1]

        def come(number: int) -> Callable[[], None]:
            def wait() -> None:
                indices[number] = barrier.wait()

            return wait

        run(come(0), come(1))
        return tuple(indices)

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok
    assert set(found.outcomes) == {(0, 1), (1, 0)}


def test_the_action_of_a_barrier_runs_once() -> None:
    def body() -> int:
        shared = Shared()
        barrier = threading.Barrier(2, action=shared.increment)
        run(barrier.wait, barrier.wait)
        return shared.value

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok
    assert set(found.outcomes) == {1}


def test_an_aborted_barrier_breaks_for_everybody() -> None:
    def body() -> bool:
        barrier = threading.Barrier(2)
        broken: list[bool] = []

        def wait() -> None:
            try:
                barrier.wait()
            except threading.BrokenBarrierError:
                broken.append(True)

        run(wait, barrier.abort)
        return barrier.broken and broken == [True]

    found = racekit.explore(body, preemptions=1, executions=None)
    assert found.ok
    assert set(found.outcomes) == {True}


def test_whether_a_barrier_is_broken_depends_on_the_order() -> None:
    def body() -> bool:
        barrier, seen = threading.Barrier(2), list[bool]()
        run(lambda: seen.append(barrier.broken), barrier.abort)
        return seen[0]

    found = racekit.explore(body, strategy="dpor")
    assert found.proved
    assert set(found.outcomes) == {True, False}


def test_who_waits_at_a_barrier_depends_on_the_order() -> None:
    def body() -> int:
        barrier, seen = threading.Barrier(2), list[int]()
        run(barrier.wait, lambda: seen.append(barrier.n_waiting), barrier.wait)
        return seen[0]

    found = racekit.explore(body, strategy="dpor", executions=None)
    assert found.proved
    assert set(found.outcomes) == {0, 1}


def test_a_thread_may_look_until_another_one_waits_at_a_barrier() -> None:
    def body() -> None:
        barrier = threading.Barrier(2)

        def come_last() -> None:
            while not barrier.n_waiting:
                pass
            assert barrier.wait() == 1

        run(barrier.wait, come_last)

    assert racekit.explore(body).ok


def test_event_type_made_at_import_time_is_under_control() -> None:
    assert all_of(lambda: (Event().is_set(),)) == {(False,)}
