"""The schedules under which a test failed before are tried first: a red test is red at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from racekit.explore import try_schedule
from racekit.failure import Failure
from racekit.kept_schedules import KeptSchedule, KeptSchedules, digest
from racekit.options import Options
from racekit.pytest_items.moved_lines import find_again, lines_of
from racekit.race import below_given
from racekit.results import Exploration
from racekit.runtime import originals
from racekit.schedule import Schedule

_KEPT_AT_MOST = 10

Fate = Literal["passed", "failed", "unfit"]


@dataclass(frozen=True, slots=True)
class Tried:
    """How many of the schedules that failed before pass now, fail again, or cannot be followed any more."""

    passed: int = 0
    failed: int = 0
    unfit: int = 0

    @property
    def in_words(self) -> str:
        """A sentence; empty if nothing has changed."""
        tried = self.passed + self.failed + self.unfit
        if self.failed or not tried:
            return ""
        parts = []
        if self.passed == 1:
            parts.append("the schedule that failed before now passes")
        elif self.passed:
            parts.append(f"the {self.passed} schedules that failed before now pass")
        if self.unfit:
            which = "more" if self.passed else "that failed before"
            parts.append(f"{self.unfit} {which} can no longer be followed")
        return ", and ".join(parts)


class FailedBefore:
    """What earlier sessions have left for one test, and what this one leaves for the next.

    A schedule of a @given test failed with certain inputs, so it is tried for this `example` alone: a digest of them.
    `failed_again` are the tokens of the schedules that failed now.
    """

    def __init__(self, store: KeptSchedules, item: pytest.Function, options: Options) -> None:
        self._store = store
        self._test = item.nodeid
        self._root = item.config.rootpath
        self._source = digest(_source(item), *(repr(part) for part in _decisive(options)))
        self._kept = store.of(self._test, self._source)
        self._became: dict[tuple[str, str], Fate] = {}
        self.failed_again: set[str] = set()

    @property
    def tried(self) -> Tried:
        """What became of the schedules so far."""
        fates = list(self._became.values())
        return Tried(fates.count("passed"), fates.count("failed"), fates.count("unfit"))

    def try_again(
        self, body: Callable[[], object], options: Options, timeout: float | None, example: str = ""
    ) -> Exploration | None:
        """Run the kept schedules; what was found, if one fails again and a failure ends the exploration."""
        begun = originals.perf_counter()
        for number, kept in enumerate((each for each in self._kept if each.example == example), 1):
            left = None if timeout is None else max(timeout - (originals.perf_counter() - begun), 0)
            found = _found_under(kept, body, options, left, self._root)
            key = kept.example, kept.token
            self._became[key] = "unfit" if found is None else "passed" if found.ok else "failed"
            if found is None or found.failure is None:
                continue
            self.failed_again.add(found.failure.schedule.token)
            if options.stop_on_failure:
                found.executions = number
                found.failures = (replace(found.failure, execution=found.failure.execution and number),)
                return found
        return None

    def remember(self, failing: Iterable[KeptSchedule]) -> None:
        """Keep what failed in this session; forget what passes now. Raises OSError where nothing can be written."""
        kept = {(schedule.example, schedule.token): schedule for schedule in failing}
        if self.tried.failed:
            kept = {(schedule.example, schedule.token): schedule for schedule in self._kept} | kept
        if kept or self._kept:
            self._store.keep(self._test, self._source, list(kept.values())[-_KEPT_AT_MOST:])

    def to_keep(self, failure: Failure, example: str = "") -> KeptSchedule:
        """What is to be kept of a failure."""
        what = failure.kind if failure.exception is None else type(failure.exception).__name__
        lines = lines_of(failure.schedule, failure.trace.events, self._root)
        return KeptSchedule(failure.schedule.token, f"{what} in {failure.thread}", lines, example)


def _found_under(
    kept: KeptSchedule, body: Callable[[], object], options: Options, timeout: float | None, root: Path
) -> Exploration | None:
    """None if the body does not follow this schedule."""
    try:
        schedule = find_again(Schedule.parse(kept.token), kept.lines, root)
    except ValueError:
        return None
    found = try_schedule(body, schedule, options, timeout=timeout)
    return found if found.executions else None


def _source(item: pytest.Function) -> str:
    try:
        return inspect.getsource(inspect.unwrap(below_given(item.function)))
    except (OSError, TypeError):
        return ""


def _decisive(options: Options) -> tuple[object, ...]:
    """The options on which it depends what a schedule does."""
    return options.granularity, options.timeouts, options.include, options.exclude, options.steps


def store_of(config: pytest.Config) -> KeptSchedules:
    """Where this session keeps failing schedules: `race_directory` of the ini file, below the root directory."""
    directory = str(config.getini("race_directory"))
    return KeptSchedules(config.rootpath / Path(directory) if directory else None)
