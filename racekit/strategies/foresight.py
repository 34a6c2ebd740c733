"""What each thread is about to touch, also a thread that has not begun."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.dependence import Access
from racekit.runtime.scheduling_point import OF_THREADS, SchedulingPoint, TraceEntry
from racekit.strategies.steps import footprint


class Foresight:
    """A thread that has not begun will do first what it did first in the execution before, as far as one can tell."""

    def __init__(self) -> None:
        self._first: dict[int, Access | None] = {}
        self.begin()

    def begin(self) -> None:
        self._begun = {0}
        self._known: dict[int, Access | None] = {}

    def runs(self, thread: int) -> None:
        """`thread` was chosen: it will be about to do something else."""
        self._begun.add(thread)
        self._known.pop(thread, None)

    def pending(self, point: SchedulingPoint, thread: int) -> Access | None:
        if thread not in self._known:
            self._known[thread] = point.pending(thread) if thread in self._begun else self._first.get(thread)
        return self._known[thread]

    def learn(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        """An execution is over."""
        self._first = {}
        for thread, _, operation, location in trace:
            if thread not in self._first and operation not in OF_THREADS:
                accesses = footprint(((thread, None, operation, location),), kinds)
                self._first[thread] = accesses[0] if accesses else None
