"""Happens-before among the events of one execution: what orders them, no arrow more than needed, and what races."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from threads import run

import racekit
from racekit.event_order import Happening, happens_before
from racekit.trace import Arrow

X = 1, "x"
LOCK = 2


def order_of(*happenings: tuple[int, str, object]) -> Sequence[Arrow]:
    """The arrows, where each operation is an event."""
    return happens_before(Happening(*each, index) for index, each in enumerate(happenings)).arrows


def races_of(*happenings: tuple[int, str, object]) -> Sequence[tuple[int, int]]:
    found = happens_before(Happening(*each, index) for index, each in enumerate(happenings)).races
    return [race[:2] for race in found]


def test_a_start_comes_before_the_first_event_of_its_thread_only() -> None:
    assert order_of((0, "start", 1), (1, "read", X), (1, "read", X)) == (Arrow(0, 1, "start"),)


def test_the_last_event_of_a_thread_comes_before_its_join() -> None:
    arrows = order_of((0, "start", 1), (1, "read", X), (1, "read", X), (0, "join", 1))
    assert arrows == (Arrow(0, 1, "start"), Arrow(2, 3, "join"))


def test_a_join_that_did_not_wait_for_the_end_orders_nothing() -> None:
    assert order_of((0, "start", 1), (1, "read", X), (0, "join failed", 1)) == (Arrow(0, 1, "start"),)


def test_a_release_comes_before_the_next_acquire_by_another_thread() -> None:
    arrows = order_of((1, "acquire now", LOCK), (1, "release", LOCK), (2, "acquire", LOCK))
    assert arrows == (Arrow(1, 2, "synchronization"),)


def test_a_failed_acquire_orders_nothing() -> None:
    assert order_of((1, "acquire now", LOCK), (1, "release", LOCK), (2, "acquire failed", LOCK)) == ()


def test_a_release_waits_for_nothing() -> None:
    assert order_of((1, "acquire now", LOCK), (2, "release", LOCK)) == ()


def test_sleeping_orders_nothing() -> None:
    clock = 3
    assert order_of((1, "sleep", clock), (2, "sleep", clock)) == ()


def test_what_happens_inside_of_the_library_orders_what_is_seen() -> None:
    order = happens_before(
        [
            Happening(0, "submit", 5, 0),
            Happening(0, "put", 6, None),
            Happening(0, "start", 1, None),
            Happening(1, "get", 6, None),
            Happening(1, "read", X, 1),
        ]
    )
    assert [arrow[:2] for arrow in order.arrows] == [(0, 1)]


def test_two_reads_are_in_no_order() -> None:
    assert order_of((1, "read", X), (2, "read", X)) == ()


def test_accesses_to_different_things_are_in_no_order() -> None:
    assert order_of((1, "write", X), (2, "write", (1, "y"))) == ()


@pytest.mark.parametrize(("first", "second"), [("read", "write"), ("write", "read"), ("write", "write")])
def test_of_two_conflicting_accesses_the_earlier_one_comes_first(first: str, second: str) -> None:
    assert order_of((1, first, X), (2, second, X)) == (Arrow(0, 1, "access"),)


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    arrows = order_of((1, "write", X), (2, "read", X), (2, "release", LOCK), (3, "acquire", LOCK), (3, "read", X))
    assert arrows == (Arrow(0, 1, "access"), Arrow(2, 3, "synchronization"))


def test_accesses_that_only_the_schedule_orders_race() -> None:
    assert races_of((1, "read", X), (2, "write", X)) == [(0, 1)]


def test_accesses_under_one_lock_do_not_race() -> None:
    def section(thread: int) -> list[tuple[int, str, object]]:
        return [(thread, "acquire", LOCK), (thread, "write", X), (thread, "release", LOCK)]

    assert races_of(*section(1), *section(2)) == []


def test_what_a_thread_did_before_it_started_another_one_does_not_race_with_it() -> None:
    assert races_of((0, "write", X), (0, "start", 1), (1, "write", X)) == []


def test_what_a_thread_did_does_not_race_with_what_comes_after_its_join() -> None:
    assert races_of((0, "start", 1), (1, "write", X), (0, "join", 1), (0, "read", X)) == []


def test_the_order_of_accesses_does_not_hide_a_race() -> None:
    """Read and write of 1 lie around those of 2: each conflicting pair is unordered, though a chain implies one."""
    assert races_of((1, "read", X), (2, "read", X), (2, "write", X), (1, "write", X)) == [(0, 2), (1, 3), (2, 3)]


# --- real executions -------------------------------------------------------------------------------------------------


class Box:
    value = 0


def by_event() -> None:
    box, event = Box(), threading.Event()

    def write() -> None:
        box.value = 1
        event.set()

    def read() -> None:
        event.wait()
        assert box.value == 1

    run(read, write)


def by_condition() -> None:
    box, condition, ready = Box(), threading.Condition(), [False]

    def write() -> None:
        box.value = 1
        with condition:
            ready[0] = True
            condition.notify()

    def read() -> None:
        with condition:
            while not ready[0]:
                condition.wait()
        assert box.value == 1

    run(read, write)


def by_barrier() -> None:
    box, barrier = Box(), threading.Barrier(2)

    def write() -> None:
        box.value = 1
        barrier.wait()

    def read() -> None:
        barrier.wait()
        assert box.value == 1

    run(read, write)


def by_semaphore() -> None:
    box, semaphore = Box(), threading.Semaphore(0)

    def write() -> None:
        box.value = 1
        semaphore.release()

    def read() -> None:
        semaphore.acquire()
        assert box.value == 1

    run(read, write)


def by_queue() -> None:
    box, items = Box(), queue.Queue[int]()

    def write() -> None:
        box.value = 1
        items.put(1)

    def read() -> None:
        items.get()
        assert box.value == 1

    run(read, write)


def by_simple_queue() -> None:
    box, items = Box(), queue.SimpleQueue[int]()

    def write() -> None:
        box.value = 1
        items.put(1)

    def read() -> None:
        items.get()
        assert box.value == 1

    run(read, write)


def by_future() -> None:
    box = Box()

    def write() -> None:
        box.value = box.value + 1

    with ThreadPoolExecutor(2) as pool:
        box.value = 1
        pool.submit(write).result()
        assert box.value == 2
        pool.submit(write).result()
        assert box.value == 3


def by_nothing() -> None:
    box = Box()

    def write() -> None:
        box.value = 1

    run(write, write)


@pytest.mark.parametrize(
    "body",
    [by_event, by_condition, by_barrier, by_semaphore, by_queue, by_simple_queue, by_future],
)
def test_what_the_standard_library_synchronizes_does_not_race(body: Callable[[], None]) -> None:
    trace = racekit.replay(body, "rk1:").trace
    assert any(event.target == "Box.value" for event in trace.events)
    assert trace.races == ()


def test_what_nothing_synchronizes_races() -> None:
    trace = racekit.replay(by_nothing, "rk1:").trace
    [race] = trace.races
    assert {trace.events[index].target for index in race[:2]} == {"Box.value"}
