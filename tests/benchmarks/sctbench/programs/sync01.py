"""A producer waits for a place that no consumer makes: always a deadlock."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Places:
    def __init__(self) -> None:
        lock = threading.Lock()
        self.empty = threading.Condition(lock)
        self.full = threading.Condition(lock)
        self.taken = 1


def sync01(check: Check = must_hold) -> None:
    places = Places()

    def produce() -> None:
        with places.empty:
            while places.taken > 0:
                places.empty.wait()
            places.taken += 1
        with places.full:
            places.full.notify()

    def consume() -> None:
        with places.full:
            while places.taken == 0:
                places.full.wait()
        with places.empty:
            places.empty.notify()

    run(produce, consume)
