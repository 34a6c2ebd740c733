"""The schedules under which a test failed before are tried first: a red test is red at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from racekit.errors import ScheduleMismatch
from racekit.explore import replay_body
from racekit.failure import Failure
from racekit.kept_schedules import KeptSchedule, KeptSchedules, digest
from racekit.options import Options
from racekit.pytest_items.moved_lines import find_again, lines_of
from racekit.results import Execution, Exploration
from racekit.runtime import originals
from racekit.schedule import Schedule

_KEPT_AT_MOST = 10


@dataclass(slots=True)
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
    """What earlier sessions have left for one test, and what this one leaves for the next."""

    def __init__(self, store: KeptSchedules, item: pytest.Function, options: Options) -> None:
        self._store = store
        self._test = item.nodeid
        self._root = item.config.rootpath
        self._source = digest(_source(item), *(repr(part) for part in _decisive(options)))
        self._kept = store.of(self._test, self._source)
        self.tried = Tried()

    def try_again(self, body: Callable[[], object], options: Options, timeout: float | None) -> Exploration | None:
        """Run the kept schedules; what was found, if one fails again and a failure ends the exploration."""
        self.tried = Tried()
        begun = originals.perf_counter()
        for number, kept in enumerate(self._kept, 1):
            left = None if timeout is None else max(timeout - (originals.perf_counter() - begun), 0)
            try:
                schedule = find_again(Schedule.parse(kept.token), kept.lines, self._root)
                run = replay_body(body, schedule, options, timeout=left, compare=True)
            except (ScheduleMismatch, ValueError):
                self.tried.unfit += 1
                continue
            if run.failure is None:
                self.tried.passed += 1
                continue
            self.tried.failed += 1
            if options.stop_on_failure:
                return _as_exploration(run, run.failure, number, originals.perf_counter() - begun)
        return None

    def remember(self, found: Exploration) -> None:
        """Keep what failed in this session; forget what passes now. Raises OSError where nothing can be written."""
        failing = [self._to_keep(failure) for failure in found.failures[:_KEPT_AT_MOST]]
        kept = {schedule.token: schedule for schedule in failing}
        if self.tried.failed:
            kept |= {schedule.token: schedule for schedule in self._kept}
        if kept or self._kept:
            self._store.keep(self._test, self._source, kept.values())

    def _to_keep(self, failure: Failure) -> KeptSchedule:
        what = failure.kind if failure.exception is None else type(failure.exception).__name__
        lines = lines_of(failure.schedule, failure.trace.events, self._root)
        return KeptSchedule(failure.schedule.token, f"{what} in {failure.thread}", lines)


def _as_exploration(run: Execution, failure: Failure, executions: int, seconds: float) -> Exploration:
    found = Exploration(executions, seconds, cut_by="failure", failures=(failure,))
    found.effort.running = seconds
    found.effort.points = run.steps
    found.threads = len(run.trace.threads) - 1
    return found


def _source(item: pytest.Function) -> str:
    try:
        return inspect.getsource(inspect.unwrap(item.function))
    except (OSError, TypeError):
        return ""


def _decisive(options: Options) -> tuple[object, ...]:
    """The options on which it depends what a schedule does."""
    return options.granularity, options.timeouts, options.include, options.exclude, options.steps


def store_of(config: pytest.Config) -> KeptSchedules:
    """Where this session keeps failing schedules: `race_directory` of the ini file, below the root directory."""
    directory = str(config.getini("race_directory"))
    return KeptSchedules(config.rootpath / Path(directory) if directory else None)
