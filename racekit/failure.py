"""A failure that an exploration found."""

from __future__ import annotations

from dataclasses import dataclass, field

from racekit.schedule import Schedule
from racekit.trace import Place, Trace, Wait


@dataclass(frozen=True, slots=True)
class Failure:
    """How one execution failed, with the schedule that makes it fail so again.

    `kind` is "exception", "deadlock" or "livelock". `thread` names the thread that failed, `exception` is what it
    raised (None for the other kinds), `waits` tells who waits for what in a deadlock, `repeated` the lines of a
    livelock that repeat. `str()` is the report for people.
    """

    kind: str
    exception: BaseException | None
    thread: str
    schedule: Schedule
    trace: Trace
    waits: tuple[Wait, ...] = ()
    repeated: tuple[Place, ...] = ()
    execution: int = 0
    report: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.report or f"{self.kind} in {self.thread}"
