"""Queues of every kind: what goes in comes out once, in its order, and waiting is under control."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from queue import Empty, Full, SimpleQueue
from typing import Any

import pytest
from threads import run

import racekit

QUEUE: queue.Queue[int] = queue.Queue()
SIMPLE: SimpleQueue[int] = SimpleQueue()
put_at_import, get_at_import = SIMPLE.put, SIMPLE.get

KINDS = [queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue]


def all_of(body: Callable[[], object], **options: Any) -> set[object]:
    """Everything that can come out of `body`, which must not fail, and must be explored to the end."""
    found = racekit.explore(body, executions=None, strategy="bounded", **options)
    assert found.proved, str(found)
    return set(found.outcomes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_get_waits_for_a_put(kind: Callable[[], Any]) -> None:
    def body() -> int:
        channel = kind()
        got: list[int] = []
        run(lambda: got.append(channel.get()), lambda: channel.put(7))
        return got[0]

    assert all_of(body) == {7}


@pytest.mark.parametrize("kind", KINDS)
def test_two_puts_come_in_either_order(kind: Callable[[], Any]) -> None:
    def body() -> tuple[int, int]:
        channel = kind()
        run(lambda: channel.put(1), lambda: channel.put(2))
        return channel.get(), channel.get()

    assert all_of(body) == ({(1, 2)} if kind is queue.PriorityQueue else {(1, 2), (2, 1)})


@pytest.mark.parametrize("kind", KINDS)
def test_two_consumers_share_the_items(kind: Callable[[], Any]) -> None:
    def body() -> tuple[int, int]:
        channel = kind()
        got = [0, 0]
        channel.put(1)
        channel.put(2)

        def take(number: int) -> Callable[[], None]:
            def get() -> None:
                got[number] = channel.get()

            return get

        run(take(0), take(1))
        return got[0], got[1]

    assert all_of(body) == {(1, 2), (2, 1)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_queue_refuses_to_wait_if_told_so(kind: Callable[[], Any]) -> None:
    def body() -> str:
        channel = kind()
        result: list[str] = []

        def try_it() -> None:
            try:
                result.append(str(channel.get_nowait()))
            except Empty:
                result.append("empty")

        run(lambda: channel.put(1), try_it)
        return result[0]

    assert all_of(body) == {"1", "empty"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_get_with_a_timeout_gives_up_only_when_nobody_puts(kind: Callable[[], Any]) -> None:
    def body(with_producer: bool) -> str:
        channel = kind()
        result: list[str] = []

        def get() -> None:
            try:
                result.append(str(channel.get(timeout=5)))
            except Empty:
                result.append("empty")

        run(get, (lambda: channel.put(1)) if with_producer else int)
        return result[0]

    assert all_of(lambda: body(True)) == {"1"}
    assert all_of(lambda: body(False)) == {"empty"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_of_a_queue_depends_on_the_schedule(kind: Callable[[], Any]) -> None:
    def body() -> tuple[int, bool]:
        channel = kind()
        seen: list[int] = []
        run(lambda: channel.put(1), lambda: seen.append(channel.qsize()))
        return seen[0], channel.empty()

    assert all_of(body) == {(0, False), (1, False)}


def test_a_bounded_queue_makes_its_producer_wait() -> None:
    def body() -> str:
        channel: queue.Queue[str] = queue.Queue(maxsize=1)
        got: list[str] = []

        def produce() -> None:
            for letter in "abc":
                channel.put(letter)

        def consume() -> None:
            for _ in range(3):
                got.append(channel.get())

        run(produce, consume)
        return "".join(got)

    assert all_of(body) == {"abc"}


def test_a_full_queue_refuses_to_wait_if_told_so() -> None:
    def body() -> None:
        channel: queue.Queue[int] = queue.Queue(maxsize=1)
        channel.put(1)
        assert channel.full()
        with pytest.raises(Full):
            channel.put_nowait(2)
        with pytest.raises(Full):
            channel.put(2, timeout=3)

    assert all_of(body) == {None}


def test_join_waits_until_every_task_is_done() -> None:
    def body() -> int:
        channel: queue.Queue[int] = queue.Queue()
        done: list[int] = []

        def work() -> None:
            while True:
                done.append(channel.get())
                channel.task_done()

        threading.Thread(target=work, daemon=True).start()
        channel.put(1)
        channel.put(2)
        channel.join()
        return len(done)

    assert all_of(body) == {2}


def test_task_done_too_often_is_refused() -> None:
    def body() -> None:
        with pytest.raises(ValueError, match="too many times"):
            queue.Queue().task_done()

    assert all_of(body) == {None}


def test_a_queue_made_at_import_time_is_under_control() -> None:
    def body() -> tuple[int, int]:
        run(lambda: QUEUE.put(1), lambda: QUEUE.put(2))
        return QUEUE.get(), QUEUE.get()

    assert all_of(body) == {(1, 2), (2, 1)}


def test_methods_of_a_simple_queue_taken_at_import_time_are_under_control() -> None:
    def body() -> tuple[int, int]:
        run(lambda: put_at_import(1), lambda: put_at_import(2))
        return get_at_import(), get_at_import()

    assert all_of(body) == {(1, 2), (2, 1)}


def test_a_simple_queue_can_be_waited_for_by_two() -> None:
    def body() -> int:
        channel: SimpleQueue[int] = SimpleQueue()
        got: list[int] = []
        run(lambda: got.append(channel.get()), lambda: got.append(channel.get()), lambda: [channel.put(1)] * 2)
        return len(got)

    failure = racekit.explore(body).failure
    assert failure is not None
    assert failure.kind == "deadlock"


def test_a_subclass_of_queue_is_under_control() -> None:
    class Counting(queue.Queue[int]):
        def _init(self, maxsize: int) -> None:
            super()._init(maxsize)
            self.puts = 0

        def _put(self, item: int) -> None:
            super()._put(item)
            self.puts += 1

    def body() -> int:
        channel = Counting()
        run(lambda: channel.put(1), lambda: channel.put(2))
        return channel.puts

    assert all_of(body) == {2}
