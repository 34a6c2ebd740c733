"""The simplest schedule that still fails: independent steps change places, then switches are left out one by one.

Steps that do not depend on each other may come in any order, so each thread can go on for as long as its next step does
not need another thread's: that merges most switches at once (Jalbert and Sen, "A trace simplification technique for
effective debugging of concurrent programs", FSE 2010). Of the switches that remain, each is tried without, as in delta
debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from racekit.happens_before import Step, order
from racekit.options import Options
from racekit.runtime import originals
from racekit.runtime.execution import ExecutionRun, Fault
from racekit.strategies.bounded import Bounded
from racekit.strategies.follow import FollowOrder, FollowSwitches
from racekit.strategies.protocol import Strategy
from racekit.strategies.steps import steps_between

_MOST_EXECUTIONS = 200
_SECONDS_ANYWAY = 0.5

Execute = Callable[[Strategy], ExecutionRun | None]
"""Runs the body once under a strategy; None if there is no budget left for that."""


class Budget:
    """What minimizing may cost: a fifth of what the search may, but no more than 200 executions and half a second.

    If the search has taken long, it may take a fifth of the seconds `searched`.
    """

    def __init__(self, options: Options, searched: float) -> None:
        executions, seconds = options.executions, options.seconds
        self.executions = _MOST_EXECUTIONS if executions is None else min(_MOST_EXECUTIONS, executions // 5)
        anyway = _SECONDS_ANYWAY if seconds is None else min(_SECONDS_ANYWAY, seconds / 5)
        self._until = originals.perf_counter() + max(searched / 5, anyway)

    def allows_another(self) -> bool:
        """Whether one more execution may be made; it counts."""
        self.executions -= 1
        return self.executions >= 0 and originals.perf_counter() < self._until


@dataclass(slots=True)
class Minimized:
    """The simplest failing execution found; `fewest`: no schedule with fewer preemptions fails in the same way."""

    run: ExecutionRun
    fewest: bool


def minimize(failing: ExecutionRun, execute: Execute, budget: Budget, *, ruled_out: int) -> Minimized:
    """A simpler execution than `failing` with the same failure, or `failing` itself.

    budget: what `execute` goes by. ruled_out: the search has run every schedule with fewer preemptions than this, and
    none failed in the same way.
    """
    best = failing
    for simplify in (_merge_switches, _leave_switches_out):
        if best.scheduler.preemptions > ruled_out:
            best = simplify(best, execute)
    fewest = best.scheduler.preemptions <= ruled_out
    if not fewest:
        best, fewest = _search_below(best, execute, budget)
    return Minimized(best, fewest)


def identity(fault: Fault) -> object:
    """What two failures have in common that are the same: the kind, and what was raised where, or who waits where."""
    if fault.exception is not None:
        traceback = fault.exception.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        where = traceback and (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        return fault.kind, type(fault.exception), where
    circle = [wait for wait in fault.waits if wait.holder]
    stuck = circle or [wait for wait in fault.waits if wait.operation != "join"]
    waits = frozenset((wait.operation, wait.awaited, wait.place, wait.held_since) for wait in stuck)
    return fault.kind, waits, frozenset(fault.repeated), fault.outcome


def _is_simpler(run: ExecutionRun | None, best: ExecutionRun) -> bool:
    """Whether `run` fails in the same way, with fewer preemptions, or as many and fewer switches."""
    return run is not None and _fails_alike(run, best) and _switches(run) < _switches(best)


def _fails_alike(run: ExecutionRun, other: ExecutionRun) -> bool:
    return run.fault is not None and other.fault is not None and identity(run.fault) == identity(other.fault)


def _switches(run: ExecutionRun) -> tuple[int, int]:
    return run.scheduler.preemptions, len(run.scheduler.departures)


# --- independent steps change places ---------------------------------------------------------------------------------


def _merge_switches(best: ExecutionRun, execute: Execute) -> ExecutionRun:
    recording = FollowSwitches(best.schedule().switches, compares_events=True)
    run = execute(recording)
    if run is None or not _fails_alike(run, best):
        return best
    scheduler = run.scheduler
    steps = steps_between(recording.starts, recording.chosen, scheduler.trace, scheduler.conflicts.owners)
    ordered = order(steps)
    merged = execute(FollowOrder([ordered[index].thread for index in _merged(ordered)][1:]))
    return merged if merged is not None and _is_simpler(merged, best) else best


def _merged(steps: Sequence[Step]) -> Iterator[int]:
    """The indices of the steps in an order with the same happens-before, where threads run for long."""
    left: dict[int, list[int]] = {}
    for index in reversed(range(len(steps))):
        left.setdefault(steps[index].thread, []).append(index)
    done = dict.fromkeys(left, -1)

    def needed(index: int) -> int | None:
        """A step that has to come before this one and has not yet."""
        for thread, before in steps[index].before.items():
            if thread in left and done[thread] < before and thread != steps[index].thread:
                return left[thread][-1]
        return None

    current = steps[0].thread if steps else 0
    while any(left.values()):
        if not left[current]:
            current = next((thread for thread in sorted(left) if thread > current and left[thread]), current)
            if not left[current]:
                current = next(thread for thread in sorted(left) if left[thread])
        index = left[current][-1]
        while (missing := needed(index)) is not None:
            index = missing
        current = steps[index].thread
        done[current] = left[current].pop()
        yield index


# --- switches are left out -------------------------------------------------------------------------------------------


def _leave_switches_out(best: ExecutionRun, execute: Execute) -> ExecutionRun:
    size = len(best.scheduler.departures)
    while size:
        start = 0
        while start < len(best.scheduler.departures):
            switches = best.schedule().switches
            run = execute(FollowSwitches((*switches[:start], *switches[start + size :])))
            if run is None:
                return best
            if _is_simpler(run, best):
                best = run
            else:
                start += size
        size = min(size, len(best.scheduler.departures) + 1) // 2
    return best


# --- every schedule with fewer preemptions ---------------------------------------------------------------------------


def _search_below(best: ExecutionRun, execute: Execute, budget: Budget) -> tuple[ExecutionRun, bool]:
    """Runs the schedules with fewer preemptions, unless they seem too many; True if none of those fails any more."""
    search = Bounded(best.scheduler.preemptions - 1, at_most=budget.executions)
    while search.begin():
        run = execute(search)
        if run is None or run.scheduler.gave_way or run.scheduler.outside_calls:
            return best, False
        search.end(run.scheduler.trace, run.scheduler.conflicts.owners)
        if _is_simpler(run, best):
            return run, True
    return best, search.cut_by in (None, "preemptions")
