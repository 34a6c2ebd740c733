"""Judging the executions of a program: does a sequential order explain what its calls gave?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from racekit.explore import explore_body
from racekit.linearize import History, Meaning, Operation, explanation, nearest
from racekit.linearize.search import Nearest
from racekit.options import Options
from racekit.programs.alone import Alone, FailsAlone
from racekit.programs.program import Program, Subject
from racekit.programs.running import Recording, side_by_side
from racekit.results import Exploration
from racekit.runtime.conflicts import PLACES
from racekit.runtime.execution import ExecutionRun, Fault
from racekit.schedule import Schedule

CONSISTENCIES = ("linearizable", "sequential", "serializable")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be explored, and what its results are held against.

    `model` makes the sequential meaning of a program; None: the subject itself, one call after the other.
    """

    subject: Subject
    program: Program
    consistency: str = "linearizable"
    model: Callable[[Program], Meaning[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """An execution that no sequential order explains, or that failed in itself.

    `kind` is "inconsistent", "deadlock", "livelock" or "exception", or "alone" if an exception was raised although one
    call came after the other, in the order of `alone`. `operation` is the one that raised, if it was one.
    """

    kind: str
    task: Task
    history: History
    schedule: Schedule
    exception: BaseException | None = None
    operation: Operation | None = None
    alone: tuple[Operation, ...] = ()
    nearest: Nearest | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """An exploration of a program, and the violation that ended it, if one did."""

    exploration: Exploration
    violation: Violation | None
    runs_alone: int


class Judge:
    """Looks at one execution after the other."""

    def __init__(self, task: Task) -> None:
        self.violation: Violation | None = None
        self._task = task
        self._alone = Alone(task.subject, task.program)
        self._meaning: Meaning[Any] = self._alone if task.model is None else task.model(task.program)
        self._recording = Recording(task.program)
        self._how = {"real_time": task.consistency == "linearizable", "results": task.consistency != "serializable"}

    @property
    def runs_alone(self) -> int:
        return self._alone.runs

    def body(self) -> Callable[[], None]:
        def begun(recording: Recording) -> None:
            self._recording = recording

        return side_by_side(self._task.subject, self._task.program, begun)

    def condemns(self, run: ExecutionRun) -> bool:
        """Whether the execution is a violation, which is then in `violation`."""
        self._alone.run = run
        fault = run.fault
        history = self._recording.history(run, exact=not PLACES.grown)
        try:
            if fault is None or fault.kind == "deadlock":
                if explanation(history, self._meaning, **self._how) is not None:
                    return False
                found = nearest(history, self._meaning, **self._how)
                kind = "inconsistent" if fault is None else "deadlock"
                self.violation = Violation(kind, self._task, history, run.schedule(), nearest=found)
            else:
                self.violation = self._failure(fault, history, run.schedule())
        except FailsAlone as failed:
            assert failed.run.fault is not None
            self.violation = Violation(
                "alone", self._task, history, run.schedule(), failed.run.fault.exception, alone=failed.order
            )
        return True

    def _failure(self, fault: Fault, history: History, schedule: Schedule) -> Violation:
        failed = self._recording.failed
        operation = failed.operation if failed is not None else None
        return Violation(fault.kind, self._task, history, schedule, fault.exception, operation)


def judge(task: Task, options: Options) -> Judgement:
    """Explore a program until an execution is a violation, or as far as the options say."""
    found = Judge(task)
    exploration = explore_body(found.body(), replace(options, stop_on_failure=False), until=found.condemns)
    return Judgement(exploration, found.violation, found.runs_alone)
