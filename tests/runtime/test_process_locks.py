"""The locks of `multiprocessing`, where the threads of one process use them."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

import pytest
from threads import run

import racekit

pytest.importorskip("multiprocessing.synchronize", reason="this platform has no semaphores for processes")

PROCESSES = multiprocessing.get_context("fork")
LOCK = PROCESSES.Lock()
KINDS = pytest.mark.parametrize("make", [PROCESSES.Lock, PROCESSES.RLock])


class Shared:
    value = 0

    def increment(self) -> None:
        self.value = self.value + 1


@KINDS
def test_locks_taken_in_two_orders_deadlock(make: Callable[[], Any]) -> None:
    def take(first: Any, second: Any) -> None:
        with first, second:
            pass

    def body() -> None:
        one, other = make(), make()
        run(lambda: take(one, other), lambda: take(other, one))

    found = racekit.explore(body)
    assert set(found.outcomes) == {None}
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    assert "holds" in str(found.failure.diagnosis)


@KINDS
def test_a_lock_keeps_others_out(make: Callable[[], Any]) -> None:
    def body() -> int:
        lock, shared = make(), Shared()

        def increment() -> None:
            with lock:
                shared.increment()

        run(increment, increment)
        return shared.value

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {2}
    assert not found.data_races


def test_a_thread_may_take_an_rlock_again() -> None:
    lock = PROCESSES.RLock()

    def body() -> None:
        with lock, lock:
            pass

    assert racekit.explore(body).proved


def test_a_semaphore_lets_in_as_many_as_it_counts() -> None:
    def body() -> int:
        semaphore, shared = PROCESSES.Semaphore(2), Shared()

        def increment() -> None:
            with semaphore:
                shared.increment()

        run(increment, increment)
        return shared.value

    assert set(racekit.explore(body).outcomes) == {1, 2}


def test_an_event_orders_what_comes_before_and_after() -> None:
    def body() -> int:
        event, shared = PROCESSES.Event(), Shared()

        def tell() -> None:
            shared.increment()
            event.set()

        def wait() -> None:
            event.wait()
            shared.increment()

        run(tell, wait)
        return shared.value

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {2}
    assert not found.data_races


def test_a_timeout_is_virtual() -> None:
    def body() -> bool:
        with LOCK:
            return LOCK.acquire(timeout=3600)

    found = racekit.explore(body)
    assert found.proved
    assert set(found.outcomes) == {False}


def test_what_an_aborted_execution_held_is_free_afterwards() -> None:
    def body() -> None:
        threading.Thread(target=LOCK.acquire).start()
        with LOCK:
            raise ValueError

    assert racekit.explore(body).failure is not None
    assert LOCK.acquire(block=False)
    LOCK.release()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_lock_that_another_process_gives_back_can_be_had() -> None:
    def body() -> bool:
        lock = PROCESSES.Lock()
        lock.acquire()
        process = PROCESSES.Process(target=lock.release)
        process.start()
        taken = lock.acquire()
        process.join()
        return taken

    found = racekit.explore(body, executions=1)
    assert found.ok, str(found)
    assert set(found.outcomes) == {True}
