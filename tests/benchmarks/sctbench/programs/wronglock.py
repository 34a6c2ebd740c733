"""One thread expects its value to stay as it is under a lock, and the others change it under another."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Data:
    def __init__(self) -> None:
        self.data_lock = threading.Lock()
        self.other_lock = threading.Lock()
        self.value = 0


def wronglock(others: int, check: Check = must_hold) -> None:
    data = Data()

    def increment_and_compare() -> None:
        with data.data_lock:
            before = data.value
            data.value = data.value + 1
            check(data.value == before + 1)

    def increment() -> None:
        with data.other_lock:
            data.value = data.value + 1

    run(increment_and_compare, *[increment] * others)
