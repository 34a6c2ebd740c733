"""What came of the executions of one exploration, added up: failures, outcomes, and what was not under control."""

from __future__ import annotations

from collections.abc import Callable

from racekit.distinct import DistinctFailures
from racekit.failure import Failure
from racekit.minimize import identity
from racekit.options import Options
from racekit.results import Exploration, Outcome
from racekit.runtime.control import WATCHER
from racekit.runtime.execution import ExecutionRun, Fault
from racekit.user_values import text_of

FindFault = Callable[[ExecutionRun], Fault | None]
"""Finds fault with an execution that did not fail, or does not."""


def content(run: ExecutionRun) -> Fault | None:
    """Finds no fault."""
    return None


class Verdicts:
    """Judges each execution, and adds to the `result`.

    `outside` says what cut the search if something ran outside control; `elsewhere` if it was another process, which
    does not keep a failure from being minimized. `first_fault` is the identity of the first.
    """

    def __init__(self, options: Options, result: Exploration, find_fault: FindFault) -> None:
        self._options = options
        self._result = result
        self._find_fault = find_fault
        self._failures = DistinctFailures()
        self.first_fault: object = None
        self.outside: str | None = None
        self.elsewhere: str | None = None

    def judged(self, run: ExecutionRun) -> ExecutionRun:
        """The run, as a failure if somebody finds fault with it or it returned what must not come out."""
        if run.fault is None and run.scheduler.interruption is None:
            run.fault = self._find_fault(run)
            if run.fault is None and self._options.allows(run.value) is False:
                run.fault = Fault(
                    "outcome",
                    run.thread_names[0],
                    outcome=f"{text_of(run.value)} came out, which is not among the outcomes allowed",
                )
        return run

    def add(self, run: ExecutionRun, tell: Callable[[], Failure]) -> None:
        """`run` is the last execution counted; `tell` makes a failure of it, if it failed as none did before."""
        if run.fault is not None:
            self.first_fault = self.first_fault or identity(run.fault)
            self._failures.add(run, self._result.executions, tell)
        if run.fault is None or run.fault.kind == "outcome":
            self._count_outcome(run)

    def failures(self) -> tuple[Failure, ...]:
        """Those that differ, in the order in which they were found."""
        return self._failures.told()

    def note_outside(self, run: ExecutionRun) -> None:
        """What was not under control cannot have been explored."""
        for name in run.scheduler.outsiders:
            self.outside = "uncontrolled thread"
            self.note(f"{name} ran outside control, and touched what the explored threads use")
        for call in run.scheduler.outside_calls:
            self.outside = "a call that blocked outside control"
            self.note(call)
        for process in run.scheduler.processes:
            self.elsewhere = "a process outside control"
            self.note(process)
        for imported in run.scheduler.imports:
            self.elsewhere = "an import beside other threads"
            self.note(imported)
        for record, death in run.scheduler.deaths:
            if any(location.thread is None for location in record.locations.values()):
                self.elsewhere = "the death of an object"
                self.note(death)
        if run.scheduler.workers_were_counted:
            self.outside = "a count of the threads of an executor"
            self.note("how many threads an executor has started is not explored, but the body asked how many there are")
        if run.scheduler.workers_differ:
            self.outside = "the contexts of the threads of an executor"
            self.note(
                "the threads of an executor inherit the contexts of those who submit tasks, and these differ, "
                "but who starts how many threads is not explored"
            )
        for refused in WATCHER.refused:
            self.outside = "code that cannot be watched"
            self.note(f"{refused} cannot be rewritten, so its accesses were not seen")

    def note(self, note: str) -> None:
        if note not in self._result.notes:
            self._result.notes += (note,)

    def _count_outcome(self, run: ExecutionRun) -> None:
        outcomes, switches = self._result.outcomes, len(run.scheduler.departures)
        try:
            outcome = outcomes.get(run.value)
            key: object = run.value
        except Exception:
            key = text_of(run.value)
            outcome = outcomes.get(key)
        if outcome is None:
            outcomes[key] = Outcome(1, run.schedule(), self._options.allows(run.value))
            return
        outcome.count += 1
        if switches < len(outcome.schedule.switches):
            outcome.schedule = run.schedule()
