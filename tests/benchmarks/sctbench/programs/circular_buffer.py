"""A sender and a receiver take seven turns each; if the receiver wastes one, it expects the wrong element."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run

TURNS = 7
SIZE = 10
NOTHING = -1


class CircularBuffer:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.elements = [0] * SIZE
        self.first = 0
        self.next = 0
        self.send = True
        self.receive = False

    def insert(self, element: int) -> None:
        self.elements[self.next] = element
        self.next = (self.next + 1) % SIZE

    def remove(self) -> int:
        if self.next > 0 and self.first < SIZE:
            self.first += 1
            return self.elements[self.first - 1]
        return NOTHING


def circular_buffer(check: Check = must_hold) -> None:
    buffer = CircularBuffer()

    def sender() -> None:
        for turn in range(TURNS):
            with buffer.lock:
                if buffer.send:
                    buffer.insert(turn)
                    buffer.send = False
                    buffer.receive = True

    def receiver() -> None:
        for turn in range(TURNS):
            with buffer.lock:
                if buffer.receive:
                    check(buffer.remove() == turn)
                    buffer.receive = False
                    buffer.send = True

    run(sender, receiver)
