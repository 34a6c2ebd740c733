"""The failures of one exploration, each once: same kind, same pattern and same lines are the same failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from racekit.failure import Failure
from racekit.minimize import identity
from racekit.report.places import raised_at
from racekit.report.text import failure_report
from racekit.runtime.execution import ExecutionRun
from racekit.user_values import message_of, text_of

_TOLD_AT_MOST = 50


class DistinctFailures:
    """Collects the executions that fail, and tells only those that differ from all before."""

    def __init__(self) -> None:
        self._found: list[Failure] = []
        self._executions: list[list[int]] = []
        self._seen: dict[object, int] = {}

    def __len__(self) -> int:
        return sum(map(len, self._executions))

    def add(self, run: ExecutionRun, execution: int, tell: Callable[[], Failure]) -> None:
        """`run`, of this number, has failed; `tell` makes a failure of it, which takes a few more executions."""
        assert run.fault is not None
        switches = frozenset(each[1] for each in run.scheduler.departures)
        same = identity(run.fault), message_of(run.fault.exception), switches
        index = self._seen.get(same)
        if index is None and len(self._seen) >= _TOLD_AT_MOST:
            index = self._seen.get(identity(run.fault))
        if index is None:
            index = self._index_of(tell())
            self._seen[same] = index
            self._seen.setdefault(identity(run.fault), index)
        self._executions[index].append(execution)

    def _index_of(self, failure: Failure) -> int:
        for index, known in enumerate(self._found):
            if _told(known) == _told(failure):
                return index
        self._found.append(failure)
        self._executions.append([])
        return len(self._found) - 1

    def told(self) -> tuple[Failure, ...]:
        """The failures in the order in which they were found, with the numbers of all executions that fail so."""
        return tuple(
            _counted(failure, tuple(executions))
            for failure, executions in zip(self._found, self._executions, strict=True)
        )


def _counted(failure: Failure, executions: tuple[int, ...]) -> Failure:
    counted = replace(failure, executions=executions)
    return replace(counted, report=failure_report(counted)) if counted.count > 1 else counted


def _told(failure: Failure) -> object:
    """What makes two failures the same for people."""
    events = failure.trace.events
    shown_by = frozenset((events[index].filename, events[index].line) for index in failure.diagnosis.events)
    waits = frozenset((wait.operation, wait.place, wait.held_since) for wait in failure.waits if wait.holder)
    place = None if failure.exception is None else raised_at(failure.exception)
    raised = type(failure.exception), place, text_of(failure.value) if failure.kind == "outcome" else ""
    return failure.kind, failure.diagnosis.pattern, shown_by, waits, raised
