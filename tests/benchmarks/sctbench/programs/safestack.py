"""A stack without locks, of three places: two threads come to own one place, but only after five preemptions or more.

Vyukov's SafeStack. Python has no atomic integers, so each change of one holds a lock of its own.
"""

from __future__ import annotations

import threading
import time

from ..threads import Check, must_hold, run

PLACES = 3
THREADS = 3
ROUNDS = 4
NOBODY = -1


class AtomicInteger:
    def __init__(self, value: int) -> None:
        self._value = value
        self._lock = threading.Lock()

    def load(self) -> int:
        return self._value

    def exchange(self, value: int) -> int:
        with self._lock:
            before, self._value = self._value, value
            return before

    def compare_exchange(self, expected: int, value: int) -> int:
        """The value before, which was replaced if it was what was expected."""
        with self._lock:
            before = self._value
            if before == expected:
                self._value = value
            return before

    def add(self, number: int) -> None:
        with self._lock:
            self._value += number


class SafeStack:
    """`head` is the place on top, and `following[place]` the one below it, unless somebody has taken `place`."""

    def __init__(self) -> None:
        self.head = AtomicInteger(0)
        self.count = AtomicInteger(PLACES)
        self.following = [AtomicInteger(place + 1 if place + 1 < PLACES else NOBODY) for place in range(PLACES)]

    def pop(self) -> int:
        while self.count.load() > 1:
            place = self.head.load()
            below = self.following[place].exchange(NOBODY)
            if below >= 0:
                if self.head.compare_exchange(place, below) == place:
                    self.count.add(-1)
                    return place
                self.following[place].exchange(below)
            time.sleep(0)  # somebody else is at it
        return NOBODY

    def push(self, place: int) -> None:
        below = self.head.load()
        while True:
            self.following[place].exchange(below)
            seen = self.head.compare_exchange(below, place)
            if seen == below:
                break
            below = seen
        self.count.add(1)


def safestack(check: Check = must_hold) -> None:
    stack = SafeStack()
    owners = [NOBODY] * PLACES

    def take_and_give_back(thread: int) -> None:
        for _ in range(ROUNDS):
            place = stack.pop()
            while place == NOBODY:
                time.sleep(0)
                place = stack.pop()
            owners[place] = thread
            check(owners[place] == thread)
            stack.push(place)

    run(*[lambda thread=thread: take_and_give_back(thread) for thread in range(THREADS)])
