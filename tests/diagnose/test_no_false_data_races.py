"""Programs that synchronize rightly have no data races, by whichever primitive they do."""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from collections.abc import Callable

import pytest
from threads import run

import racekit


class Cell:
    def __init__(self) -> None:
        self.value = 0


def under(lock: threading.Lock | threading.RLock | threading.Condition | threading.Semaphore) -> None:  # type: ignore[valid-type]
    cell = Cell()

    def add() -> None:
        with lock:  # type: ignore[attr-defined]
            cell.value += 1

    run(add, add)
    assert cell.value == 2


def handed_over(give: Callable[[], object], take: Callable[[], object]) -> None:
    """What is written before `give` is read after `take`."""
    cell = Cell()

    def produce() -> None:
        cell.value = 1
        give()

    def consume() -> None:
        take()
        cell.value += 1

    run(produce, consume)
    assert cell.value == 2


def by_condition() -> None:
    condition, ready = threading.Condition(), []

    def give() -> None:
        with condition:
            ready.append(True)
            condition.notify()

    def take() -> None:
        with condition:
            while not ready:
                condition.wait()

    handed_over(give, take)


def by_event() -> None:
    event = threading.Event()
    handed_over(event.set, event.wait)


def by_semaphore() -> None:
    semaphore = threading.Semaphore(0)
    handed_over(semaphore.release, semaphore.acquire)


def by_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    handed_over(lock.release, lock.acquire)


def by_barrier() -> None:
    barrier = threading.Barrier(2)
    handed_over(barrier.wait, barrier.wait)


def by_queue(items: queue.Queue[int] | queue.SimpleQueue[int]) -> None:
    handed_over(lambda: items.put(1), items.get)


def by_task_done() -> None:
    items: queue.Queue[int] = queue.Queue()
    items.put(1)
    handed_over(items.task_done, items.join)


def by_full_queue() -> None:
    items: queue.Queue[int] = queue.Queue(1)
    items.put(1)
    handed_over(items.get, lambda: items.put(2))


def by_future() -> None:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    handed_over(lambda: future.set_result(1), future.result)


def by_callback() -> None:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    cell = Cell()
    future.add_done_callback(lambda done: setattr(cell, "value", done.result()))
    run(lambda: future.set_result(1))
    assert cell.value == 1


def by_start_and_join() -> None:
    cell = Cell()

    def add() -> None:
        cell.value += 1

    for _ in range(2):
        add()
        run(add)
    assert cell.value == 4


def by_timer() -> None:
    cell = Cell()
    timer = threading.Timer(1, lambda: setattr(cell, "value", cell.value + 1))
    cell.value = 1
    timer.start()
    timer.join()
    assert cell.value == 2


def by_executor() -> None:
    cell = Cell()

    def add() -> int:
        cell.value += 1
        return cell.value

    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        cell.value = 1
        assert executor.submit(add).result() == 2
        executor.submit(add)
    cell.value += 1
    assert cell.value == 4


def by_waiting_for_futures() -> None:
    cells = [Cell(), Cell()]

    def add(cell: Cell) -> None:
        cell.value += 1

    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        concurrent.futures.wait([executor.submit(add, cell) for cell in cells])
        assert [cell.value for cell in cells] == [1, 1]


PROGRAMS: dict[str, Callable[[], None]] = {
    "Lock": lambda: under(threading.Lock()),
    "RLock": lambda: under(threading.RLock()),
    "the lock of a Condition": lambda: under(threading.Condition()),
    "Semaphore": lambda: under(threading.Semaphore()),
    "BoundedSemaphore": lambda: under(threading.BoundedSemaphore()),
    "a Lock that another thread releases": by_lock,
    "Condition": by_condition,
    "Event": by_event,
    "a Semaphore that begins at zero": by_semaphore,
    "Barrier": by_barrier,
    "Queue": lambda: by_queue(queue.Queue()),
    "LifoQueue": lambda: by_queue(queue.LifoQueue()),
    "PriorityQueue": lambda: by_queue(queue.PriorityQueue()),
    "SimpleQueue": lambda: by_queue(queue.SimpleQueue()),
    "a Queue that is joined": by_task_done,
    "a Queue that was full": by_full_queue,
    "Future": by_future,
    "a callback of a Future": by_callback,
    "Thread": by_start_and_join,
    "Timer": by_timer,
    "ThreadPoolExecutor": by_executor,
    "wait": by_waiting_for_futures,
}


@pytest.mark.parametrize("how", PROGRAMS)
def test_nothing_races_where_threads_synchronize_by(how: str) -> None:
    found = racekit.explore(PROGRAMS[how], executions=60, data_races="error")
    assert found.ok, str(found)
    assert found.executions > 1 or found.proved
    assert not found.data_races


UNSYNCHRONIZED: dict[str, Callable[[], None]] = {
    "semaphore for two": lambda: under(threading.Semaphore(2)),
    "an event that nobody waits for": lambda: handed_over(threading.Event().set, int),
    "a queue of its own": lambda: handed_over(lambda: queue.Queue[int]().put(1), int),
    "locks of their own": lambda: handed_over(lambda: threading.Lock().acquire(), lambda: threading.Lock().acquire()),
}


@pytest.mark.parametrize("how", UNSYNCHRONIZED)
def test_what_does_not_synchronize_leaves_a_race(how: str) -> None:
    found = racekit.explore(UNSYNCHRONIZED[how], executions=60, stop_on_failure=False)
    (race, *_) = found.data_races
    assert race.target == "Cell.value"
    assert race.first.stack and race.second.stack
