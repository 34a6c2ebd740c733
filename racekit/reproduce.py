"""From an execution that failed to the failure that is reported: the one place where a failing schedule is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from racekit.diagnose.diagnosis import diagnose
from racekit.failure import Failure
from racekit.minimize import Minimized
from racekit.report.text import failure_report
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.places import PLACES
from racekit.schedule import ACCESSES, Schedule
from racekit.strategies.newest_first import NewestFirst
from racekit.strategies.protocol import Strategy
from racekit.strategies.random_walk import RandomWalk
from racekit.strategies.replay import Replay
from racekit.trace import Trace

Again = Callable[[Strategy], ExecutionRun | None]
"""Runs the body once more, recorded for people; None if it does not follow the schedule that is to be replayed."""

_PASSING_TRIED = 6
_RANDOM_TRIED = 3


def reproduce(failed: ExecutionRun, minimized: Minimized, again: Again, execution: int) -> Failure:
    """The failure of `failed`, told by a recorded run of its minimized schedule, and named by comparison with one that
    passes.

    `execution` is the number of the failed one. If the failure does not come about again, it is reported as it was, and
    as not reproduced. The failing run comes last, so that what it leaves behind (its output, say) is what is seen.
    """
    for simplest in dict.fromkeys((minimized.run, failed)):
        assert simplest.fault is not None
        compared = simplest.fault.kind not in ("deadlock", "livelock")
        passing = _nearest_passing(simplest.schedule(), again) if compared else None
        recorded = again(Replay(simplest.schedule()))
        if recorded is not None and _fails_alike(recorded, simplest):
            fewest = minimized.fewest and simplest is minimized.run
            return failure_of(recorded, execution, simplest=simplest, original=failed, fewest=fewest, passing=passing)
    return failure_of(failed, execution, reproduced=False)


def failure_of(
    run: ExecutionRun,
    execution: int,
    *,
    simplest: ExecutionRun | None = None,
    original: ExecutionRun | None = None,
    fewest: bool = False,
    passing: Trace | None = None,
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
        trace=run.trace(() if passing is None else {e.target for e in passing.events if e.operation in ACCESSES}),
        waits=run.waits(),
        repeated=fault.repeated,
        value=run.value,
        outcome=fault.outcome,
        execution=execution,
        passing=passing,
        preemptions=simplest.scheduler.preemptions,
        fewest_preemptions=fewest,
        original=original.schedule(),
        original_preemptions=original.scheduler.preemptions,
        reproduced=reproduced,
    )
    failure = replace(failure, diagnosis=diagnose(failure))
    return replace(failure, report=failure_report(failure))


def _fails_alike(run: ExecutionRun, other: ExecutionRun) -> bool:
    one, two = run.fault, other.fault
    if one is None or two is None:
        return one is two
    return (one.kind, one.thread, type(one.exception)) == (two.kind, two.thread, type(two.exception))


def _nearest_passing(schedule: Schedule, again: Again) -> Trace | None:
    """The trace of an execution that passes, and follows `schedule` for as long as one of a few does.

    What has no switches at all is near to nothing: then some others are tried, with a scheduling point at each access.
    """
    if schedule.switches:
        return _passing(map(Replay, _shortened(schedule)), again)
    with PLACES.every_access():
        return _passing([NewestFirst(), *map(RandomWalk, range(_RANDOM_TRIED))], again)


def _passing(strategies: Iterable[Strategy], again: Again) -> Trace | None:
    for strategy in strategies:
        run = again(strategy)
        if run is not None and run.fault is None:
            return run.trace()
    return None


def _shortened(schedule: Schedule) -> Iterator[Schedule]:
    """The schedule without its last switch, without its last two, four and so on, and without any."""
    left = len(schedule.switches)
    dropped = 1
    for _ in range(_PASSING_TRIED - 1):
        if left - dropped <= 0:
            break
        yield Schedule(schedule.switches[: left - dropped])
        dropped *= 2
    yield Schedule()
