"""Two threads pass a lock, and each means to keep it: always a deadlock."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Phases:
    def __init__(self) -> None:
        self.x = threading.Lock()
        self.y = threading.Lock()


def phase01(check: Check = must_hold) -> None:
    phases = Phases()

    def pass_through() -> None:
        with phases.x:
            pass
        phases.x.acquire()
        for _ in range(2):
            with phases.y:
                pass

    run(pass_through, pass_through)
