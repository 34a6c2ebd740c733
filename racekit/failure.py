"""A failure that an exploration found."""

from __future__ import annotations

from dataclasses import dataclass, field

from racekit.errors import Deadlock, Livelock
from racekit.schedule import Schedule
from racekit.trace import Place, Trace, Wait


@dataclass(frozen=True, slots=True)
class Failure:
    """How one execution failed, with the schedule that makes it fail so again.

    `kind` is "exception", "deadlock" or "livelock". `thread` names the thread that failed, `exception` is what it
    raised (None for the other kinds), `waits` tells who waits for what in a deadlock, `repeated` the lines of a
    livelock that repeat. `reproduced` is False if the body did something else when this schedule was run again: then
    the trace has no values. `str()` is the report for people.

    `schedule` is minimized: it has as many `preemptions` (a thread could have gone on, but another one did).
    `fewest_preemptions` is True if every schedule with fewer was run and none fails in this way. `original` is the
    schedule that was found first, with its own number of preemptions.
    """

    kind: str
    exception: BaseException | None
    thread: str
    schedule: Schedule
    trace: Trace
    waits: tuple[Wait, ...] = ()
    repeated: tuple[Place, ...] = ()
    execution: int = 0
    reproduced: bool = True
    preemptions: int = 0
    fewest_preemptions: bool = False
    original: Schedule = field(default_factory=Schedule)
    original_preemptions: int = 0
    report: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.report or f"{self.kind} in {self.thread}"


def raise_failure(failure: Failure) -> None:
    """Raise the failure's own exception, with the report as a note; Deadlock or Livelock if it has none."""
    __tracebackhide__ = True
    if failure.exception is not None:
        if failure.report not in getattr(failure.exception, "__notes__", ()):
            failure.exception.add_note(failure.report)
        raise failure.exception
    kind = Deadlock if failure.kind == "deadlock" else Livelock
    raise kind(failure.report, failure)
