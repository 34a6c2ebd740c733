"""Hypothesis's state machines, made concurrent: it runs one rule after the other, racekit the same ones side by side.

Hypothesis itself makes the sequences, by its own engine: it evaluates preconditions, fills bundles and draws from them,
checks invariants after each step, and shrinks. Here each rule of a subclass also notes what was called. When a sequence
is over, its last steps are handed out to threads, and that program is explored on machines made anew.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from racekit.errors import BadArgument
from racekit.linearize import Operation
from racekit.options import Options
from racekit.programs.judging import Task
from racekit.programs.program import Program
from racekit.properties.case import Decorator, Test, make_test_case
from racekit.properties.objects import DEFAULTS, check_sizes
from racekit.properties.search import Search

RULE, INITIALIZE, INVARIANT = (
    "hypothesis_stateful_rule",
    "hypothesis_stateful_initialize_rule",
    "hypothesis_stateful_invariant",
)
"""The attributes by which Hypothesis marks methods. What they hold says how the decorator was called."""

THREAD = "racekit_thread"


def concurrently(
    machine: type[RuleBasedStateMachine],
    *,
    threads: int = 2,
    prefix: int = 3,
    operations: int = 3,
    consistency: str = "linearizable",
    replay: str | None = None,
    **options: Any,
) -> Any:
    """A class whose `TestCase` runs the rules of a state machine from several threads.

    Everything keeps its meaning: initialize rules come first, a rule is only called if its preconditions hold in every
    order of the calls, values from bundles come from the prefix or from earlier calls of the same thread, invariants
    are checked when no rule is under way. What a rule returns into a bundle is its result, and a rule that raises has
    failed. So a rule should not compare with a model that it keeps up to date in `self`, since other threads run at
    once; the machine, run alone, is the model. A method `view(self)`, if there is one, says what can be seen at the
    end. The other arguments are those of `concurrent`.
    """
    if not (isinstance(machine, type) and issubclass(machine, RuleBasedStateMachine)):
        raise BadArgument(f"{machine!r} is no RuleBasedStateMachine: pass the class itself.")
    check_sizes(threads, prefix, operations, consistency)
    checked = Options.of({**DEFAULTS, **options})
    subject = MachineSubject(machine)

    def task(program: Program) -> Task:
        return Task(subject, program, consistency, has_preconditions=True)

    def begin() -> tuple[Search, Test]:
        search = Search(task, checked)
        recorded = _recording(machine, search, threads, operations)

        def test(chosen: settings, decorate: Decorator) -> None:
            __tracebackhide__ = True
            steps = prefix + threads * operations
            run_state_machine_as_test(decorate(recorded), settings=settings(chosen, stateful_step_count=steps))

        return search, test

    made = type(f"Concurrent{machine.__name__}", (), {"__module__": machine.__module__, "__doc__": machine.__doc__})
    made.TestCase = make_test_case(made, begin, replay, f"concurrently({machine.__name__}, replay={{}})")  # type: ignore[attr-defined]
    return made


@dataclass(frozen=True, slots=True)
class Made:
    """A value in a bundle: the `index`-th one that the rule of step `step` returned."""

    name: str
    step: int
    index: int

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Step(Operation):
    """A call of a rule."""

    number: int = 0
    thread: int = 0

    def uses(self) -> set[int]:
        """The steps whose values it is given."""
        return {made.step for made in _made_in(self.arguments)}


@dataclass(slots=True)
class _State:
    """A machine while a program runs on it, and what its rules have returned so far."""

    machine: Any
    results: dict[int, tuple[Any, ...]] = field(default_factory=dict)


class MachineSubject:
    """A state machine, and what a program does to it."""

    def __init__(self, machine: type[RuleBasedStateMachine]) -> None:
        self._machine = machine
        self._rules = {name: marked for mark in (RULE, INITIALIZE) for name, marked in _marked(machine, mark)}
        self._invariants = [marked for _, marked in _marked(machine, INVARIANT)]
        self.has_view = callable(getattr(machine, "view", None))

    def begin(self) -> _State:
        return _State(self._machine())

    def allows(self, state: _State, operation: Operation) -> bool:
        return all(condition(state.machine) for condition in self._rules[operation.name].preconditions)

    def perform(self, state: _State, operation: Operation) -> object:
        assert isinstance(operation, Step)
        found = self._rules[operation.name]
        arguments = {name: _resolved(value, state.results) for name, value in operation.arguments.items()}
        result = found.function(state.machine, **arguments)
        state.results[operation.number] = values = _values(result, found)
        return values if isinstance(result, MultipleResults) else result

    def check(self, state: _State) -> None:
        for invariant in self._invariants:
            if all(condition(state.machine) for condition in invariant.preconditions):
                invariant.function(state.machine)

    def view(self, state: _State) -> object:
        return state.machine.view()

    def end(self, state: _State) -> None:
        state.machine.teardown()

    def failed(self, error: BaseException) -> bool:
        return True


def _recording(
    machine: type[RuleBasedStateMachine], search: Search, threads: int, operations: int
) -> type[RuleBasedStateMachine]:
    """A subclass that notes which rules are called, and has the program that they make explored at the end."""
    base: Any = machine

    class Recording(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.racekit_steps: list[Step] = []
            self.racekit_made: list[tuple[Any, Made, tuple[str, ...]]] = []
            self.racekit_names: Counter[str] = Counter()

        def racekit_call(self, name: str, marked: Any, thread: int, arguments: dict[str, Any]) -> Any:
            number = len(self.racekit_steps)
            symbolic = {
                key: _symbolic(value, marked.arguments.get(key), self.racekit_made) for key, value in arguments.items()
            }
            self.racekit_steps.append(Step(name, symbolic, number, thread))
            result = marked.function(self, **arguments)
            for target in marked.targets:
                for index, value in enumerate(_values(result, marked)):
                    made = Made(f"{target}_{self.racekit_names[target]}", number, index)
                    self.racekit_names[target] += 1
                    self.racekit_made.append((value, made, (target,)))
            return result

        def teardown(self) -> None:
            super().teardown()
            if sys.exc_info()[0] is None:
                search.explore(program_of(self.racekit_steps, threads, operations))

    for name, marked in _marked(machine, RULE):
        setattr(Recording, name, _recorded_rule(name, marked, threads))
    for name, marked in _marked(machine, INITIALIZE):
        setattr(Recording, name, _recorded_initialize(name, marked))
    Recording.__name__, Recording.__qualname__ = machine.__name__, f"{machine.__qualname__}.concurrently"
    Recording.__module__ = machine.__module__
    return Recording


def _recorded_rule(name: str, marked: Any, threads: int) -> Any:
    def called(self: Any, **arguments: Any) -> Any:
        return self.racekit_call(name, marked, arguments.pop(THREAD), arguments)

    called.__name__ = name
    function: Any = called
    for condition in marked.preconditions:
        function = precondition(condition)(function)
    handed_to = {THREAD: st.integers(0, threads)}
    return _decorated(rule, marked, handed_to)(function)


def _recorded_initialize(name: str, marked: Any) -> Any:
    def called(self: Any, **arguments: Any) -> Any:
        return self.racekit_call(name, marked, 0, arguments)

    called.__name__ = name
    return _decorated(initialize, marked, {})(called)


def _decorated(decorator: Any, marked: Any, more: dict[str, Any]) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = decorator(
        targets=tuple(Bundle(target) for target in marked.targets), **marked.arguments, **more
    )
    return made


def program_of(steps: list[Step], threads: int, operations: int) -> Program:
    """The steps up to the first one that was given to a thread as the prefix, the others in their threads.

    Left out is what would be too much for a thread, and what is given a value that another thread makes.
    """
    first = next((at for at, step in enumerate(steps) if step.thread), len(steps))
    homes: dict[int, int | None] = {step.number: None for step in steps[:first]}
    parallel: list[list[Operation]] = [[] for _ in range(threads)]
    for step in steps[first:]:
        used = step.uses()
        if not used <= homes.keys():
            continue
        needed = {home for number in used if (home := homes[number]) is not None}
        thread = max(step.thread, 1) - 1
        if needed <= {thread} and len(parallel[thread]) < operations:
            parallel[thread].append(step)
            homes[step.number] = thread
    return Program(steps[:first], [operations for operations in parallel if operations])


def _marked(machine: type, mark: str) -> Iterator[tuple[str, Any]]:
    for name, method in inspect.getmembers(machine):
        marked = getattr(method, mark, None)
        if marked is not None:
            yield name, marked


def _values(result: Any, marked: Any) -> tuple[Any, ...]:
    """What a rule put into its bundles."""
    if not marked.targets:
        return ()
    return tuple(result.values) if isinstance(result, MultipleResults) else (result,)


def _symbolic(value: Any, strategy: Any, made: list[tuple[Any, Made, tuple[str, ...]]]) -> Any:
    """The value with what came out of bundles replaced by where it was made."""
    if isinstance(strategy, Bundle):
        for seen, where, targets in reversed(made):
            if strategy.name in targets and (seen is value or (type(seen) is type(value) and seen == value)):
                return where
        return value
    if type(value) in (list, tuple):
        return type(value)(_symbolic(item, None, made) for item in value)
    if type(value) is dict:
        return {key: _symbolic(item, None, made) for key, item in value.items()}
    kind: Any = type(value)
    if kind.__eq__ is object.__eq__:
        for seen, where, _ in reversed(made):
            if seen is value:
                return where
    return value


def _made_in(value: Any) -> Iterator[Made]:
    if isinstance(value, Made):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _made_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _made_in(item)


def _resolved(value: Any, results: dict[int, tuple[Any, ...]]) -> Any:
    """The value as it is in this run. A rule that returned fewer values than before gives its last one."""
    if isinstance(value, Made):
        values = results[value.step]
        return values[min(value.index, len(values) - 1)]
    if type(value) in (list, tuple):
        return type(value)(_resolved(item, results) for item in value)
    if type(value) is dict:
        return {key: _resolved(item, results) for key, item in value.items()}
    return value
