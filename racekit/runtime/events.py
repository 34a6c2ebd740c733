"""The events of one execution, as they happen: a few words each, as many as its strategy needs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from racekit.runtime.scheduling_point import TraceEntry
from racekit.runtime.thread import ControlledThread
from racekit.schedule import ACCESSES, SYNCHRONIZATION
from racekit.watch.site import Site, position_number

if TYPE_CHECKING:
    from racekit.runtime.conflicts import Conflicts


class Events:
    """`trace` is what has happened so far; it stays empty if nobody needs it.

    Where an event was is noted only for a strategy that compares events.
    """

    conflicts: Conflicts

    def __init__(self, *, compares_events: bool, keeps_trace: bool) -> None:
        self.compares_events = compares_events
        kept: Any = [] if keeps_trace else deque(maxlen=0)
        self.trace: list[TraceEntry] = kept

    def record(
        self,
        thread: ControlledThread,
        site: Site | None,
        operation: str,
        touched: object,
        is_step: bool = True,
        part: object = None,
    ) -> None:
        """`thread` synchronizes by what it `touched` (a thread by its id), as an event of its own if `is_step`.

        An `operation` like "acquire failed" was announced as "acquire".
        """
        thread.looked = True
        location = touched if touched is None or type(touched) is int else self.location(touched, part)
        if thread.atomic or not is_step:
            self.trace.append((thread.id, None, operation, location))
            return
        self.count(thread, site, operation.partition(" ")[0])
        self.trace.append((thread.id, site, operation, location))

    def location(self, touched: object, part: object = None) -> object:
        """Where the event is, for a strategy that compares events; it costs too much for the others."""
        return (self.conflicts.record(touched).number, part) if self.compares_events else None

    def lives(self, thread: ControlledThread, operation: str, of: object) -> None:
        """`thread` changes who is alive, or looks at it: `of` is the id of whom that is about, or WHOLE for anybody."""
        if self.compares_events:
            self.trace.append((thread.id, None, operation, self.location(self, of)))

    def count(self, thread: ControlledThread, site: Site | None, operation: str) -> None:
        """`thread` passes a position, so that the next time there is another occurrence."""
        position = position_number(0 if site is None else site.line, SYNCHRONIZATION, operation)
        thread.counts[position] = thread.counts.get(position, 0) + 1

    def pending_position(self, thread: ControlledThread) -> int:
        """The number of the position where `thread` is about to do something."""
        site, operation = thread.site, thread.operation
        if site is not None and operation in ACCESSES:
            return site.position
        return position_number(0 if site is None else site.line, SYNCHRONIZATION, operation)
