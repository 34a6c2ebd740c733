"""Ten pushes and ten pops; the flag that something was pushed is never taken back, so that a pop finds nothing."""

from __future__ import annotations

import threading

from ..threads import Check, must_hold, run

SIZE = 10
UNDERFLOW = -2


class Stack:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.elements = [0] * SIZE
        self.top = 0
        self.pushed = False

    def push(self, element: int) -> None:
        self.elements[self.top] = element
        self.top += 1

    def pop(self) -> int:
        if self.top == 0:
            return UNDERFLOW
        self.top -= 1
        return self.elements[self.top]


def stack(check: Check = must_hold) -> None:
    shared = Stack()

    def push_all() -> None:
        for element in range(SIZE):
            with shared.lock:
                shared.push(element)
                shared.pushed = True

    def pop_all() -> None:
        for _ in range(SIZE):
            with shared.lock:
                if shared.pushed:
                    check(shared.pop() != UNDERFLOW)

    run(push_all, pop_all)
