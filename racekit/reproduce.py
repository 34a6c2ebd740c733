"""From an execution that failed to the failure that is reported: its schedule is run once more, recorded for people."""

from __future__ import annotations

from collections.abc import Callable

from racekit.failure import Failure
from racekit.minimize import Minimized
from racekit.report.text import failure_report
from racekit.runtime.execution import ExecutionRun
from racekit.schedule import Schedule


def reproduce(
    failed: ExecutionRun, minimized: Minimized, again: Callable[[Schedule], ExecutionRun | None], execution: int
) -> Failure:
    """The failure of `failed`, told by a recorded run of its minimized schedule.

    `again` runs the body under a schedule, and returns None if the body does not follow that. `execution` is the number
    of the failed one. If the failure does not come about again, it is reported as it was, and as not reproduced.
    """
    for simplest in dict.fromkeys((minimized.run, failed)):
        recorded = again(simplest.schedule())
        if recorded is not None and _fails_alike(recorded, simplest):
            fewest = minimized.fewest and simplest is minimized.run
            return failure_of(recorded, execution, simplest=simplest, original=failed, fewest=fewest)
    return failure_of(failed, execution, reproduced=False)


def _fails_alike(run: ExecutionRun, other: ExecutionRun) -> bool:
    one, two = run.fault, other.fault
    if one is None or two is None:
        return one is two
    return (one.kind, one.thread, type(one.exception)) == (two.kind, two.thread, type(two.exception))


def failure_of(
    run: ExecutionRun,
    execution: int,
    *,
    simplest: ExecutionRun | None = None,
    original: ExecutionRun | None = None,
    fewest: bool = False,
    reproduced: bool = True,
) -> Failure:
    """The failure of this very run, which shows again what happened in `simplest`; `original` is what was found."""
    simplest, original = simplest or run, original or run
    fault = run.fault
    assert fault is not None
    failure = Failure(
        kind=fault.kind,
        exception=fault.exception,
        thread=fault.thread,
        schedule=simplest.schedule(),
        trace=run.trace(),
        waits=run.waits(),
        repeated=fault.repeated,
        execution=execution,
        preemptions=simplest.scheduler.preemptions,
        fewest_preemptions=fewest,
        original=original.schedule(),
        original_preemptions=original.scheduler.preemptions,
        reproduced=reproduced,
    )
    object.__setattr__(failure, "report", failure_report(failure))
    return failure
