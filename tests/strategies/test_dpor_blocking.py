"""Partial-order reduction where threads block: what might have been taken by another thread is looked for, too.

The set of outcomes, and of threads that are stuck, is that of every schedule.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from benchmarks.sctbench.threads import run

import racekit
from racekit.explore import explore_body
from racekit.options import Options
from racekit.runtime.scheduling_point import TraceEntry
from racekit.strategies.dpor import Dpor

Body = Callable[[], object]
QUEUES = [queue.SimpleQueue, queue.Queue]


def explored(body: Body, strategy: str = "dpor") -> racekit.Exploration:
    found = racekit.explore(body, strategy=strategy, executions=None, stop_on_failure=False)
    assert found.cut_by is None
    return found


def outcomes(found: racekit.Exploration) -> set[object]:
    stuck = {tuple((wait.thread, wait.operation) for wait in failure.waits) for failure in found.failures}
    return set(found.outcomes) | stuck


def assert_no_outcome_is_missed(body: Body, expected: int) -> None:
    found = explored(body)
    assert outcomes(found) == outcomes(explored(body, "bounded"))
    assert len(outcomes(found)) == expected


@pytest.mark.parametrize("kind", QUEUES)
def test_of_two_threads_that_want_one_item_either_is_stuck(kind: Callable[[], Any]) -> None:
    def body() -> None:
        items = kind()
        items.put(0)
        run(*[lambda: items.get()] * 2)

    found = explored(body)
    assert found.interleavings == found.failures[0].count == 2


@pytest.mark.parametrize("kind", QUEUES)
def test_either_of_two_background_threads_takes_the_only_item(kind: Callable[[], Any]) -> None:
    def body() -> str:
        items, done, takers = kind(), threading.Event(), list[str]()
        items.put(0)

        def taking(name: str) -> Callable[[], None]:
            def take() -> None:
                items.get()
                takers.append(name)
                done.set()

            return take

        for name in ("first", "second"):
            threading.Thread(target=taking(name), daemon=True).start()
        done.wait()
        return takers[0]

    assert_no_outcome_is_missed(body, 2)


def test_either_of_two_background_threads_takes_a_lock_for_good() -> None:
    def body() -> str:
        lock, done, takers = threading.Lock(), threading.Event(), list[str]()

        def taking(name: str) -> Callable[[], None]:
            def take() -> None:
                lock.acquire()
                takers.append(name)
                done.set()

            return take

        for name in ("first", "second"):
            threading.Thread(target=taking(name), daemon=True).start()
        done.wait()
        return takers[0]

    assert_no_outcome_is_missed(body, 2)


def test_a_background_thread_that_ends_with_the_body_may_have_come_first() -> None:
    def body() -> int:
        cells = [0]

        def write() -> None:
            for value in range(1, 4):
                cells[0] = value

        threading.Thread(target=write, daemon=True).start()
        return cells[0]

    assert_no_outcome_is_missed(body, 4)


def test_a_background_thread_goes_on_while_another_thread_ends_last() -> None:
    def body() -> int:
        cells = [0, 0]

        def write() -> None:
            cells[0] = 1

        def look() -> None:
            cells[1] = cells[0]

        threading.Thread(target=write, daemon=True).start()
        run(look)
        return cells[1]

    assert_no_outcome_is_missed(body, 2)


def test_a_thread_may_take_what_another_one_has_to_have_first() -> None:
    """The second item is put only when the first was taken by the first thread; the other thread may be quicker."""

    def body() -> None:
        items: queue.SimpleQueue[int] = queue.SimpleQueue()
        taken = threading.Event()
        items.put(0)

        def take_and_tell() -> None:
            items.get()
            taken.set()

        def put_another() -> None:
            taken.wait()
            items.put(1)

        run(take_and_tell, put_another, lambda: items.get())

    assert_no_outcome_is_missed(body, 2)


def test_a_lock_that_another_thread_releases_may_be_taken_by_a_third_one_first() -> None:
    def body() -> None:
        lock, taken = threading.Lock(), threading.Event()

        def take_and_tell() -> None:
            lock.acquire()
            taken.set()

        def give_back() -> None:
            taken.wait()
            lock.release()

        run(take_and_tell, give_back, lambda: lock.acquire())

    assert_no_outcome_is_missed(body, 2)


def test_releasing_a_lock_that_nobody_holds_fails_before_it_is_taken_and_not_after() -> None:
    def body() -> bool:
        lock, failed = threading.Lock(), [False]

        def release() -> None:
            try:
                lock.release()
            except RuntimeError:
                failed[0] = True

        run(lambda: lock.acquire(), release)
        return failed[0]

    assert_no_outcome_is_missed(body, 2)


def test_asking_whether_a_lock_is_taken_has_both_answers() -> None:
    def body() -> bool:
        lock, seen = threading.Lock(), [False]

        def look() -> None:
            seen[0] = lock.locked()

        run(lambda: lock.acquire(), look)
        return seen[0]

    assert_no_outcome_is_missed(body, 2)


def test_a_put_and_a_get_of_another_item_are_independent() -> None:
    def body() -> None:
        items: queue.SimpleQueue[int] = queue.SimpleQueue()
        items.put(0)

        def put() -> None:
            items.put(1)
            items.put(2)

        run(put, lambda: items.get())

    assert explored(body).interleavings == 1


@pytest.mark.parametrize(("attempts", "expected"), [(1, 2), (2, 4)])
def test_an_attempt_to_take_an_item_comes_before_or_after_its_put(attempts: int, expected: int) -> None:
    """With two items and two attempts: nothing twice, one item and nothing in either order, or both items."""

    def body() -> tuple[int, ...]:
        items: queue.SimpleQueue[int] = queue.SimpleQueue()
        got = list[int]()

        def put() -> None:
            for item in range(1, attempts + 1):
                items.put(item)

        def take() -> None:
            for _ in range(attempts):
                try:
                    got.append(items.get_nowait())
                except queue.Empty:
                    got.append(0)

        run(put, take)
        return tuple(got)

    found = explored(body)
    assert set(found.outcomes) == set(explored(body, "bounded").outcomes)
    assert found.interleavings == len(found.outcomes) == expected


def test_what_comes_out_if_the_failing_thread_comes_later_is_found_too() -> None:
    def body() -> int:
        cells = [0]

        def check() -> None:
            if cells[0] == 0:
                raise ValueError

        def write() -> None:
            cells[0] = 1

        run(check, write)
        return cells[0]

    found = explored(body)
    assert set(found.outcomes) == {1}
    assert len(found.failures) == 1


def test_looking_at_a_lock_does_not_hide_that_another_thread_waits_for_it() -> None:
    def body() -> tuple[bool, bool]:
        lock, done, taken = threading.Lock(), threading.Event(), [False]

        def attempt() -> None:
            taken[0] = lock.acquire(blocking=False)
            done.set()

        threading.Thread(target=attempt, daemon=True).start()
        threading.Thread(target=lambda: lock.acquire(), daemon=True).start()
        done.wait()
        return taken[0], lock.locked()

    assert_no_outcome_is_missed(body, 2)


def test_threads_that_wait_for_one_lock_are_each_compared_with_who_took_it() -> None:
    def body() -> None:
        lock, got = threading.Lock(), [False]

        def attempt_and_take() -> None:
            got[0] = lock.acquire(blocking=False)
            lock.acquire()

        run(attempt_and_take, lambda: lock.acquire())

    found, every = explored(body), explored(body, "bounded")
    assert (
        {len(failure.waits) for failure in found.failures}
        == {len(failure.waits) for failure in every.failures}
        == {2, 3}
    )


def test_no_execution_is_made_in_vain_where_the_holder_of_a_lock_sleeps() -> None:
    class Counting(Dpor):
        redundant = 0

        def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
            self.redundant += self.is_redundant
            super().end(trace, kinds)

    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            with lock:
                time.sleep(0.1)

        run(work, work)

    dpor = Counting()
    found = explore_body(body, Options(executions=None), strategy=dpor)
    assert found.proved and found.interleavings == 2
    assert dpor.redundant == 0


def test_a_thread_that_found_a_lock_taken_is_not_taken_for_one_that_could_have_it() -> None:
    class Cell:
        value = 0

    def body() -> int:
        lock, cell = threading.Lock(), Cell()

        def passes() -> None:
            with lock:
                pass

        def adds() -> None:
            cell.value = 3 * cell.value + 2

        def sleeps_and_adds() -> None:
            with lock:
                time.sleep(0.1)
            cell.value = 3 * cell.value + 3

        run(passes, adds, sleeps_and_adds)
        return cell.value

    assert explored(body).interleavings == 2 * 4


# --- whether threads are alive ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "look",
    [
        lambda thread: thread.is_alive(),
        lambda thread: thread in threading.enumerate(),
        lambda thread: threading.active_count(),
        lambda thread: thread.join(0) or thread.is_alive(),
    ],
    ids=["is_alive", "enumerate", "active_count", "join(0)"],
)
def test_who_looks_whether_a_thread_is_alive_comes_before_its_end_and_after(
    look: Callable[[threading.Thread], object],
) -> None:
    def body() -> object:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        seen = look(thread)
        thread.join()
        return seen

    found = explored(body)
    assert found.proved
    assert len(found.outcomes) == 2
    assert set(found.outcomes) == set(explored(body, "bounded").outcomes)
