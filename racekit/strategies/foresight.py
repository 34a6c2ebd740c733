"""What each thread is about to touch, also a thread that has not begun."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.dependence import Access
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.steps import footprint


class Foresight:
    """A thread that has not begun will do first what it did first in the execution before, as far as one can tell."""

    def __init__(self) -> None:
        self._first: dict[int, Access | None] = {}
        self._begun: set[int] = set()

    def begin(self) -> None:
        self._begun = set()

    def has_run(self, thread: int) -> None:
        self._begun.add(thread)

    def pending(self, point: SchedulingPoint, thread: int) -> Access | None:
        if thread in self._begun or thread == 0:
            return point.pending(thread)
        return self._first.get(thread)

    def learn(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        """An execution is over."""
        self._first = {}
        for thread, _, operation, location in trace:
            if thread not in self._first:
                accesses = footprint(((thread, None, operation, location),), kinds)
                self._first[thread] = accesses[0] if accesses else None
