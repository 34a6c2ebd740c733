"""Concurrent objects: a class of operations becomes a test that calls them from several threads."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from racekit.errors import BadArgument
from racekit.linearize import Modelled, Operation
from racekit.options import Options
from racekit.programs.cutting import Cuts
from racekit.programs.judging import CONSISTENCIES, Task
from racekit.programs.program import Program
from racekit.properties.calls import CallsSearch, search_calls
from racekit.properties.case import Test, make_test_case

Function = TypeVar("Function", bound=Callable[..., Any])

OPERATION = "__racekit_operation__"
INVARIANT = "__racekit_invariant__"
DEFAULTS: dict[str, Any] = {"executions": 50, "strategy": "dpor"}


@dataclass(frozen=True, slots=True)
class _Marked:
    """What `operation` was told of a method."""

    arguments: dict[str, SearchStrategy[Any]]
    group: str | None


def operation(function: Any = None, /, *, group: str | None = None, **arguments: SearchStrategy[Any]) -> Any:
    """Marks a method that may be called from any thread: `method(self, subject, **arguments)`.

    arguments: a strategy for each parameter after the subject. group: operations of one group never overlap, because a
    program makes them all in one thread. What the method returns or raises is its result; a failed `assert` in it is a
    failure of the test.
    """
    for name, strategy in arguments.items():
        if not isinstance(strategy, SearchStrategy):
            raise BadArgument(
                f"operation({name}={strategy!r}) is not a strategy: use st.just({strategy!r}) for a fixed value."
            )

    def mark(function: Function) -> Function:
        setattr(function, OPERATION, _Marked(arguments, group))
        return function

    return mark if function is None else mark(function)


def invariant(function: Function) -> Function:
    """Marks a method `method(self, subject)` that asserts what holds whenever no operation is under way.

    It is checked after each operation of the prefix, and when all threads have come to their ends.
    """
    setattr(function, INVARIANT, True)
    return function


def concurrent(
    *,
    threads: int = 2,
    prefix: int = 3,
    operations: int = 3,
    consistency: str = "linearizable",
    model: Callable[[], Any] | None = None,
    replay: str | None = None,
    **options: Any,
) -> Callable[[type], Any]:
    """A class decorator: `TestCase` of the class is a test that calls its operations from several threads.

    The class has a method `start(self)` that makes the object under test, methods marked by `operation` and
    `invariant`, and, if you like, `view(self, subject)`, what can be seen of the object at the end, and
    `stop(self, subject)`.

    Each example is a list of calls, which are drawn before any thread starts. It is cut up into programs: at most
    `prefix` calls one after the other, then at most `threads` threads with at most so many `operations` each. Their
    interleavings are explored (options: those of `racekit.explore`, but 50 executions of strategy "dpor" by default).
    A program and a schedule that failed before are run first if `replay` is their token, from the report.
    What the calls gave has to be what they give in some sequential order, by the class itself, run alone, or by the
    methods of `model()`. consistency:

    - "linearizable": an order in which a call that ended before another began comes before it;
    - "sequential": any order that keeps the order of each thread;
    - "serializable": the same, but only the `view` at the end counts, and exceptions.
    """
    check_sizes(threads, prefix, operations, consistency)
    checked = Options.of({**DEFAULTS, **options})

    def decorate(cls: type) -> type:
        subject = ClassSubject(cls)
        if consistency == "serializable" and not subject.has_view:
            raise BadArgument(
                f"{cls.__name__} has no method view(self, subject), but the consistency 'serializable' compares "
                "nothing else: add one that returns what can be seen of the object."
            )

        def task(program: Program) -> Task:
            return Task(subject, program, consistency, None if model is None else modelled)

        def modelled(program: Program) -> Modelled:
            assert model is not None
            return Modelled(model, program.prefix, subject.view_of_model)

        cuts = Cuts(threads, prefix, operations, subject.group_of)
        calls = subject.calls(cuts.most)

        def begin() -> tuple[CallsSearch, Test]:
            search = CallsSearch(task, checked, cuts)
            return search, search_calls(search, calls, cls)

        cls.TestCase = make_test_case(cls, begin, replay, "@concurrent(replay={})")  # type: ignore[attr-defined]
        return cls

    return decorate


def check_sizes(threads: int, prefix: int, operations: int, consistency: str) -> None:
    """Raises BadArgument for sizes of programs, or a consistency, that mean nothing."""
    for name, value, least in (("threads", threads, 2), ("prefix", prefix, 0), ("operations", operations, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BadArgument(f"{name}={value!r} is not a whole number of {least} or more.")
    if consistency not in CONSISTENCIES:
        raise BadArgument(f"There is no consistency {consistency!r}: use one of {', '.join(map(repr, CONSISTENCIES))}.")


class ClassSubject:
    """The object that a class of operations starts, and what the class does to it."""

    def __init__(self, cls: type) -> None:
        self._cls = cls
        self._operations = _marked(cls, OPERATION)
        self._invariants = _marked(cls, INVARIANT)
        self.has_view = callable(getattr(cls, "view", None))
        if not callable(getattr(cls, "start", None)):
            raise BadArgument(f"{cls.__name__} has no method start(self): add one that returns the object under test.")
        if not self._operations:
            raise BadArgument(
                f"{cls.__name__} has no operations: mark the methods that threads may call with "
                "@racekit.properties.operation(...)."
            )
        for name, method in self._operations.items():
            _check_parameters(cls, name, method)

    def begin(self) -> tuple[Any, Any]:
        instance = self._cls()
        return instance, instance.start()

    def allows(self, state: tuple[Any, Any], operation: Operation) -> bool:
        return True

    def perform(self, state: tuple[Any, Any], operation: Operation) -> object:
        instance, subject = state
        return getattr(instance, operation.name)(subject, **operation.arguments)

    def check(self, state: tuple[Any, Any]) -> None:
        instance, subject = state
        for name in self._invariants:
            getattr(instance, name)(subject)

    def view(self, state: tuple[Any, Any]) -> object:
        instance, subject = state
        return instance.view(subject)

    def view_of_model(self, model: Any) -> object:
        """What the class sees of a model at the end: what the model's own `view()` says, if it has one."""
        if not self.has_view:
            return None
        own = getattr(model, "view", None)
        return own() if callable(own) else self._cls().view(model)

    def end(self, state: tuple[Any, Any]) -> None:
        instance, subject = state
        stop = getattr(instance, "stop", None)
        if stop is not None:
            stop(subject)

    def failed(self, error: BaseException) -> bool:
        return isinstance(error, AssertionError)

    def group_of(self, operation: Operation) -> str | None:
        marked: _Marked = getattr(self._operations[operation.name], OPERATION)
        return marked.group

    def calls(self, most: int) -> SearchStrategy[list[Operation]]:
        """Lists of two calls or more, often of few."""
        call = st.one_of(
            [_calls(name, getattr(found, OPERATION).arguments) for name, found in self._operations.items()]
        )
        return st.integers(2, most).flatmap(lambda size: st.lists(call, min_size=2, max_size=size))


def _calls(name: str, arguments: dict[str, SearchStrategy[Any]]) -> SearchStrategy[Operation]:
    return st.tuples(*arguments.values()).map(lambda drawn: Operation(name, dict(zip(arguments, drawn, strict=True))))


def _marked(cls: type, mark: str) -> dict[str, Any]:
    """The methods with a mark, in the order in which they are defined, base classes first."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name in vars(base):
            method = getattr(cls, name, None)
            if getattr(method, mark, None) is not None:
                found[name] = method
    return found


def _check_parameters(cls: type, name: str, method: Any) -> None:
    marked: _Marked = getattr(method, OPERATION)
    try:
        inspect.signature(method).bind(None, None, **marked.arguments)
    except TypeError as error:
        raise BadArgument(
            f"{cls.__name__}.{name} cannot be called with a subject and the arguments that @operation names "
            f"({', '.join(marked.arguments) or 'none'}): {error}."
        ) from None
