"""Happens-before in one execution: what orders the events of its threads, and which accesses nothing orders.

Within a thread events are ordered as they came. Across threads a start happens before all of its thread, all of a
thread before its join, a release before the next acquire of that lock, a put before the get, what an event loop is
asked to call before its next look for such. That is all that synchronizes, since the standard library builds the rest
from it. Two conflicting accesses that this leaves unordered race (Lamport, "Time, clocks, and the ordering of events",
CACM 1978; vector clocks as in FastTrack, PLDI 2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from racekit.dependence import same_part
from racekit.trace import Arrow

PUBLISHES = frozenset({"release", "put", "call_soon_threadsafe", "sem_post"})
LEARNS = frozenset({"acquire", "acquire now", "get", "select", "sem_wait"})
ACCESSES = frozenset({"read", "write"})


class Happening(NamedTuple):
    """An operation of a thread on `key`: a location (object, part) for accesses, a child's id for starts and joins.

    `event` is the index of the event that tells it; None for what happens inside of the standard library.
    """

    thread: int
    operation: str
    key: object
    event: int | None


class Order(NamedTuple):
    """What orders events of different threads, in as few arrows as say it, and the accesses that race."""

    arrows: tuple[Arrow, ...]
    races: tuple[Arrow, ...]


def happens_before(happenings: Iterable[Happening]) -> Order:
    """The order of the events that tell of these operations, which are given in the order in which they happened."""
    order = _Ordering()
    for happening in happenings:
        order.add(happening)
    return Order(tuple(order.arrows), tuple(sorted(order.races)))


@dataclass(slots=True)
class _Clock:
    """The latest event of each thread that happens before what comes next: `synchronized`, or by accesses as well."""

    synchronized: dict[int, int] = field(default_factory=dict)
    ordered: dict[int, int] = field(default_factory=dict)

    def copy(self) -> _Clock:
        return _Clock(dict(self.synchronized), dict(self.ordered))


@dataclass(slots=True)
class _Accesses:
    """Who accessed one part of one object: the last write, who has read since, and everybody's latest ones."""

    write: int | None = None
    readers: dict[int, int] = field(default_factory=dict)
    latest: dict[tuple[int, str], int] = field(default_factory=dict)


class _Ordering:
    def __init__(self) -> None:
        self.arrows: list[Arrow] = []
        self.races: list[Arrow] = []
        self._clocks: dict[int, _Clock] = {}
        self._at: dict[int, _Clock] = {}
        self._news: dict[int, dict[int, tuple[int, str]]] = {}
        self._published: dict[object, _Clock] = {}
        self._born: dict[object, _Clock] = {}
        self._objects: dict[object, dict[object, _Accesses]] = {}

    def add(self, happening: Happening) -> None:
        thread, operation, key, event = happening
        if thread not in self._clocks:
            self._clocks[thread] = _Clock()
            self._learn(thread, self._born.get(thread), "start")
        if operation in LEARNS:
            self._learn(thread, self._published.get(key), "synchronization")
        elif operation == "join" and isinstance(key, int):
            self._learn(thread, self._clocks.get(key), "join")
        elif operation in ACCESSES and event is not None:
            self._access(thread, operation, key, event)
        if event is not None:
            self._tell(thread, event)
        if operation in PUBLISHES:
            self._publish(thread, key)
        elif operation == "start":
            self._born[key] = self._clocks[thread].copy()

    def _learn(self, thread: int, source: _Clock | None, kind: str) -> None:
        """What happened before `source` happens before what `thread` does next."""
        if source is None:
            return
        mine = self._clocks[thread]
        if kind != "access":
            _merge(mine.synchronized, source.synchronized)
        for other, latest in _merge(mine.ordered, source.ordered):
            if other != thread:
                self._news.setdefault(thread, {})[other] = latest, kind

    def _publish(self, thread: int, key: object) -> None:
        published, mine = self._published.setdefault(key, _Clock()), self._clocks[thread]
        _merge(published.synchronized, mine.synchronized)
        _merge(published.ordered, mine.ordered)

    def _tell(self, thread: int, event: int) -> None:
        """The event comes after all that `thread` has learnt since its last one."""
        news = self._news.pop(thread, {})
        for other, (latest, kind) in sorted(news.items()):
            follows = any(
                self._at[known].ordered.get(other, -1) >= latest for known, _ in news.values() if known != latest
            )
            if not follows:
                self.arrows.append(Arrow(latest, event, kind))
        mine = self._clocks[thread]
        mine.synchronized[thread] = mine.ordered[thread] = event
        self._at[event] = mine.copy()

    def _access(self, thread: int, operation: str, key: object, event: int) -> None:
        assert isinstance(key, tuple)
        number, part = key
        parts = self._objects.setdefault(number, {})
        synchronized = self._clocks[thread].synchronized
        for accesses in [accesses for other, accesses in parts.items() if same_part(other, part)]:
            for (other, how), earlier in accesses.latest.items():
                conflict = other != thread and "write" in (how, operation)
                if conflict and synchronized.get(other, -1) < earlier:
                    self.races.append(Arrow(earlier, event, "race"))
            for earlier in _before(accesses, thread, operation):
                self._learn(thread, self._at[earlier], "access")
        mine = parts.setdefault(part, _Accesses())
        mine.latest[thread, operation] = event
        if operation == "write":
            mine.write = event
            mine.readers.clear()
        else:
            mine.readers[thread] = event


def _before(accesses: _Accesses, thread: int, operation: str) -> Iterator[int]:
    if accesses.write is not None:
        yield accesses.write
    if operation == "write":
        yield from (event for reader, event in accesses.readers.items() if reader != thread)


def _merge(mine: dict[int, int], other: dict[int, int]) -> list[tuple[int, int]]:
    """Take over what is later in `other`, and return that."""
    later = [(thread, event) for thread, event in other.items() if mine.get(thread, -1) < event]
    mine.update(later)
    return later
