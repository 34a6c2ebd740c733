"""Like a schedule that is known: does something that resembles a failing body fail in the same way?"""

from __future__ import annotations

from collections.abc import Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.schedule import ACCESSES, SYNCHRONIZATION, Position, Schedule
from racekit.watch.site import Site, numbered_position


class Near:
    """Preempts threads where `schedule` switches, in the same order, whichever thread gets there.

    A place is a line and what is done there. Each thread has its turn to be the first one, and is preempted at the
    first time that it gets to the first place, then at the second time, and so on. So a few executions show whether a
    smaller program still has the failure of a larger one; they prove nothing if it has not.
    """

    def __init__(self, schedule: Schedule) -> None:
        self.cut_by: str | None = "near"
        self.interleavings: int | None = None
        self.preemptions_ruled_out = 0
        self._places = [_place(switch.position) for switch in schedule.switches if switch.thread != 0]
        self._first = 0
        self._skipped = 0
        self._threads = 1
        self._over = False

    compares_events = False

    def restart(self) -> None:
        """That more places matter changes nothing: they are none of the schedule's."""

    def begin(self) -> bool:
        self._begun = False
        self._switched = 0
        self._passed = 0
        self._preempted: int | None = None
        return not self._over

    def choose(self, point: SchedulingPoint) -> int:
        if not self._begun and point.current == 0 and not point.preemptive:
            self._begun = True
            self._threads = len(point.enabled)
            return point.enabled[self._first % self._threads]
        others = [thread for thread in point.enabled if thread not in (0, point.current)]
        if not point.preemptive or not others or not self._places:
            return point.default
        if self._switched == len(self._places) or _place(point.position()) != self._places[self._switched]:
            return point.default
        if self._switched == 0 and self._preempted in (None, point.current):
            self._preempted = point.current
            self._passed += 1
            if self._passed <= self._skipped:
                return point.default
        self._switched += 1
        return next((thread for thread in others if thread > point.current), others[0])

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._skipped += 1
        if self._preempted is not None and self._skipped < self._times_at_first_place(trace, self._preempted):
            return
        never_there = self._first == 0 and bool(self._places) and not self._times_at_first_place(trace, None)
        self._skipped = 0
        self._first += 1
        self._over = never_there or self._first >= self._threads

    def _times_at_first_place(self, trace: Sequence[TraceEntry], who: int | None) -> int:
        """How often a thread came there; None: any."""
        return sum(
            site is not None and _place_of(site, operation) == self._places[0]
            for thread, site, operation, _ in trace
            if who in (None, thread)
        )


def _place(position: Position) -> Position:
    return position._replace(occurrence=1)


def _place_of(site: Site, operation: str) -> Position:
    if operation in ACCESSES:
        return Position(*numbered_position(site.position), 1)
    return Position(site.line, SYNCHRONIZATION, operation.partition(" ")[0], 1)
