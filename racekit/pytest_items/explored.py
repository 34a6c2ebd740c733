"""The exploration of a test item, and what its result means for the test."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import pytest

from racekit.errors import ExecutionAborted, InternalError, RaceFailure, RacekitError
from racekit.explore import Execution, Exploration, explore_body, replay_body
from racekit.options import Options
from racekit.pytest_items.fresh import Ended, FreshItem
from racekit.schedule import Schedule


class Timeout(NamedTuple):
    """The real seconds that an exploration has left, of those that its test was given."""

    left: float
    given: float


def explore_item(fresh: FreshItem, options: Options, schedule: Schedule | None, timeout: Timeout | None = None) -> None:
    """Explore a test that has been set up, or replay `schedule`, and raise what the result deserves."""
    __tracebackhide__ = True
    fresh.let_go()
    found: Exploration | Execution | None = None
    seconds = None if timeout is None else timeout.left
    try:
        with fresh.output.of_one_run():
            if schedule is None:
                found = explore_body(fresh.execute, options, timeout=seconds)
            else:
                found = replay_body(fresh.execute, schedule, options, timeout=seconds)
            if found.failure is not None and fresh.failed_with is None:
                replay_body(fresh.execute, found.failure.schedule, options)  # so that its output is what is shown
    except Ended:
        pass
    except InternalError:
        raise
    except RacekitError as error:
        if found is None:
            fail(str(error))
    if fresh.ending is not None:
        raise fresh.ending
    assert found is not None
    fresh.item.user_properties += properties(found)
    if timeout is not None and isinstance(found, Exploration) and found.cut_by == "timeout":
        fail(f"Timeout (>{timeout.given:g}s) in an exploration by racekit.\n{found.stuck}")
    try:
        found.check()
    except RaceFailure as stuck:
        # A test that fails and then gets stuck in its teardown has failed, first of all.
        if fresh.failed_with is None or isinstance(fresh.failed_with, (RaceFailure, ExecutionAborted)):
            raise
        raise stuck from fresh.failed_with
    if fresh.unexpected_success:
        fail("Unexpected success")


def fail(message: str) -> NoReturn:
    """Fail a test with just this message. (pytest has words of its own for a traceback without a frame to be seen.)"""
    raise pytest.fail.Exception(message, pytrace=False) from None


def properties(found: Exploration | Execution) -> list[tuple[str, object]]:
    """What a test report tells of an exploration, in --junitxml too."""
    if isinstance(found, Execution):
        told: list[tuple[str, object]] = [("race_executions", 1), ("race_result", "passed" if found.ok else "failed")]
    else:
        result = "failed" if not found.ok else "proved" if found.proved else f"cut by {found.cut_by}"
        told = [("race_executions", found.executions), ("race_result", result)]
        told += [("race_note", note) for note in found.notes]
    if found.failure is not None:
        told.append(("race_token", found.failure.schedule.token))
    return told
