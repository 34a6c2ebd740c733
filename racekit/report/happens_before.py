"""Happens-before among the events of one execution, as few arrows as say it.

Within a thread events are ordered as they came. Across threads a start happens before the child's first event, the
child's last before its join, a change of a synchronization object before what follows on it, and of two accesses to
one location, one of them a write, the earlier one before the later one (Mazurkiewicz's dependence).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from racekit.dependence import same_part, writes
from racekit.schedule import ACCESSES
from racekit.trace import Event

_PUBLISHES = frozenset({"release", "set", "put", "put_nowait", "notify", "notify_all", "set_result", "set_exception"})
"""Synchronizations that order what comes after them, and wait for nothing themselves."""


class Arrow(NamedTuple):
    """Indices of two events of different threads, the first of which happens before the second.

    `kind` is "start", "join", "synchronization" or "access".
    """

    first: int
    second: int
    kind: str


class _Past:
    """What each thread knows of the others: the latest event of each that happens before what it does next."""

    def __init__(self) -> None:
        self._of_thread: dict[int, dict[int, int]] = {}
        self._at: list[dict[int, int]] = []

    def knows(self, thread: int, other: int, index: int) -> bool:
        return self._of_thread.get(thread, {}).get(other, -1) >= index

    def learn(self, thread: int, index: int) -> None:
        """What `thread` does from here on comes after event `index`."""
        mine = self._of_thread.setdefault(thread, {})
        for other, known in self._at[index].items():
            if mine.get(other, -1) < known:
                mine[other] = known

    def happens(self, thread: int) -> None:
        """The next event is one of `thread`."""
        mine = self._of_thread.setdefault(thread, {})
        mine[thread] = len(self._at)
        self._at.append(dict(mine))


def happens_before(events: Sequence[Event]) -> list[Arrow]:
    """The arrows between threads, without those that follow from others."""
    past = _Past()
    arrows: list[Arrow] = []
    for event, candidates in zip(events, _predecessors(events), strict=True):
        for arrow in sorted(candidates, reverse=True):
            if not past.knows(event.thread, events[arrow.first].thread, arrow.first):
                arrows.append(arrow)
                past.learn(event.thread, arrow.first)
        past.happens(event.thread)
    return arrows


def races(events: Sequence[Event]) -> list[Arrow]:
    """Pairs of conflicting accesses that only the schedule has ordered: no start, join or synchronization does.

    Of each thread's earlier reads and writes of the location, the last ones count.
    """
    past = _Past()
    found: list[Arrow] = []
    latest: dict[object, dict[tuple[int, str], int]] = {}
    for index, (event, candidates) in enumerate(zip(events, _predecessors(events), strict=True)):
        for arrow in candidates:
            if arrow.kind != "access":
                past.learn(event.thread, arrow.first)
        if event.operation in ACCESSES:
            accesses = latest.setdefault(event.location, {})
            found += [
                Arrow(earlier, index, "access")
                for (thread, operation), earlier in accesses.items()
                if thread != event.thread
                and "write" in (operation, event.operation)
                and not past.knows(event.thread, thread, earlier)
            ]
            accesses[event.thread, event.operation] = index
        past.happens(event.thread)
    return sorted(found)


@dataclass(slots=True)
class _History:
    """Who touched one part of one object: the last change, and who has read it since."""

    write: int | None = None
    reads: dict[int, int] = field(default_factory=dict)


def _predecessors(events: Sequence[Event]) -> Iterator[list[Arrow]]:
    """For each event those of other threads that it comes directly after, whether or not other arrows say so too."""
    births: dict[object, int] = {}
    last: dict[object, int] = {}
    histories: dict[object, dict[object, _History]] = {}
    for index, event in enumerate(events):
        found: list[Arrow] = []
        if event.thread not in last and event.thread in births:
            found.append(Arrow(births[event.thread], index, "start"))
        number, part = event.location if isinstance(event.location, tuple) else (None, None)
        if event.operation == "start":
            births[part] = index
        elif event.operation == "join":
            if part in last:
                found.append(Arrow(last[part], index, "join"))
        elif number is not None:
            parts = histories.setdefault(number, {})
            for other, history in parts.items():
                if same_part(other, part):
                    found += _conflicts(history, event, events, index)
            _remember(parts.setdefault(part, _History()), event, index)
        last[event.thread] = index
        yield found


def _conflicts(history: _History, event: Event, events: Sequence[Event], index: int) -> Iterator[Arrow]:
    accesses = event.operation in ACCESSES
    written_by_another = history.write is not None and events[history.write].thread != event.thread
    if history.write is not None and written_by_another and (accesses or event.operation not in _PUBLISHES):
        yield Arrow(history.write, index, "access" if accesses else "synchronization")
    if event.operation == "write":
        for thread, read in history.reads.items():
            if thread != event.thread:
                yield Arrow(read, index, "access")


def _remember(history: _History, event: Event, index: int) -> None:
    if not writes(event.operation):
        history.reads[event.thread] = index
    else:
        history.write = index
        history.reads.clear()
