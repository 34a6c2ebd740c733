"""What deadlocks, lost wake-ups and livelocks are called."""

from __future__ import annotations

import queue
import threading

from bodies import Store, diagnosis_of
from threads import run

import racekit


def test_two_locks_in_opposite_orders() -> None:
    def body() -> None:
        a, b = threading.Lock(), threading.Lock()

        def one() -> None:
            with a, b:
                pass

        def other() -> None:
            with b, a:
                pass

        run(First=one, Second=other)

    found = diagnosis_of(body)
    assert found.pattern == "deadlock"
    assert found.sentence == "Deadlock: First holds a and waits for b, Second holds b and waits for a"
    assert found.hint == "Take the locks in the same order everywhere."


def test_the_circle_alone_is_told_not_those_who_wait_for_it() -> None:
    def body() -> None:
        a, b, c = threading.Lock(), threading.Lock(), threading.Lock()

        def one() -> None:
            with a, b:
                pass

        def other() -> None:
            with b, c, a:
                pass

        def third() -> None:
            with c:
                pass

        run(First=one, Second=other, Third=third)

    assert diagnosis_of(body).sentence.startswith("Deadlock: First holds a and waits for b, Second holds b and waits")


def test_a_large_circle_is_folded() -> None:
    def body() -> None:
        forks = [threading.Lock() for _ in range(5)]

        def eat(seat: int) -> None:
            with forks[seat]:
                with forks[(seat + 1) % 5]:
                    pass

        run(**{f"P{seat}": lambda seat=seat: eat(seat) for seat in range(5)})  # type: ignore[misc]

    assert diagnosis_of(body, strategy="dpor").sentence.endswith("and 2 more")


def test_a_lock_that_its_holder_takes_again() -> None:
    def body() -> None:
        lock = threading.Lock()
        with lock, lock:
            pass

    found = diagnosis_of(body)
    assert found.sentence.startswith("Deadlock: MainThread waits for lock, which it holds itself (since test_standst")
    assert "RLock" in found.hint


def test_a_lock_that_was_never_given_back() -> None:
    def body() -> None:
        lock = threading.Lock()
        run(forgetful=lambda: lock.acquire())
        lock.acquire()

    assert diagnosis_of(body).sentence == ("Deadlock: MainThread waits for lock, held by forgetful, which has ended")


def test_no_deadlock_if_locks_are_taken_in_one_order() -> None:
    def body() -> None:
        a, b = threading.Lock(), threading.Lock()

        def take() -> None:
            with a, b:
                pass

        run(First=take, Second=take)

    assert racekit.explore(body).proved


def test_a_queue_that_nobody_fills() -> None:
    def body() -> None:
        orders: queue.Queue[int] = queue.Queue()
        run(waiter=lambda: orders.get())

    assert diagnosis_of(body).sentence == "Deadlock: waiter waits for orders in get(), and nobody is left to end that"


def test_a_notification_before_the_wait() -> None:
    def body() -> None:
        changed = threading.Condition()

        def wait() -> None:
            with changed:
                changed.wait()

        def notify() -> None:
            with changed:
                changed.notify()

        run(waiter=wait, notifier=notify)

    found = diagnosis_of(body)
    assert found.pattern == "lost wake-up"
    assert found.sentence == "Lost wake-up on changed: notifier called notify() before waiter waited"


def test_an_event_that_is_cleared_before_the_wait() -> None:
    def body() -> None:
        ready = threading.Event()

        def wait() -> None:
            ready.clear()
            ready.wait()

        run(waiter=wait, setter=lambda: ready.set())

    found = diagnosis_of(body)
    assert found.pattern == "lost wake-up"
    assert found.sentence == "Lost wake-up on ready: setter set it, but waiter cleared it before waiter waited"


def test_no_lost_wake_up_if_nobody_notifies() -> None:
    def body() -> None:
        changed = threading.Condition()

        def wait() -> None:
            with changed:
                changed.wait()

        run(waiter=wait)

    found = diagnosis_of(body)
    assert found.pattern == "deadlock"
    assert found.sentence == "Deadlock: waiter waits for changed in wait(), and nobody is left to end that"


def test_no_lost_wake_up_if_the_notification_came_to_somebody_else() -> None:
    def body() -> None:
        changed = threading.Condition()

        def wait() -> None:
            with changed:
                changed.wait()

        def notify() -> None:
            with changed:
                while len(changed._waiters) < 2:  # type: ignore[attr-defined]
                    changed.wait(1)
                changed.notify()

        run(one=wait, other=wait, notifier=notify)

    assert diagnosis_of(body).pattern == "deadlock"


def test_a_spin_without_end() -> None:
    def body() -> None:
        store = Store(False)

        def spin() -> None:
            while not store.value:
                pass

        run(spinner=spin)

    found = diagnosis_of(body, steps=500)
    assert found.pattern == "livelock"
    assert found.sentence.startswith("Livelock: ")
    assert "test_standstills.py:" in found.sentence
    assert found.sentence.endswith(" without end")


def test_a_livelock_names_the_thread_that_spins_and_not_the_one_that_waits_for_it() -> None:
    def body() -> None:
        nothing: list[int] = []

        def spin() -> None:
            while not nothing:
                pass

        run(spinner=spin)

    assert diagnosis_of(body, steps=500).sentence.startswith("Livelock: spinner repeats test_standstills.py:")


def test_a_long_loop_that_ends_is_no_livelock() -> None:
    def body() -> None:
        store = Store()

        def count() -> None:
            for _ in range(50):
                store.value += 1

        run(counter=count)
        assert store.value == 51

    assert diagnosis_of(body, steps=5000).pattern == ""
