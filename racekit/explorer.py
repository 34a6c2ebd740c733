"""The loop: a strategy chooses a schedule, the body runs under it, and what came of it is added up."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection

from racekit.audit import Audit
from racekit.errors import NestedExploration, ScheduleMismatch
from racekit.failure import Failure
from racekit.minimize import Budget, Minimized, identity, minimize
from racekit.options import Options
from racekit.progress import Progress
from racekit.reproduce import Again, failure_of, reproduce
from racekit.results import Execution, Exploration
from racekit.runtime import originals
from racekit.runtime.conflicts import Conflicts
from racekit.runtime.control import WATCHER, Control
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.places import PLACES
from racekit.runtime.turn import TURN
from racekit.schedule import Schedule
from racekit.strategies import Strategy
from racekit.strategies.dpor import Redundant
from racekit.strategies.follow import FollowSwitches
from racekit.strategies.replay import Replay
from racekit.verdicts import FindFault, Verdicts, content
from racekit.watch.canary import check_interpreter
from racekit.watch.scope import Scope

_NEW_OBJECTS_PER_COLLECTION = 50_000
_MOST_TO_SETTLE = 5

Replayed = Callable[[Schedule], Execution]


class Explorer:
    """One exploration while it runs."""

    def __init__(
        self,
        body: Callable[[], object],
        options: Options,
        strategy: Strategy,
        *,
        timeout: float | None = None,
        until: Callable[[ExecutionRun], bool] | None = None,
        find_fault: FindFault = content,
        conflicts: type[Conflicts] = Conflicts,
        judge: Callable[[ExecutionRun], bool] | None = None,
        places: Collection[tuple[str, int]] = (),
    ) -> None:
        """The keywords are those of `racekit.explore.explore_body`."""
        check_not_nested()
        check_interpreter()
        self.body = body
        self.options = options
        self.strategy = strategy
        self.timeout = timeout
        self.until = until
        self.conflicts = conflicts
        self.judge = judge
        self.places = places
        self._listens = not (until is None and judge is None and find_fault is content)
        self.result = Exploration(
            granularity=options.granularity, excluded=options.exclude, expected=tuple(options.outcomes or ())
        )
        self.verdicts = Verdicts(options, self.result, find_fault)
        self._scope = Scope(options.include, options.exclude)
        self._minimized: set[object] = set()
        self._gave_way = False
        self._begun = originals.perf_counter()
        self._audit = Audit(self._until_settled)

    def run(self, replayed: Replayed) -> Exploration:
        """Explore; `replayed` is how the result runs the body once more."""
        result, effort = self.result, self.result.effort
        progress, audit = Progress(result, self.options), self._audit
        if self.options.audit:
            audit.compare(Schedule())
        self._begun = begun = originals.perf_counter()
        properties = self.options.granularity == "gil"
        with progress, Control(self._scope, self.timeout, progress.show, every_attribute=properties) as control:
            entered = originals.perf_counter()
            result.cut_by = self._loop(control)
            compares = result.executions > 1 or (result.threads > 1 and not self._listens)
            if result.cut_by is None and compares and audit.missing is not None:
                audit.ran(self._once_more(audit.missing, control))
            result.stuck = control.monitor.stuck
            effort.rewriting = WATCHER.seconds
            effort.running -= WATCHER.seconds
            left = originals.perf_counter()
        ended = originals.perf_counter()
        effort.rewriting += entered - begun + ended - left
        result.failures = self.verdicts.failures()
        result.again = replayed
        result.allowed_races = self.options.allowed_races
        result.seconds = ended - begun
        if result.cut_by == "nondeterminism" or not all(failure.reproduced for failure in result.failures):
            audit.explain()
        if result.cut_by is None and audit.notes:
            result.cut_by = "nondeterminism"
        result.notes += tuple(audit.notes)
        return result

    def run_once(self, schedule: Schedule, compare: bool) -> tuple[ExecutionRun, Failure | None, str]:
        """One execution, recorded for people, in which the places that the schedule speaks of are scheduling points."""
        failure = None
        with Control(self._scope, self.timeout) as control:
            control.interrupts.let_through()
            run, strategy = self._under(schedule, control)
            if run.scheduler.interruption is not None:
                raise run.scheduler.interruption
            stuck = control.monitor.stuck
            if not stuck:
                strategy.check_followed(run.scheduler.steps)
            if self.judge is not None:
                self.judge(run)
            elif run.fault is not None:
                as_it_is = Minimized(run, fewest=False)
                can_compare = compare and not stuck
                failure = reproduce(run, as_it_is, self._again(control), 0) if can_compare else failure_of(run, 0)
        return run, failure, stuck

    def why_not(self, schedule: Schedule) -> str:
        """Why the body may not have followed this schedule."""
        return self._audit.of_replay(schedule)

    def _loop(self, control: Control) -> str | None:
        """Execution after execution; returns what cut the search, None if nothing did."""
        control.interrupts.let_through()
        options, result = self.options, self.result
        PLACES.know(self.places)
        modules = len(sys.modules)
        if options.pinned is not None and self._fails_under(options.pinned, control):
            if self.judge is not None:
                return "found"
            if options.stop_on_failure:
                return "failure"
        while self._begin():
            control.interrupts.check()
            if options.executions is not None and result.executions >= options.executions:
                return "executions"
            if options.seconds is not None and result.executions and self._has_taken(options.seconds):
                return "seconds"  # but not before anything was run, as a body that always fails has to fail
            run = self._run(control, self.strategy)
            result.executions += 1
            interruption = run.scheduler.interruption
            if interruption is not None and not isinstance(interruption, Redundant):
                raise interruption
            self._end(run)
            if interruption is not None:
                result.executions -= 1
                continue
            result.effort.points += run.scheduler.steps
            self._audit.ran(run)
            self._gave_way = self._gave_way or run.scheduler.gave_way
            self.verdicts.note_outside(run)
            if control.monitor.stuck:
                return "timeout"
            if self.judge is None:
                self._add(run, control)
            until = self.judge or self.until
            if until is not None and until(run):
                result.found = run.schedule()
                return "found"
            if self.judge is None and run.fault is not None and options.stop_on_failure:
                return "failure"
            imported = len(sys.modules) != modules  # which is not done again by those that come later
            if imported:
                modules = len(sys.modules)
                control.know_modules()
            if imported or PLACES.grown or WATCHER.grown:
                if WATCHER.grown:
                    WATCHER.watch_born()
                PLACES.grown = WATCHER.grown = False
                if len(run.scheduler.threads) > 1:  # otherwise nothing was missed: all is in the order of one thread
                    self._gave_way = False
                    self.strategy.restart()
            if gc.get_count()[0] > _NEW_OBJECTS_PER_COLLECTION:
                control.silence.collect()
        if self.verdicts.outside or self.verdicts.elsewhere:
            return self.verdicts.outside or self.verdicts.elsewhere
        cut_by = self.strategy.cut_by or ("a spin that gave way" if self._gave_way else None)
        if cut_by is None:
            result.interleavings = self.strategy.interleavings
        return cut_by

    def _has_taken(self, seconds: float) -> bool:
        return originals.perf_counter() - self._begun >= seconds

    def _fails_under(self, schedule: Schedule, control: Control) -> bool:
        """Run a schedule that is to be tried before the search. If the body follows it no longer, a note says so."""
        run, strategy = self._under(schedule, control)
        failed = False
        if run.scheduler.interruption is not None or control.monitor.stuck or not strategy.followed:
            self.verdicts.note(
                f"the schedule {schedule} can no longer be followed, so it was not run before the search"
            )
        else:
            self.result.executions += 1
            if self.judge is None:
                self._add(run, control)
                failed = run.fault is not None
            elif failed := self.judge(run):
                self.result.found = run.schedule()
        PLACES.forget()
        return failed

    def _under(self, schedule: Schedule, control: Control) -> tuple[ExecutionRun, Replay]:
        """An execution under this schedule, recorded for people, where the body follows it.

        In a search, the executions before have shown what has to be watched; here it is the first ones that show it.
        """
        for switch in schedule.switches:
            PLACES.want(switch.position.line, switch.position.name)
            WATCHER.store(switch.position.name)
        best: tuple[ExecutionRun, Replay] | None = None
        for _ in range(_MOST_TO_SETTLE):
            WATCHER.grown = False
            strategy = Replay(schedule)
            run = self.verdicts.judged(ExecutionRun(self.body, strategy, control, self.options, recorded=True))
            interruption = run.scheduler.interruption
            if interruption is not None and not isinstance(interruption, ScheduleMismatch):
                raise interruption
            if best is None or strategy.followed or not best[1].followed:
                best = run, strategy
            if control.monitor.stuck or not WATCHER.grown:
                break
            WATCHER.watch_born()
        assert best is not None
        return best

    def _begin(self) -> bool:
        begun = originals.perf_counter()
        more = self.strategy.begin()
        self.result.effort.searching += originals.perf_counter() - begun
        return more

    def _run(self, control: Control, strategy: Strategy) -> ExecutionRun:
        begun = originals.perf_counter()
        traced = self._listens or strategy is not self.strategy or strategy.compares_events
        execution = ExecutionRun(
            self.body, strategy, control, self.options, conflicts=self.conflicts, keeps_trace=traced
        )
        run = self.verdicts.judged(execution)
        self.result.effort.running += originals.perf_counter() - begun
        self.result.threads = max(self.result.threads, len(run.scheduler.threads) - 1)
        return run

    def _end(self, run: ExecutionRun) -> None:
        """The strategy learns from this execution, but not from a livelock, which is long, if it is the last."""
        livelock = run.fault is not None and run.fault.kind == "livelock"
        if livelock and self.options.stop_on_failure and self.judge is None:
            return
        begun = originals.perf_counter()
        self.strategy.end(run.scheduler.trace, run.scheduler.conflicts.owners)
        self.result.effort.searching += originals.perf_counter() - begun

    def _again(self, control: Control) -> Again:
        """Runs the body once more, recorded for people."""

        def again(strategy: Strategy) -> ExecutionRun | None:
            run = self.verdicts.judged(ExecutionRun(self.body, strategy, control, self.options, recorded=True))
            interruption = run.scheduler.interruption
            if interruption is not None and not isinstance(interruption, ScheduleMismatch):
                raise interruption
            followed = not isinstance(strategy, Replay) or strategy.followed
            return None if interruption is not None or control.monitor.stuck or not followed else run

        return again

    def _once_more(self, schedule: Schedule, control: Control) -> ExecutionRun:
        run = self._run(control, FollowSwitches(schedule.switches))
        if run.scheduler.interruption is not None:
            raise run.scheduler.interruption
        return run

    def _until_settled(self, schedule: Schedule) -> list[ExecutionRun]:
        """The body under this schedule, with every access recorded: the executions that followed it.

        The first ones show what has to be watched, too; the last two show nothing new, so they were watched alike.
        """
        executions: list[ExecutionRun | None] = []
        settled = 0
        with Control(self._scope, self.timeout, every_access=True) as control:
            control.interrupts.let_through()
            while settled < 2 and len(executions) < _MOST_TO_SETTLE:
                PLACES.grown = WATCHER.grown = False
                executions.append(self._again(control)(Replay(schedule)))
                settled = 0 if PLACES.grown or WATCHER.grown else settled + 1
                WATCHER.watch_born()
        return [run for run in executions if run is not None]

    def _minimize(self, run: ExecutionRun, control: Control) -> Minimized:
        """A simpler execution with the same failure, for the first failure of its kind."""
        assert run.fault is not None
        same = identity(run.fault)
        exact = not (self._gave_way or self.verdicts.outside)
        if same in self._minimized or self.verdicts.outside:
            return Minimized(run, fewest=False)
        self._minimized.add(same)
        budget = Budget(self.options, originals.perf_counter() - self._begun)
        grown = PLACES.grown or WATCHER.grown

        def execute(strategy: Strategy) -> ExecutionRun | None:
            nonlocal grown
            if not budget.allows_another() or control.monitor.stuck:
                return None
            PLACES.grown = WATCHER.grown = False
            again = self._run(control, strategy)
            if again.scheduler.interruption is not None:
                raise again.scheduler.interruption
            if PLACES.grown or WATCHER.grown:
                grown = True
                strategy.restart()
            return again

        try:
            return minimize(run, execute, budget, ruled_out=self.strategy.preemptions_ruled_out if exact else 0)
        finally:
            PLACES.grown = grown

    def _add(self, run: ExecutionRun, control: Control) -> None:
        number = self.result.executions
        self.verdicts.add(run, lambda: reproduce(run, self._minimize(run, control), self._again(control), number))


def check_not_nested() -> None:
    """Raises NestedExploration inside of an execution, and while another thread explores."""
    if TURN.scheduler is not None:
        nested = originals.get_ident() == TURN.ident
        raise NestedExploration(_NESTED if nested else _ELSEWHERE)


_NESTED = (
    "explore was called by a body that is being explored itself, so its schedules would never end: "
    "call it outside of the body."
)
_ELSEWHERE = (
    "Another thread explores just now, and one exploration at a time has control: "
    "call explore for one after the other, or in processes of their own."
)
