"""One thread adds 1 and one adds 2; that the third thread sees 3 is asserted never to happen."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Data:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.value = 0


def lazy01(check: Check = must_hold) -> None:
    data = Data()

    def add_one() -> None:
        with data.lock:
            data.value += 1

    def add_two() -> None:
        with data.lock:
            data.value += 2

    def look() -> None:
        with data.lock:
            check(data.value < 3)

    run(add_one, add_two, look)
