"""Naming the bug: the first pattern that the trace of a failure shows, and that of the nearest passing one does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from racekit.diagnose.atomicity_violation import atomicity_violation
from racekit.diagnose.changed_during_iteration import changed_during_iteration
from racekit.diagnose.check_then_act import check_then_act
from racekit.diagnose.deadlock import deadlock
from racekit.diagnose.double_initialisation import double_initialisation
from racekit.diagnose.livelock import livelock
from racekit.diagnose.lost_update import lost_update
from racekit.diagnose.lost_wake_up import lost_wake_up
from racekit.diagnose.no_pattern import no_pattern
from racekit.diagnose.order_violation import order_violation
from racekit.diagnose.stale_read import stale_read
from racekit.diagnose.use_after_close import use_after_close
from racekit.failure import Diagnosis, Failure
from racekit.trace import Trace

_EVENTS_LOOKED_AT = 1500

Pattern = Callable[[Failure], Iterator[Diagnosis]]

PATTERNS: tuple[Pattern, ...] = (
    lost_wake_up,
    deadlock,
    livelock,
    changed_during_iteration,
    use_after_close,
    double_initialisation,
    check_then_act,
    lost_update,
    stale_read,
    order_violation,
    atomicity_violation,
)
"""From the most specific one to the most general."""


def diagnose(failure: Failure) -> Diagnosis:
    """What kind of bug it is. A pattern that the nearest passing execution shows as well does not explain the failure.

    Of a very long trace only the end is looked at.
    """
    dropped = max(len(failure.trace.events) - _EVENTS_LOOKED_AT, 0)
    passing = None if failure.passing is None else _end(failure.passing)
    failure = replace(failure, trace=_end(failure.trace), passing=passing)
    found = next((found for pattern in PATTERNS for found in _explaining(pattern, failure)), None)
    found = found or no_pattern(failure)
    return replace(found, events=tuple(sorted({index + dropped for index in found.events})))


def _explaining(pattern: Pattern, failure: Failure) -> Iterator[Diagnosis]:
    harmless = set()
    if failure.passing is not None:
        passed = replace(failure, trace=failure.passing, exception=None)
        harmless = {found.sentence for found in pattern(passed)}
    return (found for found in pattern(failure) if found.sentence not in harmless)


def _end(trace: Trace) -> Trace:
    return replace(trace, events=trace.events[-_EVENTS_LOOKED_AT:])
