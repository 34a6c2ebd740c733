"""The bodies that the benchmarks run: two threads that update one object, with and without a lock."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Counter:
    def __init__(self) -> None:
        self.v = 0


def adding(times: int) -> Callable[[Counter], None]:
    """What one thread does: `c.v = c.v + 1`, so many times."""

    def add(c: Counter) -> None:
        for _ in range(times):
            c.v = c.v + 1

    return add


def racy(times: int) -> Callable[[], int]:
    """Two threads, each doing `c.v = c.v + 1` so many times; returns what is left of it."""
    add = adding(times)

    def body() -> int:
        c = Counter()
        threads = [threading.Thread(target=add, args=(c,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return c.v

    return body


def locked(times: int) -> Callable[[], int]:
    """The same under a lock."""

    def body() -> int:
        c = Counter()
        lock = threading.Lock()

        def add() -> None:
            for _ in range(times):
                with lock:
                    c.v = c.v + 1

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return c.v

    return body
