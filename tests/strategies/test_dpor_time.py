"""Partial-order reduction where threads sleep, or wait for some time: none of what every schedule shows is missed."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Hashable, Sequence

import pytest
from benchmarks.sctbench.threads import run

import racekit
from racekit.happens_before import HappensBefore

Body = Callable[[], Hashable]


class Cell:
    value = 0


def takes(items: queue.SimpleQueue[int], seconds: float) -> int | None:
    try:
        return items.get(timeout=seconds)
    except queue.Empty:
        return None


def somebody_reads_and_sleeps_while_the_writer_sleeps() -> Hashable:
    cell, seen = Cell(), list[int]()

    def write() -> None:
        time.sleep(0.3)
        cell.value = 1

    def read() -> None:
        seen.append(cell.value)
        time.sleep(0.1)

    run(write, read)
    return seen[0]


def somebody_sleeps_twice_while_the_writer_sleeps() -> Hashable:
    cell, seen = Cell(), list[int]()

    def write() -> None:
        time.sleep(0.3)
        cell.value = 1

    def read() -> None:
        for _ in range(2):
            seen.append(cell.value)
            time.sleep(0.1)

    run(write, read)
    return tuple(seen)


def the_time_of_a_wait_for_an_item_passes_that_could_have_been_had() -> Hashable:
    items, taken = queue.SimpleQueue[int](), dict[str, int | None]()

    def passes_on() -> None:
        items.put(1)
        taken["own"] = takes(items, 0.1)

    def waits() -> None:
        taken["other"] = takes(items, 0.1)

    run(passes_on, waits)
    return taken["own"], taken["other"]


def two_threads_whose_time_has_passed_update_a_value() -> Hashable:
    items, cell = queue.SimpleQueue[int](), Cell()
    items.put(1)

    def update() -> None:
        takes(items, 0.1)
        cell.value += 1

    run(lambda: takes(items, 0.2), update, update)
    return cell.value


def somebody_gives_up_on_a_lock_while_another_one_sleeps() -> Hashable:
    lock, taken = threading.Lock(), list[bool]()

    def hold() -> None:
        with lock:
            pass

    def try_for_some_time() -> None:
        taken.append(lock.acquire(timeout=0.2))
        if taken[0]:
            lock.release()

    run(hold, try_for_some_time, lambda: time.sleep(0.3))
    return taken[0]


@pytest.mark.parametrize(
    "body",
    [
        somebody_reads_and_sleeps_while_the_writer_sleeps,
        somebody_sleeps_twice_while_the_writer_sleeps,
        the_time_of_a_wait_for_an_item_passes_that_could_have_been_had,
        two_threads_whose_time_has_passed_update_a_value,
        somebody_gives_up_on_a_lock_while_another_one_sleeps,
    ],
)
def test_no_outcome_is_missed_where(body: Body) -> None:
    every_schedule, reduced = (
        racekit.explore(body, strategy=strategy, executions=None) for strategy in ("bounded", "dpor")
    )
    assert every_schedule.proved and reduced.proved
    assert set(reduced.outcomes) == set(every_schedule.outcomes)
    assert len(reduced.outcomes) > 1
    assert reduced.executions < every_schedule.executions


def test_what_is_learned_of_threads_that_poll_takes_as_long_as_they_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    is_ordered = HappensBefore._is_ordered

    def counted(self: HappensBefore, step: int, before: dict[int, int], between: Sequence[int]) -> bool:
        asked.append(step)
        return is_ordered(self, step, before, between)

    def polls(times: int) -> int:
        """How often two threads that poll so many times have some pair of steps looked at."""
        cell = Cell()

        def poll() -> None:
            for _ in range(times):
                assert cell.value == 0
                time.sleep(0.1)

        def body() -> None:
            run(poll, poll)

        asked.clear()
        racekit.explore(body, strategy="dpor", executions=1)
        return len(asked)

    monkeypatch.setattr(HappensBefore, "_is_ordered", counted)
    assert polls(160) < 3 * polls(80)
