"""What an execution showed: which threads do alike, and where one could be interrupted to another's effect."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from racekit.dependence import WHOLE, writes
from racekit.runtime.scheduling_point import BLOCKED, OF_THREADS, TraceEntry
from racekit.schedule import ACCESSES

_TAKES = frozenset({"acquire", "acquire now"})
_GIVES = "release"


class _Event(NamedTuple):
    place: object
    operation: str
    location: object
    is_step: bool


class Stop(NamedTuple):
    """The point of a thread after so many `events`, when it comes to `place` for the `passage`-th time."""

    events: int
    place: object
    passage: int


class Profile:
    """The events of each thread in one execution, in order."""

    def __init__(self, trace: Sequence[TraceEntry]) -> None:
        self.length = len(trace)
        self.starters: set[int] = set()
        self._events: defaultdict[int, list[_Event]] = defaultdict(list)
        self._touches: defaultdict[int, dict[object, bool]] = defaultdict(dict)
        wholes = {entry[3][0] for entry in trace if isinstance(entry[3], tuple) and entry[3][1] is WHOLE}
        for thread, site, operation, location in trace:
            place = operation if site is None else (site.filename, site.position, operation)
            touched: object = None
            if operation == "start":
                self.starters.add(thread)
            is_access = operation not in OF_THREADS and not operation.endswith(BLOCKED)
            if isinstance(location, tuple) and is_access:
                touched = location[0] if location[0] in wholes else location
                self._touches[thread][touched] = self._touches[thread].get(touched, False) or writes(operation)
            self._events[thread].append(_Event(place, operation, touched, site is not None))

    def alike(self) -> list[list[int]]:
        """The threads that touch anything shared, those together that begin at the same place."""
        kinds: defaultdict[object, list[int]] = defaultdict(list)
        for thread in sorted(self._touches):
            begins = next((event.place for event in self._events[thread] if event.is_step), None)
            kinds[0 if thread == 0 else begins].append(thread)
        return list(kinds.values())

    def conflict(self, thread: int, other: int) -> bool:
        return any(self._conflicting(thread, other, location) for location in self._touches[thread])

    def _conflicting(self, thread: int, other: int, location: object) -> bool:
        one, two = self._touches[thread], self._touches[other]
        return location in one and location in two and (one[location] or two[location])

    def contested(self, thread: int, other: int) -> list[object]:
        """The locations that both access, one of them to change it; those with the fewest accesses first."""
        accesses = Counter(
            event.location for each in (thread, other) for event in self._events[each] if event.operation in ACCESSES
        )
        return [location for location, _ in accesses.most_common()[::-1] if self._conflicting(thread, other, location)]

    def stops(self, thread: int, other: int) -> Iterator[Stop]:
        """Where to interrupt `thread` so that what `other` does meanwhile falls between two of its conflicting events.

        Left out is what changes nothing: to stop before a release, or with the lock held that `other` needs first.
        """
        first = next((event for event in self._events[other] if self._conflicts(event, other, thread)), None)
        held: set[object] = set()
        passages: Counter[object] = Counter()
        begun = False
        for index, event in enumerate(self._events[thread]):
            if self._conflicts(event, thread, other):
                needed = first is not None and first.operation in _TAKES and first.location in held
                if begun and event.is_step and event.operation != _GIVES and not needed:
                    passages[event.place] += 1
                    yield Stop(index, event.place, passages[event.place])
                begun = True
            if event.operation in _TAKES:
                held.add(event.location)
            elif event.operation == _GIVES:
                held.discard(event.location)

    def _conflicts(self, event: _Event, thread: int, other: int) -> bool:
        return event.location is not None and self._conflicting(thread, other, event.location)
