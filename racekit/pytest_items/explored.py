"""The exploration of a test item, and what its result means for the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, NoReturn

import pytest

from racekit.errors import ExecutionAborted, InternalError, RaceFailure, RacekitError
from racekit.explore import explore_body, replay_body
from racekit.kept_schedules import KeptSchedule
from racekit.options import Options
from racekit.pytest_items import reports
from racekit.pytest_items.fresh import Ended, FreshItem
from racekit.pytest_items.summary import result, statistics
from racekit.pytest_items.told import other_failures, tell_with
from racekit.pytest_items.tried_first import FailedBefore
from racekit.results import Execution, Exploration
from racekit.schedule import Schedule
from racekit.trace import Trace

TryFirst = Callable[[Callable[[], object], Options, float | None], Exploration | None]
"""Runs a body under the schedules that failed before, within so many seconds; what was found, if one fails again."""


class Timeout(NamedTuple):
    """The real seconds that an exploration has left, of those that its test was given."""

    left: float
    given: float


def explore_item(
    fresh: FreshItem,
    options: Options,
    schedule: Schedule | None,
    before: FailedBefore,
    timeout: Timeout | None = None,
) -> None:
    """Explore a test that has been set up, or replay `schedule`, and raise what the result deserves."""
    __tracebackhide__ = True
    fresh.let_go()
    try:
        found = search(fresh, options, schedule, before.try_again, timeout)
    except InternalError:
        raise
    except RacekitError as error:
        fail(str(error))
    fresh.item.user_properties += properties(found)
    reports.tell(fresh.item, found, fresh.originals, fresh.outcomes_page)
    fresh.other_failures = other_failures(found, fresh.item.nodeid)
    if isinstance(found, Exploration):
        fresh.statistics = statistics(found)
        remember(fresh, before, map(before.to_keep, found.failures))
    if message := timed_out(found, timeout):
        fail(message)
    judge(fresh, found)


def search(
    fresh: FreshItem,
    options: Options,
    schedule: Schedule | None,
    try_first: TryFirst,
    timeout: Timeout | None,
) -> Exploration | Execution:
    """Explore a test whose plain phases are over, or replay `schedule`. Raises that by which the test ended itself."""
    __tracebackhide__ = True
    fresh.ending = None
    seconds = None if timeout is None else timeout.left
    found = _search(fresh, options, schedule, try_first, seconds)
    while found is None and fresh.set_up_missing_fixture():
        found = _search(fresh, options, schedule, try_first, seconds)
    if fresh.ending is not None:
        raise fresh.ending
    assert found is not None
    tell_with(found, fresh.item.nodeid)
    return found


def timed_out(found: Exploration | Execution, timeout: Timeout | None) -> str:
    """What to say if the time of the test was up; nothing if it was not."""
    if timeout is None or not found.stuck:
        return ""
    if isinstance(found, Execution) or found.executions < 2:
        what = "a replay" if isinstance(found, Execution) else "an exploration"
        return f"Timeout (>{timeout.given:g}s) in {what} by racekit.\n{found.stuck}"
    return (
        f"Timeout (>{timeout.given:g}s) in an exploration by racekit, after {found.executions:,} executions.\n"
        f"With seconds=, or --race-seconds, it would have ended by itself.\n{found.stuck}"
    )


def judge(fresh: FreshItem, found: Exploration | Execution) -> None:
    """Raise what a result deserves."""
    __tracebackhide__ = True
    try:
        found.check()
    except RaceFailure as stuck:
        # A test that fails and then gets stuck in its teardown has failed, first of all.
        if fresh.failed_with is None or isinstance(fresh.failed_with, (RaceFailure, ExecutionAborted)):
            raise
        raise stuck from fresh.failed_with
    if fresh.unexpected_success:
        fail("Unexpected success")


def remember(fresh: FreshItem, before: FailedBefore, failing: Iterable[KeptSchedule]) -> None:
    """Leave what failed to the next session, and say what became of what the last one has left."""
    if before.tried.in_words:
        fresh.item.user_properties.append(("race_kept", before.tried.in_words))
    try:
        before.remember(failing)
    except OSError as error:
        fresh.item.user_properties.append(("race_note", f"its failing schedules could not be kept: {error}"))


def _search(
    fresh: FreshItem, options: Options, schedule: Schedule | None, try_first: TryFirst, seconds: float | None
) -> Exploration | Execution | None:
    """None if the test has ended itself, or needs another fixture."""
    __tracebackhide__ = True
    with fresh.output.of_one_run():
        try:
            if schedule is not None:
                return replay_body(fresh.execute, schedule, options, timeout=seconds, compare=True)
            failed_again = try_first(fresh.execute, options, seconds)
            found = failed_again or explore_body(fresh.execute, options, timeout=seconds)
            ended_with = fresh.failed_with
            fresh.originals = _record_originals(fresh, found, options, seconds)
            fresh.outcomes_page = reports.outcomes_page(fresh.item, found)
            if found.failure is not None and (ended_with is None or fresh.originals or fresh.outcomes_page):
                _replay_quietly(fresh, found.failure.schedule, options, seconds)  # its output is what is shown
            return found
        except Ended:
            return None


def _record_originals(
    fresh: FreshItem, found: Exploration, options: Options, seconds: float | None
) -> Mapping[Schedule, Trace]:
    """The executions that failed first, by their schedules, where a page is to show them beside the minimized ones."""
    recorded: dict[Schedule, Trace] = {}
    if reports.are_wanted(fresh.item.config):
        for failure in reports.different(found):
            if failure.original not in (failure.schedule, *recorded):
                run = _replay_quietly(fresh, failure.original, options, seconds)
                if run is not None and run.failure is not None:
                    recorded[failure.original] = run.trace
    return recorded


def _replay_quietly(fresh: FreshItem, schedule: Schedule, options: Options, seconds: float | None) -> Execution | None:
    """Run an execution again; None if the test does not repeat itself."""
    try:
        return replay_body(fresh.execute, schedule, options, timeout=seconds)
    except RacekitError:
        return None


def fail(message: str) -> NoReturn:
    """Fail a test with just this message. (pytest has words of its own for a traceback without a frame to be seen.)"""
    raise pytest.fail.Exception(message, pytrace=False) from None


def properties(found: Exploration | Execution) -> list[tuple[str, object]]:
    """What a test report tells of an exploration, in --junitxml too."""
    if isinstance(found, Execution):
        told: list[tuple[str, object]] = [("race_executions", 1), ("race_result", "passed" if found.ok else "failed")]
    else:
        told = [("race_executions", found.executions), ("race_result", result(found))]
        if found.proved:
            told.append(("race_proof", found.verdict))
        told += [("race_note", note) for note in found.notes]
    if found.failure is not None:
        told.append(("race_token", found.failure.schedule.token))
    return told
