"""A failure that an exploration found."""

from __future__ import annotations

from dataclasses import dataclass, field

from racekit.errors import DataRaceFound, Deadlock, ForbiddenOutcome, Livelock, RaceFailure
from racekit.schedule import Schedule
from racekit.trace import Place, Trace, Wait

_RAISED: dict[str, type[RaceFailure]] = {
    "deadlock": Deadlock,
    "livelock": Livelock,
    "outcome": ForbiddenOutcome,
    "data race": DataRaceFound,
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What kind of bug a failure shows.

    `pattern` is its name in the field, such as "lost update"; `sentence` says who did what to what. `events` are the
    indices of the events that show it, `hint` is one line on how such a bug is mended (or empty).
    """

    pattern: str
    sentence: str
    events: tuple[int, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """How one execution failed, with the schedule that makes it fail so again.

    `kind` is "exception", "deadlock", "livelock", "outcome" (the body returned `value`, which must not come out;
    `outcome` says why), "lost update" (for `assert_race_free`, where nothing else failed) or "data race" (where such
    races are errors). `thread` names the thread that failed, `exception` is what it raised (None for the other kinds),
    `waits` tells who waits for what in a deadlock, `repeated` the lines of a livelock that repeat. `diagnosis` names
    the bug.

    `execution` is the number of the execution (0 if this was no search), `executions` are those of all that failed
    in this way. `passing` is the trace of the nearest one that passes: it follows the schedule for longer than others.
    `reproduced` is False if the body did something else when this schedule was run again: then the trace has no values.
    `str()` is the report for people.

    `schedule` is minimized: it has as many `preemptions` (a thread could have gone on, but another one did).
    `fewest_preemptions` is True if every schedule with fewer was run and none fails in this way. `original` is the
    schedule that was found first, with its own number of preemptions. `gil` is the verdict whether it can happen where
    there is a GIL: "every" (on every CPython), "free-threaded" (only without one), or empty if that is not known.
    """

    kind: str
    exception: BaseException | None
    thread: str
    schedule: Schedule
    trace: Trace
    waits: tuple[Wait, ...] = ()
    repeated: tuple[Place, ...] = ()
    value: object = None
    execution: int = 0
    passing: Trace | None = None
    reproduced: bool = True
    preemptions: int = 0
    fewest_preemptions: bool = False
    original: Schedule = field(default_factory=Schedule)
    original_preemptions: int = 0
    gil: str = ""
    diagnosis: Diagnosis = Diagnosis("", "")
    outcome: str = ""
    executions: tuple[int, ...] = ()
    report: str = field(default="", repr=False)

    @property
    def headline(self) -> str:
        """The sentence that names the bug."""
        return self.diagnosis.sentence or f"{self.kind} in {self.thread}"

    @property
    def count(self) -> int:
        """How many executions failed in this way."""
        return max(len(self.executions), 1)

    def __str__(self) -> str:
        return self.report or self.headline


_FAILURE = "__racekit_failure__"


def raise_failure(failure: Failure) -> None:
    """Raise the failure's own exception, with the report as a note; if it has none, Deadlock or the like."""
    __tracebackhide__ = True
    error = failure.exception
    if error is None:
        raise _RAISED.get(failure.kind, RaceFailure)(failure.report, failure)
    if failure.report not in getattr(error, "__notes__", ()):
        error.add_note(failure.report)
    setattr(error, _FAILURE, failure)
    raise error


def failure_noted_on(error: BaseException) -> Failure | None:
    """The failure for which `raise_failure` raised this exception of the code under test."""
    found = getattr(error, _FAILURE, None)
    return found if isinstance(found, Failure) else None
