"""Producers and consumers that wait on one condition: a notification meant for the others wakes one's own kind."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run


class Buffer:
    def __init__(self) -> None:
        self.condition = threading.Condition(threading.Lock())
        self.full = False


def bounded_buffer(check: Check = must_hold) -> None:
    buffer = Buffer()

    def produce() -> None:
        for _ in range(2):
            with buffer.condition:
                while buffer.full:
                    buffer.condition.wait()
                buffer.full = True
                buffer.condition.notify()

    def consume() -> None:
        for _ in range(2):
            with buffer.condition:
                while not buffer.full:
                    buffer.condition.wait()
                buffer.full = False
                buffer.condition.notify()

    run(produce, produce, consume, consume)
