"""What came of running a body: of one execution, and of a whole exploration."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from racekit.diagnose.data_races import DataRace, data_races, distinct
from racekit.effort import Effort
from racekit.errors import ScheduleMismatch
from racekit.failure import Failure, raise_failure
from racekit.report.colour import has_colours
from racekit.report.outcome_table import OutcomeRow, outcome_table
from racekit.report.text import exploration_report
from racekit.report.verdict import proof_in_words
from racekit.schedule import Schedule
from racekit.trace import Trace
from racekit.user_values import is_known_as, text_of

_SCHEDULES_LOOKED_AT = 20


@dataclass(slots=True)
class Outcome:
    """A value that the body returned: in how many executions, and the shortest schedule seen that gives it.

    `allowed` is whether it may come out, None if nobody said what may.
    """

    count: int
    schedule: Schedule
    allowed: bool | None = None


@dataclass(slots=True)
class Execution:
    """One execution of a body: what it returned, or how it failed, and what happened on the way.

    `seconds` is virtual time; `stuck` says who was where if it had to be ended after the real time that it was given.
    `str()` is the report of the failure, or a line that says what came out.
    """

    value: object
    failure: Failure | None
    schedule: Schedule
    trace: Trace
    steps: int
    seconds: float
    stuck: str = ""

    @property
    def ok(self) -> bool:
        return self.failure is None and not self.stuck

    def check(self) -> None:
        """Raise what the failure deserves, if there is one."""
        __tracebackhide__ = True
        if self.failure is not None:
            raise_failure(self.failure)

    def __str__(self) -> str:
        if self.failure is not None or self.stuck:
            return str(self.failure or self.stuck)
        took = f"{self.steps:,} step{'' if self.steps == 1 else 's'}, {self.seconds:g} s of virtual time"
        return f"{text_of(self.value)} came out under {self.schedule} ({took})"


@dataclass(slots=True)
class Exploration:
    """What an exploration found.

    `proved` is True only if every different interleaving was run; otherwise `cut_by` says what cut the search.
    `interleavings` says how many different ones there are, where partial-order reduction has run them all: those that
    differ only in the order of independent steps count as one. `outcomes` maps each value that the body returned to an
    `Outcome` (an unhashable value by its `repr`). `threads` is the largest number of threads that an execution started,
    `granularity` says where they could switch, `excluded` what code was not watched, and `effort` what all of it took.
    `again` runs the body once more.
    """

    executions: int = 0
    seconds: float = 0.0
    cut_by: str | None = None
    failures: tuple[Failure, ...] = ()
    outcomes: dict[Any, Outcome] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    stuck: str = ""
    found: Schedule | None = None
    interleavings: int | None = None
    threads: int = 0
    granularity: str = "access"
    excluded: tuple[str, ...] = ()
    effort: Effort = field(default_factory=Effort)
    again: Callable[[Schedule], Execution] | None = field(default=None, repr=False, compare=False)
    allowed_races: Mapping[str, str] = field(default_factory=dict, repr=False)
    _data_races: tuple[DataRace, ...] | None = field(default=None, repr=False, compare=False)
    expected: tuple[object, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether no execution failed."""
        return not self.failures

    @property
    def proved(self) -> bool:
        """Whether every different interleaving was run, and none failed."""
        return self.cut_by is None and self.ok

    @property
    def verdict(self) -> str:
        """In words: what was proved, or why nothing was."""
        if self.proved:
            return proof_in_words(self.interleavings, self.threads, self.granularity, self.excluded)
        return f"not proved: cut by {self.cut_by}" if self.cut_by else "every interleaving was run"

    @property
    def missing(self) -> tuple[object, ...]:
        """The values that may come out, as far as somebody has said, and never did."""
        return tuple(value for value in self.expected if not any(is_known_as(value, seen) for seen in self.outcomes))

    @property
    def failure(self) -> Failure | None:
        """The first failure."""
        return self.failures[0] if self.failures else None

    @property
    def data_races(self) -> tuple[DataRace, ...]:
        """Pairs of accesses to one thing, at least one of them a write, that nothing orders; each pair of lines once.

        They are looked for in the default schedule and in one for each outcome and failure: the body runs again for
        each of these, when this is first asked for. What `allowed_races` names is left out.
        """
        if self._data_races is None:
            self._data_races = distinct(self._all_data_races(), self.allowed_races)
        return self._data_races

    def _all_data_races(self) -> Iterator[DataRace]:
        schedules = [Schedule(), *(failure.schedule for failure in self.failures)]
        schedules += [outcome.schedule for outcome in self.outcomes.values()]
        for schedule in list(dict.fromkeys(schedules))[:_SCHEDULES_LOOKED_AT]:
            if self.again is not None:
                try:
                    yield from data_races(self.again(schedule).trace, schedule)
                except ScheduleMismatch:
                    continue  # the body does not do the same again, which is told elsewhere

    def check(self) -> None:
        """Raise what the first failure deserves, if there is one: its own exception, or Deadlock or Livelock."""
        __tracebackhide__ = True
        if self.failures:
            raise_failure(self.failures[0])

    def write_page(self, path: str | os.PathLike[str]) -> None:
        """Write an HTML page that shows each value that came out, with the steps of an execution that gives it.

        The body is run once more for each value. Raises BadArgument if there is nothing to show, and ScheduleMismatch
        if the body does something else when it is run again.
        """
        from racekit.pages import page_of

        Path(path).write_text(page_of(self), encoding="utf-8")

    def show(self, file: TextIO | None = None) -> None:
        """Print what `str()` gives, in colour if `file` (default: `sys.stdout`) is a terminal.

        The environment variables NO_COLOR and FORCE_COLOR say otherwise. `print(found)` is always plain.
        """
        file = sys.stdout if file is None else file
        print(self._in_words(in_colour=has_colours(file)), file=file)

    def __str__(self) -> str:
        return self._in_words(in_colour=False)

    def _in_words(self, *, in_colour: bool) -> str:
        count = f"{self.executions:,} execution{'' if self.executions == 1 else 's'}"
        rate = f"{self.executions / self.seconds:,.0f}/s" if self.seconds else ""
        failures = sum(failure.count for failure in self.failures)
        failed = f"{failures:,} failed" if failures else "none failed"
        rows = [
            OutcomeRow(value, outcome.count, outcome.schedule.token, outcome.allowed)
            for value, outcome in self.outcomes.items()
        ]
        rows += [OutcomeRow(value, 0, "", True) for value in self.missing]
        return exploration_report(
            f"{count} ({self.seconds:.2f} s, {rate}), {failed}\n{self.verdict}",
            [] if list(self.outcomes) == [None] else outcome_table(rows),
            self.failures,
            self.notes,
            proved=self.proved,
            in_colour=in_colour,
        )
