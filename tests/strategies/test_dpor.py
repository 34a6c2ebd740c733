"""Optimal partial-order reduction: as many executions as there are different interleavings, and no outcome missed.

The counts are published ones: of the GenMC and Nidhugg test suites, of the papers on source sets and optimal DPOR (POPL
2014), and of SCTBench.
"""

from __future__ import annotations

import functools
import math
import queue
import random
import threading
import time
from collections.abc import Callable

import pytest
from threads import run

import racekit
from racekit.explore import replay_body
from racekit.explorer import Explorer
from racekit.options import Options
from racekit.runtime.execution import ExecutionRun
from racekit.strategies.dpor import Dpor

Body = Callable[[], object]


class Cells:
    def __init__(self) -> None:
        self.x = self.y = self.z = 0


def explored(body: Body) -> racekit.Exploration:
    found = racekit.explore(body, strategy="dpor", executions=None, stop_on_failure=False)
    assert found.cut_by is None
    return found


def interleavings(body: Body) -> int | None:
    return explored(body).interleavings


def increments(threads: int, times: int = 1, *, locked: bool = False) -> Body:
    def body() -> int:
        cells, lock = Cells(), threading.Lock()

        def work() -> None:
            for _ in range(times):
                if locked:
                    with lock:
                        cells.x = cells.x + 1
                else:
                    cells.x = cells.x + 1

        run(*[work] * threads)
        return cells.x

    return body


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_unlocked_increments_have_the_square_of_a_factorial(threads: int) -> None:
    assert interleavings(increments(threads)) == math.factorial(threads) ** 2


@pytest.mark.parametrize(("times", "expected"), [(1, 4), (2, 34), (3, 328)])
def test_two_threads_that_increment_several_times(times: int, expected: int) -> None:
    assert interleavings(increments(2, times)) == expected


@pytest.mark.parametrize("threads", [2, 3, 4, 5])
def test_locked_increments_have_the_orders_of_the_threads(threads: int) -> None:
    found = explored(increments(threads, locked=True))
    assert (found.interleavings, set(found.outcomes)) == (math.factorial(threads), {threads})


@pytest.mark.parametrize("readers", [2, 5, 8])
def test_each_reader_comes_before_or_after_the_writer(readers: int) -> None:
    def body() -> None:
        cells = Cells()

        def write() -> None:
            cells.x = 1

        def read() -> None:
            _ = cells.x

        run(write, *[read] * readers)

    assert interleavings(body) == 2**readers


@pytest.mark.parametrize("writers", [2, 3, 4])
def test_writers_and_a_reader_have_all_orders(writers: int) -> None:
    def body() -> None:
        cells = Cells()

        def write() -> None:
            cells.x = 1

        def read() -> None:
            _ = cells.x

        run(*[write] * writers, read)

    assert interleavings(body) == math.factorial(writers + 1)


@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_lastzero(size: int) -> None:
    def body() -> None:
        array = [0] * (size + 1)

        def search() -> None:
            index = size
            while array[index] != 0:
                index -= 1

        def writer(index: int) -> Callable[[], None]:
            def write() -> None:
                array[index] = array[index - 1] + 1

            return write

        run(search, *(writer(index) for index in range(1, size + 1)))

    assert interleavings(body) == (size + 3) * 2**size // 4


@pytest.mark.parametrize("philosophers", [2, 3, 4, 5])
def test_dining_philosophers_deadlock_in_exactly_one_way(philosophers: int) -> None:
    def body() -> None:
        forks = [threading.Lock() for _ in range(philosophers)]

        def philosopher(number: int) -> Callable[[], None]:
            def eat() -> None:
                with forks[number], forks[(number + 1) % philosophers]:
                    pass

            return eat

        run(*map(philosopher, range(philosophers)))

    found = explored(body)
    assert (found.interleavings, len(found.failures)) == (2**philosophers - 1, 1)
    assert found.failures[0].kind == "deadlock"


@pytest.mark.parametrize(("threads", "expected"), [(13, 1), (14, 2), (16, 8), (18, 32)])
def test_filesystem(threads: int, expected: int) -> None:
    inodes, blocks = 32, 26

    def body() -> None:
        inode, busy = [0] * inodes, [0] * blocks
        inode_locks = [threading.Lock() for _ in range(inodes)]
        block_locks = [threading.Lock() for _ in range(blocks)]

        def allocate(number: int) -> Callable[[], None]:
            def work() -> None:
                own = number % inodes
                with inode_locks[own]:
                    block = own * 2 % blocks
                    while True:
                        with block_locks[block]:
                            if not busy[block]:
                                busy[block], inode[own] = 1, block + 1
                                break
                        block = (block + 1) % blocks

            return work

        run(*map(allocate, range(threads)))

    assert interleavings(body) == expected


def test_indexer_with_twelve_threads() -> None:
    def body() -> None:
        table = [0] * 128
        locks = [threading.Lock() for _ in table]

        def insert(number: int) -> Callable[[], None]:
            def work() -> None:
                for message in range(1, 5):
                    word = message * 11 + number
                    place = word * 7 % 128
                    while True:
                        with locks[place]:
                            if not table[place]:
                                table[place] = word
                                break
                        place = (place + 1) % 128

            return work

        run(*map(insert, range(12)))

    assert interleavings(body) == 8


def test_store_buffering_has_three() -> None:
    def body() -> None:
        cells = Cells()

        def left() -> None:
            cells.x = 1
            _ = cells.y

        def right() -> None:
            cells.y = 1
            _ = cells.x

        run(left, right)

    assert interleavings(body) == 3


def test_message_passing_has_three() -> None:
    def body() -> None:
        cells = Cells()

        def send() -> None:
            cells.x = 1
            cells.y = 1

        def receive() -> None:
            _ = cells.y, cells.x

        run(send, receive)

    assert interleavings(body) == 3


def test_a_failed_attempt_at_a_lock_is_a_read() -> None:
    def body() -> tuple[bool, ...]:
        lock = threading.Lock()
        got: list[bool] = []

        def attempt() -> None:
            got.append(lock.acquire(blocking=False))

        lock.acquire()
        run(attempt, attempt)
        return tuple(got)

    assert set(explored(body).outcomes) == {(False, False)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: ({"a": 0, "b": 0}, "a", "b"),
        lambda: ([0, 0], 0, 1),
    ],
    ids=["dict", "list"],
)
def test_different_items_of_one_container_are_independent(make: Callable[[], tuple[object, object, object]]) -> None:
    def body() -> None:
        container, first, second = make()

        def left() -> None:
            container[first] = 1  # type: ignore[index]

        def right() -> None:
            container[second] = 1  # type: ignore[index]

        run(left, right)

    assert interleavings(body) == 1


# --- no outcome is missed ---------------------------------------------------------------------------------------------

OPERATIONS = [
    "read",
    "write",
    "add",
    "locked_add",
    "nested",
    "try_lock",
    "put",
    "get",
    "get_nowait",
    "set",
    "wait",
    "is_set",
    "acquire",
    "release",
    "notify",
    "wait_for_notify",
    "new_key",
    "length",
    "old_key",
    "sleep",
    "append",
    "timed_wait",
]


def program(seed: int) -> list[list[str]]:
    source = random.Random(seed)
    threads = source.choice([2, 2, 3])
    return [[source.choice(OPERATIONS) for _ in range(source.choice([1, 2, 2]))] for _ in range(threads)]


def as_body(threads: list[list[str]]) -> Body:
    """The operations of each thread, over one set of shared things; what they saw is what the body returns."""

    def body() -> str:
        cells, first, second = Cells(), threading.Lock(), threading.Lock()
        items: queue.Queue[int] = queue.Queue()
        event, semaphore, condition = threading.Event(), threading.Semaphore(1), threading.Condition()
        table, row = {"old": 0}, list[int]()
        seen: list[list[object]] = [[] for _ in threads]

        def work(number: int) -> None:
            log, value = seen[number], 0
            for operation in threads[number]:
                if operation == "read":
                    value = cells.x
                    log.append(value)
                elif operation == "write":
                    cells.x = value + 1 + number
                elif operation == "add":
                    cells.y = cells.y + 1
                elif operation == "locked_add":
                    with first:
                        cells.y = cells.y + 1
                elif operation == "nested":
                    outer, inner = (first, second) if number % 2 else (second, first)
                    with outer, inner:
                        cells.z = cells.z + 1
                elif operation == "try_lock":
                    log.append(first.acquire(blocking=False))
                    if log[-1]:
                        first.release()
                elif operation == "put":
                    items.put(number)
                elif operation == "get":
                    log.append(items.get())
                elif operation == "get_nowait":
                    try:
                        log.append(items.get_nowait())
                    except queue.Empty:
                        log.append("empty")
                elif operation == "set":
                    event.set()
                elif operation == "wait":
                    event.wait()
                elif operation == "is_set":
                    log.append(event.is_set())
                elif operation == "acquire":
                    semaphore.acquire()
                elif operation == "release":
                    semaphore.release()
                elif operation == "notify":
                    with condition:
                        condition.notify()
                elif operation == "wait_for_notify":
                    with condition:
                        condition.wait()
                elif operation == "new_key":
                    table[f"new {number}"] = number
                elif operation == "length":
                    log.append(len(table))
                elif operation == "old_key":
                    table["old"] = table["old"] + 1
                elif operation == "sleep":
                    time.sleep(1 + number % 2)
                elif operation == "append":
                    row.append(number)
                elif operation == "timed_wait":
                    log.append(event.wait(1.5))

        run(*(lambda number=number: work(number) for number in range(len(threads))))  # type: ignore[misc]
        return repr((seen, cells.x, cells.y, cells.z, sorted(table.items()), row))

    return body


def outcomes(found: racekit.Exploration) -> set[object]:
    """What came out, and which threads waited in what where nothing did."""
    stuck = {tuple((wait.thread, wait.operation) for wait in failure.waits) for failure in found.failures}
    return set(found.outcomes) | stuck


TOO_LARGE_TO_EXHAUST = {5, 17, 20, 38, 48, 53, 68, 69}


@pytest.mark.parametrize("seed", sorted(set(range(80)) - TOO_LARGE_TO_EXHAUST))
def test_random_programs_have_the_outcomes_of_every_schedule(seed: int) -> None:
    body = as_body(program(seed))
    every = racekit.explore(body, strategy="bounded", executions=None, stop_on_failure=False)
    found = explored(body)
    assert outcomes(found) == outcomes(every)
    assert found.executions <= every.executions + 1


def test_how_many_are_left_is_estimated() -> None:
    """Within a factor of two where half are done, and exactly at the end."""
    strategy = Dpor()
    estimates: list[float] = []

    def note(run: ExecutionRun) -> bool:
        estimates.append(strategy.estimated_left())
        return False

    body, options = increments(2, 3), Options(executions=None)
    Explorer(body, options, strategy, until=note).run(functools.partial(replay_body, body, options=options))
    assert len(estimates) == 1 + 328  # the first one shows where there are scheduling points
    assert 164 / 2 <= estimates[164] <= 164 * 2
    assert estimates[-1] == 0
