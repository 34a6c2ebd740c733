"""The search for a failing program: Hypothesis makes programs and shrinks them, racekit explores each."""

from __future__ import annotations

import re
import unittest
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from racekit.options import Options
from racekit.programs.judging import Judgement, Task, Violation, judge
from racekit.programs.program import Program
from racekit.programs.report import exception, report


class Found(Exception):
    """Tells Hypothesis that a program fails. Private: what the test raises is another exception."""


class Search:
    """The programs that were explored, and the one that failed last."""

    def __init__(self, task: Callable[[Program], Task], options: Options) -> None:
        self.executions = 0
        self.runs_alone = 0
        self.violation: Violation | None = None
        self._task = task
        self._options = options
        self._judged: dict[object, tuple[Program, Judgement]] = {}

    def explore(self, program: Program) -> None:
        """Raises Found if the program fails. A program that was explored before is not explored again."""
        if len(program.threads) < 2:
            return
        known = self._judged.get(program.key)
        if known is None:
            judgement = judge(self._task(program), self._options)
            self.executions += judgement.exploration.executions
            self.runs_alone += judgement.runs_alone
            known = self._judged[program.key] = program, judgement
        if known[1].violation is not None:
            self.violation = known[1].violation
            raise Found

    def raise_failure(self) -> None:
        """Raise what the program that failed last deserves."""
        __tracebackhide__ = True
        assert self.violation is not None
        raise exception(self.violation, report(self.violation, self._options))


def make_test_case(
    cls: type, programs: SearchStrategy[Program], task: Callable[[Program], Task], options: Options
) -> type[unittest.TestCase]:
    """A test case that looks for a failing program, as Hypothesis's state machines have it; `settings` can be set."""

    class ConcurrentTestCase(unittest.TestCase):
        settings = settings(deadline=None, suppress_health_check=list(HealthCheck))

        def runTest(self) -> None:
            __tracebackhide__ = True
            run(Search(task, options), programs, name, type(self).settings)

    name = re.sub(r"\W+", "_", f"{cls.__module__}_{cls.__qualname__}")
    ConcurrentTestCase.__name__ = f"{cls.__name__}.TestCase"
    ConcurrentTestCase.__qualname__ = f"{cls.__qualname__}.TestCase"
    ConcurrentTestCase.__module__ = cls.__module__
    return ConcurrentTestCase


def run(search: Search, programs: SearchStrategy[Program], name: str, chosen: settings) -> None:
    """Have Hypothesis look for a program that fails, and raise what it deserves. `name` tells its database which test.

    A program is explored for as long as that takes, so it has no deadline; one failure is enough.
    """
    __tracebackhide__ = True

    def example(program: Program) -> None:
        search.explore(program)

    example.__name__ = example.__qualname__ = name
    phases = [phase for phase in chosen.phases if phase is not Phase.explain]
    configured = settings(chosen, deadline=None, report_multiple_bugs=False, phases=phases)
    test: Any = configured(given(program=programs)(example))
    try:
        test()
    except Found:
        search.raise_failure()
