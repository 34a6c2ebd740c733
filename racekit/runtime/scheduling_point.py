"""What a strategy is asked, and what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from racekit.dependence import WHOLE, Access
from racekit.runtime.enabled import next_in_turn
from racekit.runtime.thread import ControlledThread
from racekit.schedule import Position
from racekit.watch.site import Site, numbered_position

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler

BLOCKED = " blocked"
"""Ends the operation of an event that never came about: when the execution ended, a thread was waiting for this."""

THE_END, BEFORE_THE_END = "stop daemons", "daemon runs"
"""Operations of the step that stops the daemon threads, and of each of theirs; the one writes, the others read."""

BEGINS, ENDS = "begins", "ends"
"""Operations of the step that starts a thread, and of its last one; whoever asks who is alive reads."""

OF_THREADS = frozenset({THE_END, BEFORE_THE_END, BEGINS, ENDS})
"""Operations that touch nothing of the code under test."""

FAILS = "fails"
"""The operation of the event that ends an execution before its other threads have ended."""

HEAD, TAIL = "head", "tail"
"""The two ends of a queue, as parts of it."""

TraceEntry = tuple[int, Site | None, str, object]
"""(thread, where, "read" or "write" or a synchronization's name, location)"""


class SchedulingPoint:
    """What a strategy sees when it is asked who goes on: ids, and what each thread is about to do.

    `enabled` are the threads that could go on, at least two, ascending. `current` is the thread that ran until now, and
    `preemptive` tells whether it could simply go on, so that any other choice is a preemption. `default` is the choice
    that costs nothing: the current thread, else the next in turn. `trace` is all that has happened so far.
    """

    __slots__ = ("current", "default", "enabled", "preemptive", "scheduler", "trace")

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.trace: list[TraceEntry] = scheduler.trace
        self.enabled: tuple[int, ...] = ()
        self.current = 0
        self.default = 0
        self.preemptive = False

    @property
    def kinds(self) -> list[str]:
        """The kind of each numbered object of this execution so far."""
        return self.scheduler.conflicts.owners

    def pending(self, thread: int) -> Access | None:
        """What `thread` is about to touch, if its strategy compares events and that can be known before it happens.

        It cannot for a thread that has not begun, and there is nothing where a thread starts, joins, sleeps or ends.
        """
        waiting = self.scheduler.threads[thread]
        touched, part = (waiting.awaited, WHOLE) if waiting.awaited is not None else waiting.touches or (None, None)
        if touched is None or type(touched) is ControlledThread:
            return None
        number = self.scheduler.conflicts.record(touched).number
        return Access(number, part, waiting.operation, self.kinds[number])

    def gives_way(self) -> bool:
        """Whether the current thread yields, or spins: what it waits for has to come from the others."""
        return self.scheduler.threads[self.current].yielding

    def next_in_turn(self, after: int, among: tuple[int, ...]) -> int:
        """Which of these enabled threads follows `after` in the order of their starts, sleepers after the others."""
        return next_in_turn(self.scheduler.threads, after, among)

    def position(self) -> Position:
        """Where the current thread is, as a schedule's token says it."""
        thread = self.scheduler.threads[self.current]
        number = self.scheduler.pending_position(thread)
        return Position(*numbered_position(number), thread.counts.get(number, 0) + 1)


class Chooser(Protocol):
    """The part of a strategy that the scheduler needs."""

    @property
    def compares_events(self) -> bool:
        """Whether it is asked at every scheduling point, and needs to know what each event touched."""
        ...

    def choose(self, point: SchedulingPoint) -> int:
        """The id of the thread that goes on, one of `point.enabled`."""
        ...


class Foreseen(Protocol):
    """A choice that was made at the same point of an execution before, and what was known of that point."""

    chosen: int
    default: int
    preemptive: bool


Foresee = Callable[[tuple[int, ...], Sequence[TraceEntry]], Foreseen | None]


def foresee_of(chooser: Chooser) -> Foresee | None:
    """How a chooser is asked first, if it makes its executions begin like earlier ones: most points are such points.

    It is given who is enabled and what has happened so far; where it says None it is asked to choose.
    """
    return getattr(chooser, "foresee", None)


class ByDefault:
    """Chooses what costs nothing: a thread runs for as long as it can."""

    compares_events = False

    def choose(self, point: SchedulingPoint) -> int:
        return point.default
