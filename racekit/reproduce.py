"""From an execution that failed to the failure that is reported: its schedule is run once more, recorded for people."""

from __future__ import annotations

from collections.abc import Callable

from racekit.failure import Failure
from racekit.report.text import failure_report
from racekit.runtime.execution import ExecutionRun
from racekit.schedule import Schedule


def reproduce(failed: ExecutionRun, again: Callable[[Schedule], ExecutionRun | None], execution: int) -> Failure:
    """The failure of `failed`, told by a recorded run of its schedule.

    `again` runs the body under a schedule, and returns None if the body does not follow that. `execution` is the number
    of the failed one. If the failure does not come about again, it is reported as it was, and as not reproduced.
    """
    recorded = again(failed.schedule())
    if recorded is None or not _fails_alike(recorded, failed):
        return failure_of(failed, execution, reproduced=False)
    return failure_of(recorded, execution)


def _fails_alike(run: ExecutionRun, other: ExecutionRun) -> bool:
    one, two = run.fault, other.fault
    if one is None or two is None:
        return one is two
    return (one.kind, one.thread, type(one.exception)) == (two.kind, two.thread, type(two.exception))


def failure_of(run: ExecutionRun, execution: int, *, reproduced: bool = True) -> Failure:
    """The failure of this very run."""
    fault = run.fault
    assert fault is not None
    failure = Failure(
        kind=fault.kind,
        exception=fault.exception,
        thread=fault.thread,
        schedule=run.schedule(),
        trace=run.trace(),
        waits=run.waits(),
        repeated=fault.repeated,
        execution=execution,
        reproduced=reproduced,
    )
    object.__setattr__(failure, "report", failure_report(failure))
    return failure
