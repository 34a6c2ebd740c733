"""Two items are there and two more are produced, but only two are consumed: always a deadlock."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run

ITEMS = 2


class Places:
    def __init__(self) -> None:
        lock = threading.Lock()
        self.empty = threading.Condition(lock)
        self.full = threading.Condition(lock)
        self.taken = 2


def sync02(check: Check = must_hold) -> None:
    places = Places()

    def produce() -> None:
        for _ in range(ITEMS):
            with places.empty:
                while places.taken > 0:
                    places.empty.wait()
                places.taken += 1
            with places.full:
                places.full.notify()

    def consume() -> None:
        for _ in range(ITEMS):
            with places.full:
                while places.taken == 0:
                    places.full.wait()
                places.taken -= 1
            with places.empty:
                places.empty.notify()

    run(produce, consume)
