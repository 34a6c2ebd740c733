"""Well-known concurrent classes, each as it should be and with a fault that people really make."""

from __future__ import annotations

import collections
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import strategies as st

from racekit.properties import invariant, operation

# --- queues ----------------------------------------------------------------------------------------------------------


class UnlockedQueue:
    """Whoever looks at the size and then acts may find that another one was faster."""

    def __init__(self, maxsize: int) -> None:
        self.maxsize = maxsize
        self.items: list[int] = []

    def put_nowait(self, item: int) -> None:
        if len(self.items) >= self.maxsize:
            raise queue.Full
        self.items.append(item)

    def get_nowait(self) -> int:
        if not self.items:
            raise queue.Empty
        item = self.items[0]
        del self.items[0]
        return item


class Queue:
    def start(self) -> Any:
        return queue.Queue(2)

    @operation(item=st.integers(0, 9))
    def put(self, subject: Any, item: int) -> None:
        subject.put_nowait(item)

    @operation()
    def get(self, subject: Any) -> int:
        return subject.get_nowait()


class BrokenQueue(Queue):
    def start(self) -> Any:
        return UnlockedQueue(2)


# --- a deque that threads share --------------------------------------------------------------------------------------


class Deque:
    """Jobs, of which there is one at the start."""

    def start(self) -> collections.deque[int]:
        return collections.deque([7])

    @operation(item=st.integers(0, 9))
    def append(self, subject: collections.deque[int], item: int) -> None:
        subject.append(item)

    @operation()
    def take(self, subject: collections.deque[int]) -> int | None:
        try:
            return subject.popleft()
        except IndexError:
            return None


class BrokenDeque(Deque):
    @operation()
    def take(self, subject: collections.deque[int]) -> int | None:
        return subject.popleft() if subject else None


# --- semaphores ------------------------------------------------------------------------------------------------------


class CountedSemaphore:
    """It tests the count and takes one from it in two steps."""

    def __init__(self, value: int) -> None:
        self.value = value

    def acquire(self, blocking: bool = True) -> bool:
        if self.value > 0:
            self.value -= 1
            return True
        return False

    def release(self) -> None:
        self.value += 1


class Semaphore:
    def start(self) -> Any:
        return threading.Semaphore(1)

    @operation()
    def acquire(self, subject: Any) -> bool:
        return subject.acquire(blocking=False)

    @operation()
    def release(self, subject: Any) -> None:
        subject.release()


class BrokenSemaphore(Semaphore):
    def start(self) -> Any:
        return CountedSemaphore(1)


# --- a cache that forgets what was least recently used ---------------------------------------------------------------


class LruCache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.items: collections.OrderedDict[int, int] = collections.OrderedDict()

    def get(self, key: int) -> int | None:
        if key not in self.items:
            return None
        self.items.move_to_end(key)
        return self.items[key]

    def put(self, key: int, value: int) -> None:
        self.items[key] = value
        self.items.move_to_end(key)
        if len(self.items) > self.size:
            self.items.popitem(last=False)


class LockedLruCache(LruCache):
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.lock = threading.Lock()

    def get(self, key: int) -> int | None:
        with self.lock:
            return super().get(key)

    def put(self, key: int, value: int) -> None:
        with self.lock:
            super().put(key, value)


class Cache:
    def start(self) -> LruCache:
        return LockedLruCache(1)

    @operation(key=st.integers(0, 2), value=st.integers(0, 9))
    def put(self, subject: LruCache, key: int, value: int) -> None:
        subject.put(key, value)

    @operation(key=st.integers(0, 2))
    def get(self, subject: LruCache, key: int) -> int | None:
        return subject.get(key)


class BrokenCache(Cache):
    def start(self) -> LruCache:
        return LruCache(1)


# --- a bank ----------------------------------------------------------------------------------------------------------


class Accounts:
    def __init__(self) -> None:
        self.balances = {"mine": 10, "yours": 10}

    def transfer(self, source: str, target: str, amount: int) -> bool:
        if self.balances[source] < amount:
            return False
        self.balances[source] -= amount
        self.balances[target] += amount
        return True


class LockedAccounts(Accounts):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()

    def transfer(self, source: str, target: str, amount: int) -> bool:
        with self.lock:
            return super().transfer(source, target, amount)


NAMES = st.sampled_from(["mine", "yours"])


class Bank:
    def start(self) -> Accounts:
        return LockedAccounts()

    @operation(source=NAMES, target=NAMES, amount=st.integers(1, 20))
    def transfer(self, subject: Accounts, source: str, target: str, amount: int) -> bool:
        return subject.transfer(source, target, amount)

    @invariant
    def no_money_is_lost(self, subject: Accounts) -> None:
        assert sum(subject.balances.values()) == 20

    def view(self, subject: Accounts) -> dict[str, int]:
        return subject.balances


class BrokenBank(Bank):
    def start(self) -> Accounts:
        return Accounts()


# --- a pool of connections -------------------------------------------------------------------------------------------


class Connection:
    pass


class ConnectionPool:
    """It hands out a connection that is free, or opens another one, up to a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.opened = 0
        self.free: list[Connection] = []

    def acquire(self) -> Connection | None:
        if self.free:
            connection = self.free[-1]
            self.free.pop()
            return connection
        if self.opened < self.limit:
            self.opened += 1
            return Connection()
        return None

    def release(self, connection: Connection) -> None:
        self.free.append(connection)


class LockedConnectionPool(ConnectionPool):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.lock = threading.Lock()

    def acquire(self) -> Connection | None:
        with self.lock:
            return super().acquire()

    def release(self, connection: Connection) -> None:
        with self.lock:
            super().release(connection)


class Pool:
    """One connection is in use when it starts, and may be given back."""

    def start(self) -> ConnectionPool:
        return self.in_use(LockedConnectionPool(2))

    def in_use(self, pool: ConnectionPool) -> ConnectionPool:
        self.used = [pool.acquire()]
        return pool

    @operation()
    def acquire(self, subject: ConnectionPool) -> Connection | None:
        return subject.acquire()

    @operation(group="giver")
    def give_back(self, subject: ConnectionPool) -> bool:
        if not self.used:
            return False
        subject.release(self.used.pop())
        return True


class BrokenPool(Pool):
    def start(self) -> ConnectionPool:
        return self.in_use(ConnectionPool(2))


# --- a treiber stack -------------------------------------------------------------------------------------------------


class Node:
    def __init__(self, value: int, next: Node | None) -> None:
        self.value = value
        self.next = next


class Reference:
    """A reference that can be compared and set in one step, as hardware does it."""

    def __init__(self) -> None:
        self.target: Node | None = None
        self._lock = threading.Lock()

    def compare_and_set(self, expected: Node | None, target: Node | None) -> bool:
        with self._lock:
            if self.target is not expected:
                return False
            self.target = target
            return True


class TreiberStack:
    """Treiber, "Systems programming: coping with parallelism" (1986)."""

    def __init__(self) -> None:
        self.top = Reference()

    def push(self, value: int) -> None:
        while True:
            top = self.top.target
            if self.swing(top, Node(value, top)):
                return

    def pop(self) -> int | None:
        while True:
            top = self.top.target
            if top is None:
                return None
            if self.swing(top, top.next):
                return top.value

    def swing(self, expected: Node | None, target: Node | None) -> bool:
        return self.top.compare_and_set(expected, target)


class PlainStoreStack(TreiberStack):
    def swing(self, expected: Node | None, target: Node | None) -> bool:
        self.top.target = target
        return True


class Stack:
    def start(self) -> TreiberStack:
        return TreiberStack()

    @operation(value=st.integers(0, 9))
    def push(self, subject: TreiberStack, value: int) -> None:
        subject.push(value)

    @operation()
    def pop(self, subject: TreiberStack) -> int | None:
        return subject.pop()


class BrokenStack(Stack):
    def start(self) -> TreiberStack:
        return PlainStoreStack()


# --- a readers-writer lock -------------------------------------------------------------------------------------------


class ReadersWriterLock:
    def __init__(self) -> None:
        self.condition = threading.Condition()
        self.readers = 0
        self.writing = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self.condition:
            while self.writing:
                self.condition.wait()
            self.readers += 1
        try:
            yield
        finally:
            with self.condition:
                self.readers -= 1
                self.condition.notify_all()

    @contextmanager
    def writing_alone(self) -> Iterator[None]:
        with self.condition:
            while not self.may_write():
                self.condition.wait()
            self.writing = True
        try:
            yield
        finally:
            with self.condition:
                self.writing = False
                self.condition.notify_all()

    def may_write(self) -> bool:
        return not self.writing and self.readers == 0


class CarelessLock(ReadersWriterLock):
    """A writer only waits for other writers."""

    def may_write(self) -> bool:
        return not self.writing


class Guarded:
    """Two numbers that are always changed together, and the lock that guards them."""

    def __init__(self, lock: ReadersWriterLock) -> None:
        self.lock = lock
        self.pair = [0, 0]


class ReadersWriter:
    def start(self) -> Guarded:
        return Guarded(ReadersWriterLock())

    @operation(value=st.integers(1, 9))
    def write(self, subject: Guarded, value: int) -> None:
        with subject.lock.writing_alone():
            subject.pair[0] = value
            subject.pair[1] = value

    @operation()
    def read(self, subject: Guarded) -> tuple[int, int]:
        with subject.lock.reading():
            return subject.pair[0], subject.pair[1]


class BrokenReadersWriter(ReadersWriter):
    def start(self) -> Guarded:
        return Guarded(CarelessLock())


CORRECT = (Queue, Deque, Semaphore, Cache, Bank, Pool, Stack, ReadersWriter)
BROKEN = (
    *(BrokenQueue, BrokenDeque, BrokenSemaphore, BrokenCache),
    *(BrokenBank, BrokenPool, BrokenStack, BrokenReadersWriter),
)
