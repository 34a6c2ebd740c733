"""The search for a failing program: Hypothesis makes programs and shrinks them, racekit explores each."""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from racekit.options import Options
from racekit.programs.judging import Task, Violation, judge
from racekit.programs.program import Program
from racekit.programs.report import exception, report

_FEW_EXECUTIONS = 8
_PROGRAMS_PER_ROUND = 25


class Found(Exception):
    """Tells Hypothesis that a program fails. Private: what the test raises is another exception."""


class Search:
    """The programs that were explored, and the one that failed last.

    Most faults show in few executions of some program, so these are spent broadly at first: the first programs get few
    of those that the options allow, and the later ones more. When a program has failed, a similar but smaller one is
    looked for, so mostly schedules like the failing one are tried.
    """

    def __init__(self, task: Callable[[Program], Task], options: Options) -> None:
        self.thorough = False
        self.executions = 0
        self.runs_alone = 0
        self.violation: Violation | None = None
        self._task = task
        self._options = options
        self._judged: dict[object, tuple[Program, Violation | None]] = {}

    def explore(self, program: Program) -> None:
        """Raises Found if the program fails. A program that was explored before is not explored again."""
        if len(program.threads) < 2:
            return
        if program.key not in self._judged:
            self._judged[program.key] = program, self._look_at(program)
        _, violation = self._judged[program.key]
        if violation is not None:
            self.violation = violation
            raise Found

    def raise_failure(self) -> None:
        """Raise what the program that failed last deserves, with the simplest schedule."""
        __tracebackhide__ = True
        violation = self.violation
        assert violation is not None
        if self._options.strategy in ("auto", "bounded"):
            violation = self._judge(violation.task, self._options) or violation
        raise exception(violation, report(violation, self._options))

    def _look_at(self, program: Program) -> Violation | None:
        task = self._task(program)
        known = self.violation
        if self.thorough:
            return self._judge(task, self._options)
        if known is None:
            return self._judge(task, self._few(2 ** (len(self._judged) // _PROGRAMS_PER_ROUND)))
        found = self._judge(task, self._few(), known)
        is_smallest = all(len(operations) == 1 for operations in program.threads)
        if found is None and is_smallest and program.calls < known.task.program.calls:
            found = self._judge(task, self._few())
        return found

    def _judge(self, task: Task, options: Options, near: Violation | None = None) -> Violation | None:
        judgement = judge(task, options, near)
        self.executions += judgement.exploration.executions
        self.runs_alone += judgement.runs_alone
        if judgement.not_allowed is not None:
            smaller = task.program.without(judgement.not_allowed)
            if len(smaller.threads) > 1:
                return self._judge(replace(task, program=smaller), options, near)
        return judgement.violation

    def _few(self, times: int = 1) -> Options:
        most = self._options.executions
        few = _FEW_EXECUTIONS * times
        return replace(self._options, executions=few if most is None else min(few, most))


def make_test_case(cls: type, test: Callable[[Search], Test], search: Callable[[], Search]) -> type[unittest.TestCase]:
    """A test case that looks for a failing program, as Hypothesis's state machines have it.

    Its `settings` can be set, and its `seed`, which is what `@hypothesis.seed` is for other tests.
    """

    class ConcurrentTestCase(unittest.TestCase):
        settings = settings(deadline=None, suppress_health_check=list(HealthCheck))
        seed: int | None = None

        def runTest(self) -> None:
            __tracebackhide__ = True
            found = search()
            run(found, test(found), type(self).settings, type(self).seed)

    ConcurrentTestCase.__name__ = f"{cls.__name__}.TestCase"
    ConcurrentTestCase.__qualname__ = f"{cls.__qualname__}.TestCase"
    ConcurrentTestCase.__module__ = cls.__module__
    return ConcurrentTestCase


Test = Callable[[settings, int | None], None]
"""Has Hypothesis run a search with these settings, and this seed."""


def run(search: Search, test: Test, chosen: settings, seeded: int | None = None) -> None:
    """Have Hypothesis look for a program that fails, and raise what it deserves.

    A program is explored for as long as that takes, so it has no deadline; one failure is enough.
    """
    __tracebackhide__ = True
    phases = [phase for phase in chosen.phases if phase is not Phase.explain]
    configured = settings(chosen, deadline=None, report_multiple_bugs=False, phases=phases)
    try:
        if Phase.reuse in phases and chosen.database is not None:
            _explore_what_failed_before(search, test, configured, seeded)
        test(configured, seeded)
        return
    except Found:
        pass
    search.raise_failure()


def _explore_what_failed_before(search: Search, test: Test, chosen: settings, seeded: int | None) -> None:
    """With all executions: it may have been found late in the last run, when programs get more of them."""
    __tracebackhide__ = True
    search.thorough = True
    try:
        test(settings(chosen, phases=[Phase.reuse]), seeded)
    except unittest.SkipTest:
        pass  # there is nothing in the database
    search.thorough = False


def search_programs(search: Search, programs: SearchStrategy[Program], cls: type) -> Test:
    """A test whose examples are programs; Hypothesis's database knows it by the name of `cls`."""

    def example(program: Program) -> None:
        search.explore(program)

    example.__name__ = example.__qualname__ = re.sub(r"\W+", "_", f"{cls.__module__}_{cls.__qualname__}")

    def test(chosen: settings, seeded: int | None) -> None:
        __tracebackhide__ = True
        body: Any = chosen(given(program=programs)(example))
        if seeded is not None:
            body = seed(seeded)(body)
        body()

    return test
