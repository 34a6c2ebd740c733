"""The search for a failing program: Hypothesis makes programs and shrinks them, racekit explores each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from racekit.options import Options
from racekit.programs.judging import Task, Violation, judge, judge_replay
from racekit.programs.program import Program
from racekit.programs.report import exception, report
from racekit.programs.token import ProgramToken
from racekit.strategies import Strategy
from racekit.strategies.follow import FollowSwitches
from racekit.strategies.near import Near

_FEW_EXECUTIONS = 12
_PROGRAMS_PER_ROUND = 25


class Found(Exception):
    """Tells Hypothesis that a program fails. Private: what the test raises is another exception."""


class Search:
    """The programs that were explored, and the one that failed last, which Hypothesis makes by its `example`.

    Most faults show in few executions of some program, so these are spent broadly at first: the first programs get few
    of those that the options allow, and the later ones more. When a program has failed, a similar but smaller one is
    looked for, so mostly schedules like the failing one are tried.
    """

    def __init__(self, task: Callable[[Program], Task], options: Options) -> None:
        self.thorough = False
        self.replayed: ProgramToken | None = None
        self.example = ""
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
        found = self._judged_once(program) if self.replayed is None else self.replay(program, self.replayed)
        if found is not None:
            self.violation = found
            raise Found

    def replay(self, program: Program, token: ProgramToken) -> Violation | None:
        """The violation in the execution that a token stands for. Raises ScheduleMismatch."""
        return judge_replay(self._task(program), token.schedule, self._options)

    def failure(self, what_to_do: Callable[[Violation], Sequence[str]]) -> BaseException:
        """What the program that failed last deserves, under the simplest schedule; `what_to_do` ends the report."""
        violation = self.violation
        assert violation is not None
        if self.replayed is None:
            violation = self.simplest(violation) or violation
        return exception(violation, report(violation, self._options, what_to_do(violation)))

    def simplest(self, violation: Violation) -> Violation | None:
        """What is reported of a violation, which does not depend on how it was found; None if it is not found again."""
        return self._thoroughly(violation.task.program)

    def _judged_once(self, program: Program) -> Violation | None:
        if program.key not in self._judged:
            self._judged[program.key] = program, self._look_at(program)
        return self._judged[program.key][1]

    def _look_at(self, program: Program) -> Violation | None:
        known = self.violation
        if self.thorough:
            return self._thoroughly(program)
        if known is None:
            return self._briefly(program)
        found = self._like(known, program)
        if found is None and len(program.calls) < len(known.task.program.calls):
            found = self._briefly(program)
        return found

    def _briefly(self, program: Program) -> Violation | None:
        """Few executions: most programs in which something fails show it soon."""
        few = _FEW_EXECUTIONS
        if self.violation is None:
            few *= 2 ** (len(self._judged) // _PROGRAMS_PER_ROUND)
        found = self._judge(self._task(program), self._at_most(few))
        return None if found is None else self._simpler(found)

    def _like(self, known: Violation, program: Program) -> Violation | None:
        """Schedules that resemble that of a violation of a similar program."""
        for strategy in FollowSwitches(known.schedule.switches), Near(known.schedule):
            options = self._at_most(1) if isinstance(strategy, FollowSwitches) else self._options
            found = self._judge(self._task(program), options, strategy, known.places)
            if found is not None:
                return found
        return None

    def _thoroughly(self, program: Program) -> Violation | None:
        """All executions; a violation is then looked for under the simplest schedules."""
        task = self._task(program)
        found = self._judge(task, self._options)
        if found is None or self._options.strategy == "bounded":
            return found
        return self._judge(task, replace(self._options, strategy="bounded")) or self._simpler(found)

    def _simpler(self, violation: Violation) -> Violation:
        """The violation under a schedule without needless switches: halves are left out first, then smaller parts."""
        size = (len(violation.schedule.switches) + 1) // 2
        while size:
            start = 0
            while start < len(switches := violation.schedule.switches):
                without = FollowSwitches((*switches[:start], *switches[start + size :]))
                found = self._judge(violation.task, self._at_most(1), without, violation.places)
                if found is not None and len(found.schedule.switches) < len(switches):
                    violation = found
                else:
                    start += size
            size //= 2
        return violation

    def _judge(
        self,
        task: Task,
        options: Options,
        strategy: Strategy | None = None,
        places: Collection[tuple[str, int]] = (),
    ) -> Violation | None:
        judgement = judge(task, options, strategy, places)
        self.executions += judgement.exploration.executions
        self.runs_alone += judgement.runs_alone
        if judgement.not_allowed is not None:
            smaller = task.program.without(judgement.not_allowed)
            if len(smaller.threads) > 1:
                return self._judge(replace(task, program=smaller), options, strategy, places)
        return judgement.violation

    def _at_most(self, executions: int) -> Options:
        most = self._options.executions
        return replace(self._options, executions=executions if most is None else min(executions, most))
