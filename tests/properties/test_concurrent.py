"""Concurrent objects: programs that Hypothesis makes, histories that have to be explained, reports."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import racekit
from racekit.properties import concurrent, operation

QUICK = settings(
    max_examples=30, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


class BoundedQueue:
    """It looks and acts without a lock."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: list[int] = []

    def put_nowait(self, item: int) -> None:
        if len(self.items) >= self.size:
            raise OverflowError("full")
        self.items.append(item)

    def get_nowait(self) -> int:
        if not self.items:
            raise LookupError("empty")
        return self.items.pop(0)


class LockedQueue(BoundedQueue):
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.lock = threading.Lock()

    def put_nowait(self, item: int) -> None:
        with self.lock:
            super().put_nowait(item)

    def get_nowait(self) -> int:
        with self.lock:
            return super().get_nowait()


def operations(queue: type[BoundedQueue], **options: Any) -> Any:
    @concurrent(**options)
    class QueueOperations:
        def start(self) -> BoundedQueue:
            return queue(2)

        @operation(item=st.integers(0, 9))
        def put(self, queue: BoundedQueue, item: int) -> None:
            return queue.put_nowait(item)

        @operation()
        def get(self, queue: BoundedQueue) -> int:
            return queue.get_nowait()

    return QueueOperations


def run(cls: Any, chosen: settings = QUICK) -> None:
    case = cls.TestCase
    case.settings = chosen
    case().runTest()


def failure(cls: Any, chosen: settings = QUICK) -> str:
    with pytest.raises(AssertionError) as raised:
        run(cls, chosen)
    return "\n".join([str(raised.value), *getattr(raised.value, "__notes__", [])])


def test_a_queue_with_a_lock_is_linearizable() -> None:
    run(operations(LockedQueue))


def test_a_queue_that_looks_and_acts_without_a_lock_is_not() -> None:
    with pytest.raises(racekit.Inconsistent):
        run(operations(BoundedQueue))
