"""A producer, and a consumer that adds up what it takes; the sum is asserted to be other than it always is."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run

ITEMS = 3


class Series:
    def __init__(self) -> None:
        lock = threading.Lock()
        self.empty = threading.Condition(lock)
        self.full = threading.Condition(lock)
        self.available = 0
        self.total = 0


def arithmetic_prog(check: Check = must_hold) -> None:
    shared = Series()

    def produce() -> None:
        for _ in range(ITEMS):
            with shared.empty:
                while shared.available > 0:
                    shared.empty.wait()
                shared.available += 1
            with shared.full:
                shared.full.notify()

    def consume() -> None:
        for item in range(ITEMS):
            with shared.full:
                while shared.available == 0:
                    shared.full.wait()
                shared.total += item
                shared.available -= 1
            with shared.empty:
                shared.empty.notify()
        shared.total += ITEMS

    run(produce, consume)
    check(shared.total != ITEMS * (ITEMS + 1) // 2)
