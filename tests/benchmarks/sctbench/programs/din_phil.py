"""Philosophers eat one by one and count themselves; that all have eaten is asserted never to happen.

Up to four of them count without a lock, so that some orders lose a count. Seven take the lock that makes their meal
atomic twice, and deadlock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..threads import Check, must_hold, run


class Table:
    def __init__(self, seats: int) -> None:
        self.atomic = threading.Lock()
        self.forks = [threading.Lock() for _ in range(seats)]
        self.eaten = 0


def din_phil(seats: int, check: Check = must_hold) -> None:
    table = Table(seats)

    def count() -> None:
        table.eaten += 1
        check(table.eaten != seats)

    def philosopher(number: int) -> Callable[[], None]:
        def eat() -> None:
            with table.atomic:
                with table.forks[(number + 1) % seats], table.forks[number]:
                    pass
                if seats == 7:
                    table.atomic.acquire()
            if seats <= 4:
                count()
            else:
                with table.atomic:
                    count()

        return eat

    run(*map(philosopher, range(seats)))
