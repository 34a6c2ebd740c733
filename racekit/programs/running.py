"""Running a program: side by side, under whatever schedule, or one call after the other, in a given order.

The recorder is invisible to the search: it is code that is not watched, it takes no lock, and it adds no scheduling
point. It only notes how long the trace was when a call began and ended.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from racekit.linearize import BLOCKED, Call, History, Identities, Operation, Outcome, outcome_of
from racekit.linearize.history import NEVER, raised
from racekit.programs.program import Program, Subject
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.turn import TURN

_UNCHANGEABLE = (int, float, complex, str, bytes, type(None))


class NotAllowed(Exception):
    """A program makes a call that is not meant to be made, if the calls come in some order. Private."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation)
        self.operation = operation


class _Record:
    """One call while it is made: who made it, and the length of the trace before and after."""

    __slots__ = ("after", "before", "copied", "operation", "outcome", "thread", "ticks")

    def __init__(self, operation: Operation, thread: int, before: int, tick: int) -> None:
        self.operation = operation
        self.thread = thread
        self.before = before
        self.after: int | None = None
        self.ticks = [tick, tick]
        self.outcome: Outcome = BLOCKED
        self.copied = False


class Recording:
    """What one run of a program did."""

    def __init__(self, program: Program) -> None:
        self.prefix: list[_Record] = []
        self.threads: list[list[_Record]] = [[] for _ in program.threads]
        self.final: Outcome | None = None
        self.failed: _Record | None = None
        self._identities = Identities()
        self._ticks = 0

    def perform(self, subject: Subject, state: Any, operation: Operation, records: list[_Record]) -> None:
        """Carry out an operation, and note what came of it. A failed one raises."""
        scheduler = TURN.scheduler
        self._ticks += 1
        record = _Record(operation, TURN.thread.id, len(scheduler.trace), self._ticks)
        records.append(record)
        try:
            outcome: Outcome = outcome_of(subject.perform(state, _own(operation)), self._identities)
        except Exception as error:
            if subject.failed(error):
                record.outcome = raised(error, self._identities)
                self.failed = record
                raise
            outcome = raised(error, self._identities)
        self._ticks += 1
        record.ticks[1] = self._ticks
        record.after = len(scheduler.trace)
        record.outcome = outcome
        record.copied = self._identities.could_change

    def see(self, subject: Subject, state: Any) -> None:
        if subject.has_view:
            self.final = outcome_of(subject.view(state), self._identities)

    def histories(self, run: ExecutionRun, *, exact: bool) -> Iterator[History]:
        """The histories of a run, and of runs that only differ in when calls were made.

        A call begins with the first event of its thread and ends with the last one, since whatever it does before and
        after touches nothing that another thread changes: another execution, of the same events in the same order, had
        the call begin and end just there. A call without events could as well be made just after the event before it,
        or just before the one after it. Not so if not all that is shared was seen yet (`exact` is false): then a call
        begins and ends where the recorder was; nor if a result had to be copied, which is an access, but no event.
        """
        trace = run.scheduler.trace
        exact = exact and not any(record.copied for record in self._records())
        spans: _Spans = {}
        if exact:
            for record in self._records():
                end = len(trace) if record.after is None else record.after
                events = [at for at in range(record.before, end) if trace[at][0] == record.thread]
                if events:
                    spans[id(record)] = events[0], events[-1]
        yield self._history(spans, self._where_made(spans))
        if exact and any(id(record) not in spans and record.after is not None for record in self._records()):
            yield self._history(spans, self._as_late_as_can_be(spans, len(trace)))
            yield self._history(spans, self._as_early_as_can_be(spans))

    def _records(self) -> Iterator[_Record]:
        return (record for thread in self.threads for record in thread)

    def _where_made(self, spans: _Spans) -> _Moments:
        return {
            id(record): (record.before - 0.5, (record.before if record.after is None else record.after) - 0.5)
            for record in self._records()
            if id(record) not in spans
        }

    def _as_late_as_can_be(self, spans: _Spans, end: int) -> _Moments:
        moments = {}
        for thread in self.threads:
            following: float = end
            for record in reversed(thread):
                if id(record) in spans:
                    following = spans[id(record)][0]
                else:
                    moments[id(record)] = following - 0.25, following - 0.25
        return moments

    def _as_early_as_can_be(self, spans: _Spans) -> _Moments:
        moments = {}
        for thread in self.threads:
            before: float = -1
            for record in thread:
                if id(record) in spans:
                    before = spans[id(record)][1]
                else:
                    moments[id(record)] = before + 0.25, before + 0.25
        return moments

    def _history(self, spans: _Spans, without_events: _Moments) -> History:
        ends: list[tuple[float, int, _Record, bool]] = []
        for record in self._records():
            first, last = spans.get(id(record)) or without_events[id(record)]
            ends.append((first, record.ticks[0], record, True))
            if record.after is not None:
                ends.append((last, record.ticks[1], record, False))
        ends.sort(key=lambda end: end[:2])
        called = {id(record): moment for moment, (*_, record, begins) in enumerate(ends) if begins}
        returned = {id(record): moment for moment, (*_, record, begins) in enumerate(ends) if not begins}

        def call(record: _Record) -> Call:
            return Call(record.operation, record.outcome, called[id(record)], returned.get(id(record), NEVER))

        prefix = [Call(record.operation, record.outcome, -1, -1) for record in self.prefix]
        return History([[call(record) for record in thread] for thread in self.threads], prefix, self.final)


_Spans = dict[int, tuple[int, int]]
"""The indices of the first and last event of a call, by its record's id."""

_Moments = dict[int, tuple[float, float]]
"""When a call without events begins and ends, between the indices of events, by its record's id."""


def _own(operation: Operation) -> Operation:
    """The operation with arguments that the call may change."""
    arguments = operation.arguments
    if all(isinstance(value, _UNCHANGEABLE) for value in arguments.values()):
        return operation
    return replace(operation, arguments={name: _copied(value) for name, value in arguments.items()})


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def side_by_side(subject: Subject, program: Program, begun: Callable[[Recording], None]) -> Callable[[], None]:
    """A body for an exploration: the program once, each of its threads in a thread. `begun` is given the recording."""

    def body() -> None:
        recording = Recording(program)
        begun(recording)
        state = _after_prefix(subject, program, recording)

        def job(operations: Sequence[Operation], records: list[_Record]) -> Callable[[], None]:
            def run() -> None:
                for operation in operations:
                    recording.perform(subject, state, operation, records)

            return run

        jobs = [job(*pair) for pair in zip(program.threads, recording.threads, strict=True)]
        _run_all(jobs, program.names)
        subject.check(state)
        recording.see(subject, state)
        subject.end(state)

    return body


def one_by_one(
    subject: Subject, program: Program, order: Sequence[tuple[int, Operation]], begun: Callable[[Recording], None]
) -> Callable[[], None]:
    """A body that makes the calls in this order of (thread, operation), each in the thread that it belongs to."""

    def body() -> None:
        recording = Recording(program)
        begun(recording)
        state = _after_prefix(subject, program, recording)
        turns = [threading.Lock() for _ in order]
        for turn in turns[1:]:
            turn.acquire()

        def job(thread: int) -> Callable[[], None]:
            def run() -> None:
                for index, (owner, operation) in enumerate(order):
                    if owner == thread:
                        turns[index].acquire()
                        if not subject.allows(state, operation):
                            raise NotAllowed(operation)
                        recording.perform(subject, state, operation, recording.threads[thread])
                        subject.check(state)
                        if index + 1 < len(order):
                            turns[index + 1].release()

            return run

        _run_all([job(thread) for thread in range(len(program.threads))], program.names)
        recording.see(subject, state)
        subject.end(state)

    return body


def _after_prefix(subject: Subject, program: Program, recording: Recording) -> Any:
    state = subject.begin()
    subject.check(state)
    for operation in program.prefix:
        recording.perform(subject, state, operation, recording.prefix)
        subject.check(state)
    return state


def _run_all(jobs: Sequence[Callable[[], None]], names: Sequence[str]) -> None:
    threads = [threading.Thread(target=job, name=name) for job, name in zip(jobs, names, strict=True)]
    caller = TURN.thread
    caller.atomic = 1  # who starts first says nothing: whoever is chosen at the first join runs first
    try:
        for thread in threads:
            thread.start()
    finally:
        caller.atomic = 0
    for thread in threads:
        thread.join()
