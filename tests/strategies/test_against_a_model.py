"""The search against a model: every outcome of small random programs, found by enumeration in plain Python.

A program has two or three threads of one to four operations each: read a shared variable into a local one, write a
shared variable, take a lock, release it. The model runs it by hand; racekit runs it with threads. What can come out
must be the same, with every kind of shared variable, at every granularity and under every bound.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import racekit

Operation = tuple[Any, ...]
Program = tuple[tuple[Operation, ...], ...]

DEADLOCK = "deadlock"
LARGEST = 600  # interleavings


# --- programs ---------------------------------------------------------------------------------------------------------


def _thread(choice: random.Random, locks: int, cells: int) -> tuple[Operation, ...]:
    operations: list[Operation] = []
    held: list[int] = []
    for _ in range(choice.randint(1, 4)):
        kind = choice.choice(["read", "write", "write", *(["lock", "unlock"] if locks else [])])
        if kind == "lock":
            free = [lock for lock in range(locks) if lock not in held]
            if free:
                held.append(choice.choice(free))
                operations.append(("lock", held[-1]))
        elif kind == "unlock":
            if held:
                operations.append(("unlock", held.pop()))
        elif kind == "read":
            operations.append(("read", choice.randrange(cells)))
        else:
            operations.append(("write", choice.randrange(cells), choice.randint(1, 3)))
    operations += [("unlock", lock) for lock in reversed(held)]
    return tuple(operations or [("read", 0)])


def random_program(seed: int, locks: int) -> Program:
    """A program with at most LARGEST interleavings."""
    choice = random.Random(f"{seed} {locks}")
    while True:
        cells = choice.randint(1, 2)
        program = tuple(_thread(choice, locks, cells) for _ in range(choice.choice([2, 2, 3])))
        if Model(program).interleavings() <= LARGEST:
            return program


# --- the model --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Where each thread is (the caller last), the variables, each thread's local, and who holds the locks."""

    at: tuple[int, ...]
    cells: tuple[int, ...]
    locals: tuple[int, ...]
    holders: tuple[int, ...]


class Model:
    """The semantics: any enabled thread may take the next step, and the caller starts and joins the others in order.

    `coarse` is for granularity "sync": reads and writes belong to the step before them.
    """

    def __init__(self, program: Program, coarse: bool = False) -> None:
        count = len(program)
        caller = [("start", thread) for thread in range(count)] + [("join", thread) for thread in range(count)]
        self.program: list[tuple[Operation, ...]] = [*program, tuple(caller)]
        self.caller = count
        self.coarse = coarse
        self._counts: dict[State, int] = {}

    @property
    def first(self) -> State:
        return State((0,) * (self.caller + 1), (0, 0), (0,) * self.caller, (-1, -1))

    def enabled(self, state: State) -> list[int]:
        return [thread for thread in range(self.caller + 1) if self._can_go(state, thread)]

    def _can_go(self, state: State, thread: int) -> bool:
        if state.at[thread] == len(self.program[thread]):
            return False
        operation = self.program[thread][state.at[thread]]
        if thread < self.caller and state.at[self.caller] <= thread:
            return False
        if operation[0] == "lock":
            return state.holders[operation[1]] == -1
        if operation[0] == "join":
            return state.at[operation[1]] == len(self.program[operation[1]])
        return True

    def step(self, state: State, thread: int) -> State:
        state = self._operation(state, thread)
        while self.coarse and self._operation_at(state, thread) in ("read", "write"):
            state = self._operation(state, thread)
        return state

    def _operation_at(self, state: State, thread: int) -> str:
        operations = self.program[thread]
        return operations[state.at[thread]][0] if state.at[thread] < len(operations) else "end"

    def _operation(self, state: State, thread: int) -> State:
        cells, local, holders = list(state.cells), list(state.locals), list(state.holders)
        match self.program[thread][state.at[thread]]:
            case ("read", cell):
                local[thread] = 10 * local[thread] + cells[cell]
            case ("write", cell, more):
                cells[cell] = local[thread] + more
            case ("lock", lock):
                holders[lock] = thread
            case ("unlock", lock):
                holders[lock] = -1
        at = tuple(place + (number == thread) for number, place in enumerate(state.at))
        return State(at, tuple(cells), tuple(local), tuple(holders))

    def outcome(self, state: State) -> object:
        done = all(place == len(operations) for place, operations in zip(state.at, self.program, strict=True))
        return (*state.cells, *state.locals) if done else DEADLOCK

    def outcomes(self, preemptions: int | None = None) -> set[object]:
        """All that can come out, of the interleavings with at most so many preemptions."""
        found: set[object] = set()
        seen: set[tuple[State, int, int]] = set()
        waiting = [(self.first, self.caller, 0)]
        while waiting:
            state, current, used = waiting.pop()
            if (state, current, used) in seen:
                continue
            seen.add((state, current, used))
            enabled = self.enabled(state)
            if not enabled:
                found.add(self.outcome(state))
            for thread in enabled:
                cost = used + (preemptions is not None and thread != current and current in enabled)
                if preemptions is None or cost <= preemptions:
                    waiting.append((self.step(state, thread), thread if preemptions is not None else 0, cost))
        return found

    def interleavings(self) -> int:
        return self._count(self.first)

    def _count(self, state: State) -> int:
        if state not in self._counts:
            self._counts[state] = sum(self._count(self.step(state, each)) for each in self.enabled(state)) or 1
        return self._counts[state]


# --- the same program with threads ------------------------------------------------------------------------------------

_SHARED = {
    "attributes": ("shared = Cells()", ["shared.a", "shared.b"], ""),
    "class attributes": ("shared = type('Cells', (), {'a': 0, 'b': 0})", ["shared.a", "shared.b"], ""),
    "items of a list": ("shared = [0, 0]", ["shared[0]", "shared[1]"], ""),
    "items of a dict": ("shared = {'a': 0, 'b': 0}", ["shared['a']", "shared['b']"], ""),
    "closure variables": ("a = b = 0", ["a", "b"], "nonlocal a, b"),
    "globals": ("global a, b; a = b = 0", ["a", "b"], "global a, b"),
}


def _lines(program: Program, kind: str) -> Iterator[str]:
    make, names, declare = _SHARED[kind]
    count = len(program)
    yield "def body():"
    yield f"    {make}"
    yield "    locks = [threading.Lock(), threading.Lock()]"
    yield "    first, second = locks"
    yield f"    results = [None] * {count}"
    for number, operations in enumerate(program):
        yield f"    def thread_{number}():"
        yield f"        {declare or 'pass'}"
        yield "        local = 0"
        for operation in operations:
            match operation:
                case ("read", cell):
                    yield f"        local = 10 * local + {names[cell]}"
                case ("write", cell, more):
                    yield f"        {names[cell]} = local + {more}"
                case ("lock", lock):
                    yield f"        {'first' if lock == 0 else 'second'}.acquire()"
                case ("unlock", lock):
                    yield f"        {'first' if lock == 0 else 'second'}.release()"
        yield "        return local"
    yield f"    threads = [Worker(each) for each in ({', '.join(f'thread_{number}' for number in range(count))},)]"
    yield "    for thread in threads: thread.start()"
    yield "    for thread in threads: thread.join()"
    yield f"    return ({names[0]}, {names[1]}, *[thread.result for thread in threads])"


_PREAMBLE = """
import threading

class Cells:
    def __init__(self):
        self.a = 0
        self.b = 0

class Worker(threading.Thread):
    def __init__(self, work):
        super().__init__()
        self.work = work
        self.result = None

    def run(self):
        self.result = self.work()

"""


def body_of(program: Program, kind: str) -> Callable[[], object]:
    source = _PREAMBLE + "\n".join(_lines(program, kind))
    namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__}
    exec(compile(source, "<program>", "exec"), namespace)
    body: Callable[[], object] = namespace["body"]
    return body


def outcomes_of(found: racekit.Exploration) -> set[object]:
    return {*found.outcomes, *(failure.kind for failure in found.failures)}


def explored(body: Callable[[], object], **options: Any) -> racekit.Exploration:
    options = {"strategy": "bounded", "executions": None, "stop_on_failure": False, **options}
    return racekit.explore(body, **options)


# --- tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["bounded", "dpor"])
@pytest.mark.parametrize("kind", _SHARED)
@pytest.mark.parametrize("seed", range(6))
def test_what_comes_out_of_racing_threads_is_what_the_model_says(seed: int, kind: str, strategy: str) -> None:
    program = random_program(seed, locks=0)
    found = explored(body_of(program, kind), strategy=strategy)
    assert found.cut_by is None
    assert outcomes_of(found) == Model(program).outcomes()


@pytest.mark.parametrize("strategy", ["bounded", "dpor"])
@pytest.mark.parametrize("seed", range(12))
def test_what_comes_out_of_locking_threads_is_what_the_model_says(seed: int, strategy: str) -> None:
    program = random_program(seed, locks=2)
    found = explored(body_of(program, "attributes"), strategy=strategy)
    assert found.cut_by is None
    assert outcomes_of(found) == Model(program).outcomes()


@pytest.mark.parametrize("seed", range(100, 112))
def test_with_synchronization_as_the_only_steps_the_model_is_met_too(seed: int) -> None:
    program = random_program(seed, locks=2)
    found = explored(body_of(program, "attributes"), granularity="sync")
    assert found.cut_by is None
    assert outcomes_of(found) == Model(program, coarse=True).outcomes()


@pytest.mark.parametrize("preemptions", [0, 1, 2])
@pytest.mark.parametrize("seed", range(200, 206))
def test_a_bound_on_preemptions_leaves_just_the_outcomes_that_need_no_more(seed: int, preemptions: int) -> None:
    program = random_program(seed, locks=2)
    found = explored(body_of(program, "attributes"), preemptions=preemptions)
    assert found.cut_by in (None, "preemptions")
    assert outcomes_of(found) == Model(program).outcomes(preemptions)


@pytest.mark.parametrize("strategy", ["auto", "dpor", "random"])
@pytest.mark.parametrize("seed", range(300, 304))
def test_no_strategy_finds_what_cannot_be(seed: int, strategy: str) -> None:
    program = random_program(seed, locks=2)
    body = body_of(program, "attributes")
    found = racekit.explore(body, strategy=strategy, executions=200, stop_on_failure=False)
    assert outcomes_of(found) <= Model(program).outcomes()


@pytest.mark.parametrize("seed", range(400, 404))
def test_each_outcome_of_a_random_program_replays(seed: int) -> None:
    program = random_program(seed, locks=2)
    body = body_of(program, "attributes")
    found = explored(body)
    for value, outcome in found.outcomes.items():
        assert racekit.replay(body, outcome.schedule.token).value == value
    for failure in found.failures:
        again = racekit.replay(body, failure.schedule.token).failure
        assert again is not None and again.kind == DEADLOCK
