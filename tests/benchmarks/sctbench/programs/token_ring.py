"""Three values are passed on around a ring; only some orders make them all equal, as is asserted."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Ring:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.x1, self.x2, self.x3 = 1, 2, 1
        self.passed1 = self.passed2 = self.passed3 = False


def token_ring(check: Check = must_hold) -> None:
    ring = Ring()

    def first() -> None:
        with ring.lock:
            ring.x1 = (ring.x3 + 1) % 4
            ring.passed1 = True

    def second() -> None:
        with ring.lock:
            ring.x2 = ring.x1
            ring.passed2 = True

    def third() -> None:
        with ring.lock:
            ring.x3 = ring.x2
            ring.passed3 = True

    def look() -> None:
        with ring.lock:
            if ring.passed1 and ring.passed2 and ring.passed3:
                check(ring.x1 == ring.x2 == ring.x3)

    run(first, second, third, look)
