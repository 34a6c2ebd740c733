"""What a strategy is asked, and what it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from racekit.watch.site import Site

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler

TraceEntry = tuple[int, Site | None, str, object]
"""(thread, where, "read" or "write" or a synchronization's name, location)"""


class SchedulingPoint:
    """What a strategy sees when it is asked who goes on: ids, and what each thread is about to do.

    `enabled` are the threads that could go on, at least two, ascending. `current` is the thread that ran until now, and
    `preemptive` tells whether it could simply go on, so that any other choice is a preemption. `default` is the choice
    that costs nothing: the current thread, else the next in turn.
    """

    __slots__ = ("current", "default", "enabled", "preemptive", "scheduler")

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.enabled: tuple[int, ...] = ()
        self.current = 0
        self.default = 0
        self.preemptive = False

    def pending(self, thread: int) -> tuple[Site | None, str]:
        """Where and what `thread` is about to do."""
        controlled = self.scheduler.threads[thread]
        return controlled.site, controlled.operation

    @property
    def trace(self) -> list[TraceEntry]:
        """All that has happened so far: (thread, site, operation, location) for each event."""
        return self.scheduler.trace


class Chooser(Protocol):
    """The part of a strategy that the scheduler needs."""

    def choose(self, point: SchedulingPoint) -> int:
        """The id of the thread that goes on, one of `point.enabled`."""
        ...
