"""Optimal partial-order reduction on SCTBench, mutual exclusion and compare-and-set: published counts of interleavings.

Those of SCTBench count interleavings of the programs in which a failed assertion is noted and the program goes on, and
how many of them fail or deadlock. The others are from the test suites of GenMC and Nidhugg.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from atomic_cell import AtomicCell
from benchmarks.sctbench.catalogue import PROGRAMS
from benchmarks.sctbench.threads import Verdict, run

import racekit

Body = Callable[[], object]


class Cells:
    def __init__(self) -> None:
        self.x = self.y = 0
        self.wants_first = self.wants_second = False
        self.turn = 0


def explored(body: Body, **options: object) -> racekit.Exploration:
    found = racekit.explore(body, strategy="dpor", executions=None, stop_on_failure=False, **options)
    assert found.cut_by is None
    return found


def interleavings_and_failures(body: Body) -> tuple[int, int]:
    """Of the search that was made when all shared places were known: the executions before it do not count."""
    found = explored(body)
    assert found.interleavings is not None
    before = found.executions - found.interleavings
    return found.interleavings, sum(number > before for failure in found.failures for number in failure.executions)


def going_on(name: str) -> Body:
    """The program, which fails only at its end if something that it asserted did not hold."""

    def body() -> None:
        verdict = Verdict()
        PROGRAMS[name](check=verdict.check)
        assert verdict.holds

    return body


@pytest.mark.parametrize(
    ("name", "interleavings", "failures"),
    [
        ("account", 6, 2),
        ("bluetooth_driver", 10, 1),
        ("carter01", 4, 2),
        ("circular_buffer", 3432, 3304),
        ("deadlock01", 3, 1),
        ("lazy01", 6, 2),
        ("phase01", 6, 6),
        ("reorder_3", 56, 12),
        ("reorder_4", 1248, 216),
        ("stringbuffer", 6, 1),
        ("sync01", 3, 3),
        ("token_ring", 24, 4),
        ("twostage", 3, 1),
        ("wronglock_3", 360, 246),
    ],
)
def test_sctbench(name: str, interleavings: int, failures: int) -> None:
    assert interleavings_and_failures(going_on(name)) == (interleavings, failures)


def orders_of_critical_sections(left: int, *threads: tuple[int, str]) -> int:
    """By brute force: a producer that waits while something is `left`, and a consumer that waits while nothing is.

    Each of them is before so many rounds; it "enters" the section that looks and changes, then the one that "notifies",
    or is "asleep". Under one lock no two of these sections are independent, so each order of them is another trace.
    """
    moves = [who for who, (rounds, stage) in enumerate(threads) if rounds and stage != "asleep"]
    total = 0
    for who in moves:
        after, now = list(threads), left
        rounds, stage = threads[who]
        if stage == "notifies":
            others_rounds, others_stage = threads[1 - who]
            after[1 - who] = others_rounds, "enters" if others_stage == "asleep" else others_stage
            after[who] = rounds - 1, "enters"
        elif (left > 0) == (who == 0):
            after[who] = rounds, "asleep"
        else:
            now += 1 if who == 0 else -1
            after[who] = rounds, "notifies"
        total += orders_of_critical_sections(now, *after)
    return total if moves else 1


@pytest.mark.parametrize(("name", "items", "left", "expected"), [("sync02", 2, 2, 15), ("arithmetic_prog", 3, 0, 436)])
def test_a_notification_takes_the_lock_anew(name: str, items: int, left: int, expected: int) -> None:
    """The published counts, 11 and 67, are of C, where a signal needs no lock; here that is a section of its own."""
    assert orders_of_critical_sections(left, (items, "enters"), (items, "enters")) == expected
    assert interleavings_and_failures(going_on(name)) == (expected, expected)


@pytest.mark.parametrize(("philosophers", "interleavings", "failures"), [(2, 16, 8), (3, 1296, 216)])
def test_philosophers_who_count_without_a_lock(philosophers: int, interleavings: int, failures: int) -> None:
    def body() -> None:
        cells, meal = Cells(), threading.Lock()
        last = [False] * philosophers

        def philosopher(number: int) -> Callable[[], None]:
            def eat() -> None:
                with meal:
                    pass
                cells.x = cells.x + 1
                last[number] = cells.x == philosophers

            return eat

        run(*map(philosopher, range(philosophers)))
        assert not any(last)

    assert interleavings_and_failures(body) == (interleavings, failures)


# --- mutual exclusion -------------------------------------------------------------------------------------------------


def test_dekkers_attempt_to_enter_has_seven() -> None:
    def body() -> None:
        cells = Cells()

        def first() -> None:
            cells.wants_first = True
            if not cells.wants_second:
                cells.x = cells.x + 1
            cells.wants_first = False

        def second() -> None:
            cells.wants_second = True
            if not cells.wants_first:
                cells.x = cells.x + 1
            cells.wants_second = False

        run(first, second)

    assert explored(body).interleavings == 7


def test_petersons_attempt_to_enter_has_fourteen() -> None:
    def body() -> None:
        cells = Cells()

        def first() -> None:
            cells.wants_first = True
            cells.turn = 2
            if not (cells.wants_second and cells.turn == 2):
                cells.x = cells.x + 1
            cells.wants_first = False

        def second() -> None:
            cells.wants_second = True
            cells.turn = 1
            if not (cells.wants_first and cells.turn == 1):
                cells.x = cells.x + 1
            cells.wants_second = False

        run(first, second)

    assert explored(body).interleavings == 14


# --- compare and set --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threads", "expected"), [(2, 2), (3, 5), (4, 14), (5, 43), (6, 144)])
def test_casrot_each_thread_sets_its_number_if_its_predecessor_has(threads: int, expected: int) -> None:
    def body() -> None:
        cell = AtomicCell(0)
        run(*(lambda number=number: cell.compare_and_set(number - 1, number) for number in range(1, threads + 1)))

    assert explored(body, exclude=(AtomicCell,)).interleavings == expected


@pytest.mark.parametrize("threads", [2, 3, 4, 5])
def test_wcas_a_write_and_threads_that_replace_it(threads: int) -> None:
    def body() -> None:
        cell = AtomicCell(0)
        run(lambda: cell.set(1), *[lambda: cell.compare_and_set(1, 2)] * threads)

    assert explored(body, exclude=(AtomicCell,)).interleavings == threads * 2 ** (threads - 1) + 1


@pytest.mark.parametrize("threads", [2, 3, 4, 5])
def test_wcas_with_a_lock_that_is_freed_and_attempts_to_take_it(threads: int) -> None:
    def body() -> None:
        lock = threading.Lock()
        lock.acquire()
        run(lock.release, *[lambda: lock.acquire(blocking=False)] * threads)

    assert explored(body).interleavings == threads * 2 ** (threads - 1) + 1


# --- nothing in common ------------------------------------------------------------------------------------------------


def test_different_objects_are_independent() -> None:
    def body() -> None:
        one, other = Cells(), Cells()

        def increment(cells: Cells) -> None:
            cells.x = cells.x + 1

        run(lambda: increment(one), lambda: increment(other))

    assert explored(body).interleavings == 1


def test_different_attributes_of_one_object_are_independent() -> None:
    def body() -> None:
        cells = Cells()

        def left() -> None:
            cells.x = cells.x + 1

        def right() -> None:
            cells.y = cells.y + 1

        run(left, right)

    assert explored(body).interleavings == 1


def test_threads_that_only_read_are_independent() -> None:
    def body() -> None:
        cells, table, row = Cells(), {"key": 1}, [1]

        def read() -> None:
            _ = cells.x, table["key"], row[0], len(row), table.get("key"), "key" in table

        run(read, read, read)

    assert explored(body).interleavings == 1


def test_keys_that_are_there_already_are_only_read_by_setdefault() -> None:
    def body() -> None:
        table = {"key": 1}
        run(*[lambda: table.setdefault("key", 2)] * 3)

    assert explored(body).interleavings == 1


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_only_the_first_setdefault_of_a_key_writes(threads: int) -> None:
    def body() -> None:
        table: dict[str, int] = {}
        run(*(lambda number=number: table.setdefault("key", number) for number in range(threads)))

    assert explored(body).interleavings == threads
