"""Optimal partial-order reduction against a model: one execution for each trace that brute force finds, and no other.

A program has two or three threads of a few statements each: cells, a lock with a condition, a `SimpleQueue`, and a
`Queue` with room for one item. The model takes every step of every thread in every order. Two orders are one trace if
they differ only in the order of independent steps; a trace is written down as what was done to each location, in order,
with reads that follow each other as a set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import racekit

Step = tuple[str, ...]
Program = tuple[tuple[str, ...], ...]

DEADLOCK = "deadlock"
LARGEST = 400  # beginnings of traces

HEAD = """
import queue, threading

class Shared:
    a = b = 0

def body():
    shared, items, slot, lock = Shared(), queue.SimpleQueue(), queue.Queue(1), threading.Lock()
    condition = threading.Condition(lock)
"""

STATEMENTS: dict[str, tuple[tuple[str, ...], tuple[Step, ...]]] = {
    "read": (("local = 10 * local + shared.a",), (("read", "a"),)),
    "write": (("shared.a = local + 1",), (("write", "a"),)),
    "read the other": (("local = 10 * local + shared.b",), (("read", "b"),)),
    "write the other": (("shared.b = local + 1",), (("write", "b"),)),
    "write under the lock": (
        ("with lock: shared.a = local + 1",),
        (("lock", "lock"), ("write", "a"), ("unlock", "lock")),
    ),
    "put": (("items.put(local + 1)",), (("put", "items"),)),
    "get": (("local = 10 * local + items.get()",), (("get", "items"),)),
    "get now": (
        ("try: local = 10 * local + items.get_nowait()", "except queue.Empty: local = 10 * local + 9"),
        (("get now", "items"),),
    ),
    "try the lock": (
        ("if lock.acquire(False):", "    local += 1000; lock.release()"),
        (("try lock", "lock"), ("unlock if locked", "lock")),
    ),
    "fill": (
        ("slot.put(local + 1)",),
        (
            ("lock", "slot"),
            ("wait while full", "slot", "not_full"),
            ("append", "slot"),
            ("notify", "not_empty"),
            ("unlock", "slot"),
        ),
    ),
    "empty": (
        ("local = 10 * local + slot.get()",),
        (
            ("lock", "slot"),
            ("wait while empty", "slot", "not_empty"),
            ("pop", "slot"),
            ("notify", "not_full"),
            ("unlock", "slot"),
        ),
    ),
    "wait": (
        ("with condition:", "    condition.wait()"),
        (("lock", "lock"), ("wait", "lock", "condition"), ("unlock", "lock")),
    ),
    "wait if it is zero": (
        ("with condition:", "    local = 10 * local + shared.a", "    if local % 10 == 0: condition.wait()"),
        (("lock", "lock"), ("read", "a"), ("wait if zero", "lock", "condition"), ("unlock", "lock")),
    ),
    "notify": (
        ("with condition: shared.a = local + 1; condition.notify()",),
        (("lock", "lock"), ("write", "a"), ("notify", "condition"), ("unlock", "lock")),
    ),
    "notify all": (
        ("with condition: condition.notify_all()",),
        (("lock", "lock"), ("notify all", "condition"), ("unlock", "lock")),
    ),
}
KINDS = {
    "cells": ["read", "write", "read the other", "write the other", "write under the lock", "try the lock"],
    "two ends of a queue": ["put", "put", "get", "get now", "write", "read"],
    "room for one": ["fill", "fill", "empty", "empty", "write", "read"],
    "a condition": ["wait", "wait if it is zero", "notify", "notify", "notify all", "try the lock", "write", "read"],
    "all": list(STATEMENTS),
}


# --- the model --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Where each thread is and what it has, what is shared, and the trace: what was done to each location so far.

    asleep: for each condition, who waits, the first one first. woken: who was notified and has to take its lock anew.
    """

    at: tuple[int, ...]
    locals: tuple[int, ...]
    done: tuple[int, ...]
    tried: tuple[bool, ...]
    cells: dict[str, int] = field(default_factory=lambda: {"a": 0, "b": 0})
    queues: dict[str, tuple[int, ...]] = field(default_factory=lambda: {"items": (), "slot": ()})
    taken: int = 0
    held: frozenset[str] = frozenset()
    asleep: dict[str, tuple[int, ...]] = field(default_factory=dict)
    woken: frozenset[int] = frozenset()
    trace: dict[str, tuple[object, ...]] = field(default_factory=dict)

    def key(self) -> object:
        return frozenset(self.trace.items()), self.done


class TooLarge(Exception):
    """The program has too many interleavings to run them all."""


class Model:
    def __init__(self, program: Program) -> None:
        self.steps = [[step for name in thread for step in STATEMENTS[name][1]] for thread in program]

    def ends(self) -> list[object]:
        """How each trace ends."""
        zeros = (0,) * len(self.steps)
        waiting = [State(zeros, zeros, zeros, (False,) * len(self.steps))]
        seen = {waiting[0].key()}
        ends: list[object] = []
        while waiting:
            state = waiting.pop()
            following = [self.step(state, thread) for thread in range(len(self.steps)) if self.can_go(state, thread)]
            if not following:
                ends.append(self.end(state))
            for after in following:
                if after.key() not in seen:
                    seen.add(after.key())
                    waiting.append(after)
            if len(seen) > LARGEST:
                raise TooLarge
        return ends

    def end(self, state: State) -> object:
        if any(at < len(steps) for at, steps in zip(state.at, self.steps, strict=True)):
            return DEADLOCK
        return (*state.cells.values(), *state.locals)

    def can_go(self, state: State, thread: int) -> bool:
        if state.at[thread] == len(self.steps[thread]):
            return False
        if any(thread in sleepers for sleepers in state.asleep.values()):
            return False
        operation, what, *_ = self.steps[thread][state.at[thread]]
        if operation == "lock" or thread in state.woken:
            return what not in state.held
        return operation != "get" or bool(state.queues[what])

    def step(self, state: State, thread: int) -> State:
        """The state after the next step of the thread. What happens under a lock is a step of its own, too."""
        step = self.steps[thread][state.at[thread]]
        operation, what = step[:2]
        if operation == "unlock if locked":
            operation = "unlock" if state.tried[thread] else "nothing"
        local, queues, asleep = state.locals[thread], state.queues, state.asleep
        goes_on, changes = True, dict[str, Any]()
        event = thread, state.done[thread]
        touched = [(what, operation != "read")]
        if thread in state.woken:
            changes = {"held": state.held | {what}, "woken": state.woken - {thread}}
            goes_on = not operation.startswith("wait while")
        elif operation == "read":
            local = 10 * local + state.cells[what]
        elif operation == "write":
            changes["cells"] = {**state.cells, what: local + 1}
        elif operation == "lock":
            changes["held"] = state.held | {what}
        elif operation == "try lock":
            got = what not in state.held
            local += 1000 * got
            changes = {"held": state.held | {what}, "tried": _with(state.tried, thread, got)}
            touched = [(what, got)]
        elif operation == "nothing":
            touched = []
        elif operation == "unlock":
            changes["held"] = state.held - {what}
        elif operation in ("append", "put"):
            changes["queues"] = {**queues, what: (*queues[what], local + 1)}
            if operation == "put":
                number = state.taken + len(queues[what])
                touched = [("tail", True), (f"item {number}", True)]
        elif operation in ("pop", "get", "get now"):
            found = bool(queues[what])
            local = 10 * local + (queues[what][0] if found else 9)
            changes["queues"] = {**queues, what: queues[what][1:]}
            if operation != "pop":
                touched = [("head", found), (f"item {state.taken}", found)]
                changes["taken"] = state.taken + found
        elif operation in ("notify", "notify all"):
            sleepers = asleep.get(what, ())
            first = sleepers[:1] if operation == "notify" else sleepers
            changes = {"woken": state.woken.union(first), "asleep": {**asleep, what: sleepers[len(first) :]}}
        elif self._waits(operation, queues["slot"], local):
            condition = step[2]
            changes["held"] = state.held - {what}
            changes["asleep"] = {**asleep, condition: (*asleep.get(condition, ()), thread)}
            goes_on = False
        else:
            touched = []
        trace = dict(state.trace)
        for location, is_write in touched:
            trace[location] = _followed_by(trace.get(location, ()), event, is_write)
        return replace(
            state,
            at=_with(state.at, thread, state.at[thread] + goes_on),
            locals=_with(state.locals, thread, local),
            done=_with(state.done, thread, state.done[thread] + 1),
            trace=trace,
            **changes,
        )

    def _waits(self, operation: str, slot: tuple[int, ...], local: int) -> bool:
        return {
            "wait": True,
            "wait if zero": local % 10 == 0,
            "wait while full": bool(slot),
            "wait while empty": not slot,
        }[operation]


def _with(values: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _followed_by(history: tuple[object, ...], event: tuple[int, int], is_write: bool) -> tuple[object, ...]:
    if is_write:
        return (*history, event)
    if history and isinstance(history[-1], frozenset):
        return (*history[:-1], history[-1] | {event})
    return (*history, frozenset({event}))


# --- the same program with threads ------------------------------------------------------------------------------------


def body_of(program: Program) -> Callable[[], object]:
    lines = [HEAD, f"    results = [None] * {len(program)}"]
    for number, thread in enumerate(program):
        lines += [f"    def thread_{number}():", "        local = 0"]
        lines += [f"        {line}" for name in thread for line in STATEMENTS[name][0]]
        lines.append(f"        results[{number}] = local")
    works = ", ".join(f"thread_{number}" for number in range(len(program)))
    lines += [
        f"    threads = [threading.Thread(target=work) for work in ({works})]",
        "    for thread in threads: thread.start()",
        "    for thread in threads: thread.join()",
        "    return shared.a, shared.b, *results",
    ]
    namespace: dict[str, Any] = {"__name__": __name__, "__file__": __file__}
    exec(compile("\n".join(lines), "<program>", "exec"), namespace)
    body: Callable[[], object] = namespace["body"]
    return body


# --- tests ------------------------------------------------------------------------------------------------------------


def ends_found(program: Program) -> tuple[set[object], int, int]:
    """How the program can end, in how many executions once all shared places are known, how many of them deadlock."""
    found = racekit.explore(body_of(program), strategy="dpor", executions=None, stop_on_failure=False)
    assert found.cut_by is None
    assert found.interleavings is not None
    before = found.executions - found.interleavings
    deadlocks = [number for failure in found.failures for number in failure.executions if number > before]
    return {*found.outcomes, *(failure.kind for failure in found.failures)}, found.interleavings, len(deadlocks)


def ends_by_brute_force(program: Program) -> tuple[set[object], int, int]:
    ends = Model(program).ends()
    return set(ends), len(ends), ends.count(DEADLOCK)


def programs(statements: list[str]) -> st.SearchStrategy[Program]:
    thread = st.lists(st.sampled_from(statements), min_size=1, max_size=3).map(tuple)
    return st.lists(thread, min_size=2, max_size=3).map(tuple)


@pytest.mark.parametrize("kinds", KINDS)
def test_each_trace_of_a_random_program_is_run_once(kinds: str) -> None:
    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(programs(KINDS[kinds]))
    def holds(program: Program) -> None:
        try:
            expected = ends_by_brute_force(program)
        except TooLarge:
            reject()
        assert ends_found(program) == expected

    holds()


@pytest.mark.parametrize(
    ("program", "traces"),
    [
        ((("put",), ("put", "get"), ("get",)), 4),
        ((("get now",), ("get now",), ("get now", "put")), 5),
        ((("empty",), ("wait if it is zero",), ("empty", "empty")), 2),
    ],
    ids=["a get before another takes its item", "a get before the put", "waits have locks of their own"],
)
def test_no_trace_is_run_twice(program: Program, traces: int) -> None:
    assert ends_by_brute_force(program)[1] == traces
    assert ends_found(program) == ends_by_brute_force(program)
