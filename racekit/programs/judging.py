"""Judging the executions of a program: does a sequential order explain what its calls gave?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from racekit.explore import explore_body, replay_body
from racekit.linearize import History, Meaning, Operation, explanation, nearest
from racekit.linearize.search import Nearest
from racekit.options import Options
from racekit.programs.alone import Alone, FailsAlone
from racekit.programs.program import Program, Subject
from racekit.programs.running import NotAllowed, Recording, side_by_side
from racekit.results import Exploration
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.places import PLACES
from racekit.schedule import Schedule
from racekit.strategies import Strategy

CONSISTENCIES = ("linearizable", "sequential", "serializable")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be explored, and what its results are held against.

    `model` makes the sequential meaning of a program; None: the subject itself, one call after the other.
    `has_preconditions`: whether the subject does not allow every call in every state.
    """

    subject: Subject
    program: Program
    consistency: str = "linearizable"
    model: Callable[[Program], Meaning[Any]] | None = None
    has_preconditions: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """An execution that no sequential order explains, or that failed in itself.

    `kind` is "inconsistent", "deadlock", "livelock" or "exception", or "alone" if an exception was raised although one
    call came after the other, in the order of `alone`. `operation` is the one that raised, if it was one. `places` are
    those that were scheduling points.
    """

    kind: str
    task: Task
    history: History
    schedule: Schedule
    exception: BaseException | None = None
    operation: Operation | None = None
    alone: tuple[Operation, ...] = ()
    nearest: Nearest | None = None
    places: Collection[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """An exploration of a program, and the violation that ended it, if one did.

    `not_allowed` is a call that must not be made in some order of the calls, so that the program shows nothing.
    """

    exploration: Exploration
    violation: Violation | None
    runs_alone: int
    not_allowed: Operation | None = None


class Judge:
    """Looks at one execution after the other."""

    def __init__(self, task: Task) -> None:
        self.violation: Violation | None = None
        self.not_allowed: Operation | None = None
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
        histories = self._recording.histories(run, exact=not PLACES.grown)
        history = next(histories)
        try:
            if fault is None or fault.kind == "deadlock":
                while explanation(history, self._meaning, **self._how) is not None:
                    another = next(histories, None)
                    if another is None:
                        return False
                    history = another
                self._check_orders()
                found = nearest(history, self._meaning, **self._how)
                kind = "inconsistent" if fault is None else "deadlock"
                self.violation = self._violation(kind, history, run, nearest=found)
            else:
                self._check_orders()
                failed = self._recording.failed
                operation = failed.operation if failed is not None else None
                self.violation = self._violation(fault.kind, history, run, fault.exception, operation)
        except NotAllowed as error:
            self.not_allowed = error.operation
        except FailsAlone as error:
            assert error.run.fault is not None
            self.violation = self._violation("alone", history, run, error.run.fault.exception, alone=error.order)
        return True

    def _check_orders(self) -> None:
        """What is not meant to be done at all shows nothing, so no order of the calls may do it."""
        if self._task.has_preconditions:
            self._alone.run_all_orders()

    def _violation(
        self,
        kind: str,
        history: History,
        run: ExecutionRun,
        exception: BaseException | None = None,
        operation: Operation | None = None,
        **more: Any,
    ) -> Violation:
        schedule = run.schedule()
        return Violation(kind, self._task, history, schedule, exception, operation, places=PLACES.known, **more)


def judge(
    task: Task, options: Options, strategy: Strategy | None = None, places: Collection[tuple[str, int]] = ()
) -> Judgement:
    """Explore a program until an execution is a violation, or as far as the options say.

    `strategy` replaces that of the options. `places` are known to be scheduling points.
    """
    found = Judge(task)
    exploration = explore_body(found.body(), options, judge=found.condemns, strategy=strategy, places=places)
    return Judgement(exploration, found.violation, found.runs_alone, found.not_allowed)


def judge_replay(task: Task, schedule: Schedule, options: Options) -> Violation | None:
    """The violation in the execution of a program under this schedule, if it is one. Raises ScheduleMismatch."""
    found = Judge(task)
    replay_body(found.body(), schedule, options, judge=found.condemns)
    return found.violation
