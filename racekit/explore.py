"""The loop: a strategy chooses a schedule, the body runs under it, and what came of it is added up."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from racekit.audit import Audit
from racekit.distinct import DistinctFailures
from racekit.errors import NestedExploration, ScheduleMismatch
from racekit.failure import Diagnosis, Failure
from racekit.gil import Search, judged
from racekit.minimize import Minimized, identity, minimize
from racekit.options import Options, check_body
from racekit.progress import Progress
from racekit.report.text import failure_report
from racekit.reproduce import Again, failure_of, reproduce
from racekit.results import Execution, Exploration, Outcome
from racekit.runtime import originals
from racekit.runtime.conflicts import PLACES, Conflicts
from racekit.runtime.control import WATCHER, Control
from racekit.runtime.execution import ExecutionRun, Fault
from racekit.runtime.scheduling_point import Chooser
from racekit.runtime.turn import TURN
from racekit.schedule import Schedule
from racekit.strategies import Strategy, make_strategy
from racekit.strategies.dpor import Redundant
from racekit.strategies.follow import FollowSwitches
from racekit.strategies.replay import Replay
from racekit.watch.canary import check_interpreter
from racekit.watch.scope import Scope

_NEW_OBJECTS_PER_COLLECTION = 50_000
_MOST_TO_MINIMIZE = 200
_SECONDS_TO_MINIMIZE_ANYWAY = 0.5


FindFault = Callable[[ExecutionRun], Fault | None]
"""Finds fault with an execution that did not fail, or does not."""


def _content(run: ExecutionRun) -> Fault | None:
    return None


def explore(body: Callable[[], object], **options: Any) -> Exploration:
    """Run `body()` under one schedule after another, until it fails, nothing different is left, or a budget is used up.

    executions: at most so many executions (None: no limit). seconds: at most so much real time. preemptions: only
    schedules with at most so many preemptions. strategy: "auto", "bounded", "dpor", "random", "pct", "pos", "urw" or
    "surw". seed: for what is random. depth: for "pct", how many constraints on the order of steps a bug may need.
    granularity: where threads may switch; "access" (between any two shared accesses), "gil" (where CPython with
    a GIL does) or "sync" (at synchronization only). timeouts: "virtual" (a timed wait expires when the virtual clock
    passes its deadline or nobody else can run) or "any" (it may expire at any point). include, exclude: packages,
    modules, classes or functions to watch, or not, besides the project's. steps: an execution longer than so many is a
    livelock. stop_on_failure: whether the first failure ends the exploration. data_races: "report" or "error", which
    makes failures of accesses that nothing orders (see `Exploration.data_races`), but for those on what is a key of
    allowed_races, which gives the reason. audit: first run the default schedule twice, and say what differs. outcomes:
    the values that the body may return; any other one is a failure. replay: a schedule, or its token, that is run
    before the search, such as one under which the body failed before.

    Raises BadArgument for a body or option that cannot be used, and NestedExploration inside an exploration.
    """
    return explore_body(body, Options.of(options))


def replay(body: Callable[[], object], schedule: Schedule | str, **options: Any) -> Execution:
    """Run `body()` once, under this schedule (a `Schedule`, or its token).

    Raises BadArgument for what is no token, and ScheduleMismatch if the body does not follow it to its end.
    """
    return replay_body(body, Schedule.parse(schedule), Options.of(options))


def explore_body(
    body: Callable[[], object],
    options: Options,
    *,
    timeout: float | None = None,
    until: Callable[[ExecutionRun], bool] | None = None,
    find_fault: FindFault = _content,
    conflicts: type[Conflicts] = Conflicts,
    judge: Callable[[ExecutionRun], bool] | None = None,
    strategy: Strategy | None = None,
    places: Collection[tuple[str, int]] = (),
) -> Exploration:
    """`explore` with options that were checked before.

    After `timeout` real seconds it ends, and `stuck` says who was where. It also ends (`cut_by` "found") after the
    first execution for which `until` is true; its schedule is in `found`. `find_fault` may find fault with an execution
    that did not fail. `conflicts` says which places matter. `judge` is an `until` that alone says what a failure is:
    nothing else is told of the executions. `strategy` replaces that of the options. `places` are known to take part in
    conflicts (`PLACES.known`).
    """
    explorer = _Explorer(check_body(body), options, strategy or make_strategy(options), timeout, until, conflicts)
    explorer.find_fault = find_fault
    explorer.judge = judge
    explorer.places = places
    result = explorer.run()
    if result.failures and explorer.first_fault is not None and not result.stuck:
        search = _searching(body, timeout, find_fault)
        first = judged(result.failures[0], explorer.first_fault, options, search)
        result.failures = first, *result.failures[1:]
    if options.data_races == "error" and result.ok and not result.stuck:
        _fail_for_data_races(result)
    return result


def _searching(body: Callable[[], object], timeout: float | None, find_fault: FindFault) -> Search:
    def search(options: Options, strategy: Strategy, judge: Callable[[ExecutionRun], bool]) -> tuple[bool, bool]:
        found = explore_body(body, options, timeout=timeout, find_fault=find_fault, judge=judge, strategy=strategy)
        return found.found is not None, found.cut_by is None

    return search


def _fail_for_data_races(result: Exploration) -> None:
    races = result.data_races
    if races and result.again is not None:
        race = races[0]
        told = Failure(
            kind="data race",
            exception=None,
            thread=race.threads[1],
            schedule=race.schedule,
            trace=result.again(race.schedule).trace,
            outcome="\n".join(map(str, races)),
            diagnosis=Diagnosis("data race", f"Data race on {race.target}: nothing orders these accesses"),
        )
        result.failures, result.cut_by = (replace(told, report=failure_report(told)),), result.cut_by or "failure"


def replay_body(
    body: Callable[[], object],
    schedule: Schedule,
    options: Options,
    *,
    timeout: float | None = None,
    find_fault: FindFault = _content,
    compare: bool = False,
) -> Execution:
    """`replay` with options that were checked before.

    find_fault: may find fault with an execution that did not fail. compare: the body may be run a few more times if it
    fails, to find out what differs when it passes.
    """
    strategy = Replay(schedule)
    explorer = _Explorer(check_body(body), options, strategy, timeout)
    explorer.find_fault = find_fault
    try:
        run, failure, stuck = explorer.run_once(strategy, compare)
    except ScheduleMismatch as mismatch:
        raise ScheduleMismatch(f"{mismatch}{explorer.why_not(schedule)}") from None
    return _execution(run, schedule, failure, stuck)


def run_body(body: Callable[[], object], chooser: Chooser, options: Options) -> Execution:
    """Run `body()` once, where `chooser` chooses; every access of watched code is a scheduling point."""
    _check_not_nested()
    check_interpreter()
    with Control(Scope(options.include, options.exclude), every_access=True) as control:
        control.interrupts.let_through()
        run = ExecutionRun(check_body(body), chooser, control, options, recorded=True)
    if run.scheduler.interruption is not None:
        raise run.scheduler.interruption
    return _execution(run, run.schedule(), failure_of(run, 0) if run.fault else None, "")


def _execution(run: ExecutionRun, schedule: Schedule, failure: Failure | None, stuck: str) -> Execution:
    seconds = run.scheduler.now / 1_000_000_000
    return Execution(run.value, failure, schedule, run.trace(), run.scheduler.steps, seconds, stuck)


class _Explorer:
    """One exploration while it runs."""

    def __init__(
        self,
        body: Callable[[], object],
        options: Options,
        strategy: Strategy,
        timeout: float | None,
        until: Callable[[ExecutionRun], bool] | None = None,
        conflicts: type[Conflicts] = Conflicts,
    ) -> None:
        _check_not_nested()
        check_interpreter()
        self.body = body
        self.options = options
        self.strategy = strategy
        self.timeout = timeout
        self.until = until
        self.conflicts = conflicts
        self.find_fault: FindFault = _content
        self.judge: Callable[[ExecutionRun], bool] | None = None
        self.places: Collection[tuple[str, int]] = ()
        self.result = Exploration(granularity=options.granularity, expected=tuple(options.outcomes or ()))
        self._scope = Scope(options.include, options.exclude)
        self._failures = DistinctFailures()
        self.first_fault: object = None
        self._minimized: set[object] = set()
        self._outside: str | None = None
        self._gave_way = False
        self._begun = originals.perf_counter()
        self._audit = Audit(self._twice)

    def run(self) -> Exploration:
        result, effort = self.result, self.result.effort
        progress, audit = Progress(result, self.options), self._audit
        if self.options.audit:
            audit.compare(Schedule())
        self._begun = begun = originals.perf_counter()
        properties = self.options.granularity == "gil"
        with progress, Control(self._scope, self.timeout, progress.show, every_attribute=properties) as control:
            entered = originals.perf_counter()
            result.cut_by = self._loop(control)
            if result.cut_by is None and result.executions > 1 and audit.missing is not None:
                audit.ran(self._once_more(audit.missing, control))
            result.stuck = control.monitor.stuck
            effort.rewriting = WATCHER.seconds
            effort.running -= WATCHER.seconds
            left = originals.perf_counter()
        ended = originals.perf_counter()
        effort.rewriting += entered - begun + ended - left
        result.failures = self._failures.told()
        result.again = functools.partial(replay_body, self.body, options=self.options)
        result.allowed_races = self.options.allowed_races
        result.seconds = ended - begun
        if result.cut_by == "nondeterminism" or not all(failure.reproduced for failure in result.failures):
            audit.explain()
        if result.cut_by is None and audit.notes:
            result.cut_by = "nondeterminism"
        result.notes += tuple(audit.notes)
        return result

    def run_once(self, strategy: Replay, compare: bool) -> tuple[ExecutionRun, Failure | None, str]:
        """One execution, recorded for people, in which the places that the schedule speaks of are scheduling points."""
        failure = None
        with Control(self._scope, self.timeout) as control:
            control.interrupts.let_through()
            for switch in strategy.schedule.switches:
                PLACES.want(switch.position.line, switch.position.name)
                WATCHER.store(switch.position.name)
            run = self._judged(ExecutionRun(self.body, strategy, control, self.options, recorded=True))
            if run.scheduler.interruption is not None:
                raise run.scheduler.interruption
            stuck = control.monitor.stuck
            if not stuck:
                strategy.check_followed(run.scheduler.steps)
            if run.fault is not None:
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
        if options.pinned is not None and self._fails_under(options.pinned, control) and options.stop_on_failure:
            return "failure"
        while self._begin():
            control.interrupts.check()
            if options.executions is not None and result.executions >= options.executions:
                return "executions"
            if options.seconds is not None and originals.perf_counter() - self._begun >= options.seconds:
                return "seconds"
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
            self._note_outside(run)
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
            if len(sys.modules) != modules:
                modules = len(sys.modules)
                WATCHER.find_new(youngest=False)
            if PLACES.grown or WATCHER.grown:
                PLACES.grown = WATCHER.grown = False
                self._gave_way = False
                self.strategy.restart()
            if gc.get_count()[0] > _NEW_OBJECTS_PER_COLLECTION:
                gc.collect(1)
        if self._outside:
            return self._outside
        cut_by = self.strategy.cut_by or ("a spin that gave way" if self._gave_way else None)
        if cut_by is None:
            result.interleavings = self.strategy.interleavings
        return cut_by

    def _fails_under(self, schedule: Schedule, control: Control) -> bool:
        """Run a schedule that is to be tried before the search. If the body follows it no longer, a note says so."""
        for switch in schedule.switches:
            PLACES.want(switch.position.line, switch.position.name)
            WATCHER.store(switch.position.name)
        run = self._again(control)(Replay(schedule))
        if run is None:
            self._note(f"the schedule {schedule} can no longer be followed, so it was not run before the search")
        else:
            self.result.executions += 1
            self._add(run, control)
        PLACES.forget()
        return run is not None and run.fault is not None

    def _begin(self) -> bool:
        begun = originals.perf_counter()
        more = self.strategy.begin()
        self.result.effort.searching += originals.perf_counter() - begun
        return more

    def _run(self, control: Control, strategy: Strategy) -> ExecutionRun:
        begun = originals.perf_counter()
        run = self._judged(ExecutionRun(self.body, strategy, control, self.options, conflicts=self.conflicts))
        self.result.effort.running += originals.perf_counter() - begun
        self.result.threads = max(self.result.threads, len(run.scheduler.threads) - 1)
        return run

    def _judged(self, run: ExecutionRun) -> ExecutionRun:
        """The run, as a failure if somebody finds fault with it or it returned what must not come out."""
        if run.fault is None and run.scheduler.interruption is None:
            run.fault = self.find_fault(run)
            if run.fault is None and self.options.allows(run.value) is False:
                run.fault = Fault(
                    "outcome",
                    run.thread_names[0],
                    outcome=f"{run.value!r} came out, which is not among the outcomes allowed",
                )
        return run

    def _end(self, run: ExecutionRun) -> None:
        begun = originals.perf_counter()
        self.strategy.end(run.scheduler.trace, run.scheduler.conflicts.owners)
        self.result.effort.searching += originals.perf_counter() - begun

    def _again(self, control: Control) -> Again:
        """Runs the body once more, recorded for people."""

        def again(strategy: Strategy) -> ExecutionRun | None:
            run = self._judged(ExecutionRun(self.body, strategy, control, self.options, recorded=True))
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

    def _twice(self, schedule: Schedule) -> list[ExecutionRun]:
        """The body two times under this schedule, with every access recorded: those that followed it."""
        with Control(self._scope, self.timeout, every_access=True) as control:
            control.interrupts.let_through()
            executions = [self._again(control)(Replay(schedule)) for _ in range(2)]
        return [run for run in executions if run is not None]

    def _minimize(self, run: ExecutionRun, control: Control) -> Minimized:
        """A simpler execution with the same failure, for the first failure of its kind."""
        assert run.fault is not None
        same = identity(run.fault)
        exact = not (self._gave_way or self._outside)
        if same in self._minimized or self._outside:
            return Minimized(run, fewest=False)
        self._minimized.add(same)
        budget = _Budget(self.options, originals.perf_counter() - self._begun)
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
            return minimize(run, execute, ruled_out=self.strategy.preemptions_ruled_out if exact else 0)
        finally:
            PLACES.grown = grown

    def _note_outside(self, run: ExecutionRun) -> None:
        """What was not under control cannot have been explored."""
        for name in run.scheduler.outsiders:
            self._outside = "uncontrolled thread"
            self._note(f"{name} ran outside control, and touched what the explored threads use")
        for call in run.scheduler.outside_calls:
            self._outside = "a call that blocked outside control"
            self._note(call)
        for refused in WATCHER.refused:
            self._outside = "code that cannot be watched"
            self._note(f"{refused} cannot be rewritten, so its accesses were not seen")

    def _note(self, note: str) -> None:
        if note not in self.result.notes:
            self.result.notes += (note,)

    def _add(self, run: ExecutionRun, control: Control) -> None:
        number = self.result.executions
        if run.fault is not None:
            self.first_fault = self.first_fault or identity(run.fault)
            self._failures.add(
                run, number, lambda: reproduce(run, self._minimize(run, control), self._again(control), number)
            )
        if run.fault is None or run.fault.kind == "outcome":
            self._count_outcome(run)

    def _count_outcome(self, run: ExecutionRun) -> None:
        outcomes, switches = self.result.outcomes, len(run.scheduler.departures)
        try:
            outcome = outcomes.get(run.value)
            key: object = run.value
        except TypeError:
            key = repr(run.value)
            outcome = outcomes.get(key)
        if outcome is None:
            outcomes[key] = Outcome(1, run.schedule(), self.options.allows(run.value))
            return
        outcome.count += 1
        if switches < len(outcome.schedule.switches):
            outcome.schedule = run.schedule()


class _Budget:
    """What minimizing may cost: a fifth of the search's executions, and of its time if that is long."""

    def __init__(self, options: Options, searched: float) -> None:
        executions = options.executions
        self._executions = _MOST_TO_MINIMIZE if executions is None else min(_MOST_TO_MINIMIZE, executions // 5)
        self._until = originals.perf_counter() + max(searched / 5, _SECONDS_TO_MINIMIZE_ANYWAY)

    def allows_another(self) -> bool:
        self._executions -= 1
        return self._executions >= 0 and originals.perf_counter() < self._until


def _check_not_nested() -> None:
    if TURN.scheduler is not None:
        raise NestedExploration(
            "explore was called by a body that is being explored itself, so its schedules would never end: "
            "call it outside of the body."
        )
