"""Functions side by side have to come to what they come to one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from racekit.errors import BadArgument
from racekit.linearize import Operation
from racekit.options import Options
from racekit.programs.judging import Task, judge
from racekit.programs.program import Program
from racekit.programs.report import exception, report
from racekit.results import Exploration

State = TypeVar("State")


def assert_serializable(
    setup: Callable[[], State],
    *functions: Callable[[State], object],
    view: Callable[[State], object],
    **options: Any,
) -> Exploration:
    """Every interleaving of `functions` ends in a view that they also give one after the other, in some order.

    Each function is called with the state that `setup()` made, in a thread of its own. `view(state)` is what is
    compared, when all have ended; so is whether, and with what type, a function raised an exception. options: those of
    `explore`. Returns the exploration. Raises AssertionError (`racekit.Inconsistent`) with the view that no order
    gives, Deadlock or Livelock.
    """
    __tracebackhide__ = True
    checked = Options.of(options)
    for what, function in (("setup", setup), *(("a function", function) for function in functions), ("view", view)):
        if not callable(function):
            raise BadArgument(f"{what} is {function!r}, which cannot be called: pass a function.")
    if len(functions) < 2:
        raise BadArgument(
            "Fewer than two functions cannot interleave: pass two or more, each of which takes the state."
        )
    subject = _Functions(setup, functions, view)
    program = Program((), [(operation,) for operation in subject.operations])
    judgement = judge(Task(subject, program, "serializable"), checked)
    if judgement.violation is not None:
        violation = judgement.violation
        pin = f"  pin:     assert_serializable(..., replay='{violation.schedule}')"
        raise exception(violation, report(violation, checked, [pin]))
    return judgement.exploration


class _Functions:
    """A state, and functions that are called with it."""

    has_view = True

    def __init__(
        self, setup: Callable[[], Any], functions: tuple[Callable[[Any], object], ...], view: Callable[[Any], object]
    ) -> None:
        self.begin = setup
        self.view = view
        self.operations = [Operation(getattr(function, "__name__", type(function).__name__)) for function in functions]
        self._functions = dict(zip(self.operations, functions, strict=True))

    def allows(self, state: Any, operation: Operation) -> bool:
        return True

    def perform(self, state: Any, operation: Operation) -> object:
        return self._functions[operation](state)

    def check(self, state: Any) -> None:
        """There are no invariants."""

    def end(self, state: Any) -> None:
        """The state is not held open."""

    def failed(self, error: BaseException) -> bool:
        return isinstance(error, AssertionError)
