"""Twenty enqueues against twenty dequeues, by flags; if the reader wastes a turn, it expects the wrong element."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run

SIZE = 20


class FlaggedQueue:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.elements = [0] * SIZE
        self.stored = [0] * SIZE
        self.head = 0
        self.tail = 0
        self.may_enqueue = True
        self.may_dequeue = False

    def enqueue(self, element: int) -> None:
        self.elements[self.tail] = element
        self.tail = self.tail + 1

    def dequeue(self) -> int:
        element = self.elements[self.head]
        self.head = self.head + 1
        return element


def queue(check: Check = must_hold) -> None:
    shared = FlaggedQueue()

    def write() -> None:
        value = 0
        with shared.lock:
            shared.enqueue(value)
            shared.stored[0] = value
            check(shared.head != shared.tail)
        for turn in range(1, SIZE):
            with shared.lock:
                if shared.may_enqueue:
                    value += 1
                    shared.enqueue(value)
                    shared.stored[turn] = value
                    shared.may_enqueue = False
                    shared.may_dequeue = True

    def read() -> None:
        for turn in range(SIZE):
            with shared.lock:
                if shared.may_dequeue:
                    check(shared.dequeue() == shared.stored[turn])
                    shared.may_dequeue = False
                    shared.may_enqueue = True

    run(write, read)
