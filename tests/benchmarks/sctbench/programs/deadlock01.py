"""Two locks, taken in opposite orders."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Shared:
    def __init__(self) -> None:
        self.a = threading.Lock()
        self.b = threading.Lock()
        self.counter = 1


def deadlock01(check: Check = must_hold) -> None:
    shared = Shared()

    def up() -> None:
        with shared.a, shared.b:
            shared.counter += 1

    def down() -> None:
        with shared.b, shared.a:
            shared.counter -= 1

    run(up, down)
