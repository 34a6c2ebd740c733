"""A work-stealing queue without locks on its fast path: a push may overwrite the element that a thief just reserved.

CHESS's queue after the THE protocol of Cilk, with the push that leaves no spare element.
"""

from __future__ import annotations

import threading

from ..threads import Check, must_hold

ITEMS = 4
STEALS = 2


class Item:
    def __init__(self) -> None:
        self.done = 0


class WorkStealQueue:
    """`head` is where thieves steal, `tail` where the owner pushes and pops; there are `mask + 1` places."""

    def __init__(self, size: int) -> None:
        self.lock = threading.Lock()
        self.head = 0
        self.tail = 0
        self.mask = size - 1
        self.elements: list[Item | None] = [None] * size

    def steal(self) -> Item | None:
        with self.lock:
            head = self.head
            self.head = head + 1
            if head < self.tail:
                return self.elements[head & self.mask]
            self.head = head
            return None

    def pop(self) -> Item | None:
        tail = self.tail - 1
        self.tail = tail
        if self.head <= tail:
            return self.elements[tail & self.mask]
        self.tail = tail + 1
        return self._pop_alone()

    def _pop_alone(self) -> Item | None:
        with self.lock:
            tail = self.tail - 1
            self.tail = tail
            found = None
            if self.head <= tail:
                found = self.elements[tail & self.mask]
            else:
                self.tail = tail + 1
            if self.head > tail:
                self.head = 0
                self.tail = 0
                found = None
            return found

    def push(self, item: Item) -> None:
        tail = self.tail
        if tail < self.head + self.mask + 1:
            self.elements[tail & self.mask] = item
            self.tail = tail + 1
        else:
            self._push_alone(item)

    def _push_alone(self, item: Item) -> None:
        with self.lock:
            head = self.head
            count = self.tail - head
            head = head & self.mask
            self.head = head
            self.tail = head + count
            if count >= self.mask:
                larger: list[Item | None] = [None] * (2 * (self.mask + 1))
                for index in range(count):
                    larger[index] = self.elements[(head + index) & self.mask]
                self.elements = larger
                self.mask = len(larger) - 1
                self.head = 0
                self.tail = count
            tail = self.tail
            self.elements[tail & self.mask] = item
            self.tail = tail + 1


def work_steal_queue(check: Check = must_hold) -> None:
    queue = WorkStealQueue(2)
    items = [Item() for _ in range(ITEMS)]

    def work_on(item: Item | None) -> None:
        if item is not None:
            item.done = item.done + 1

    def steal() -> None:
        for _ in range(STEALS):
            work_on(queue.steal())

    thief = threading.Thread(target=steal)
    thief.start()
    for index in range(0, ITEMS, 2):
        queue.push(items[index])
        queue.push(items[index + 1])
        work_on(queue.pop())
    for _ in range(ITEMS // 2):
        work_on(queue.pop())
    thief.join()
    check(all(item.done == 1 for item in items))
