"""Exploring a body, and replaying one of its executions: what the package offers, and what its other parts use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from racekit.errors import ScheduleMismatch
from racekit.explorer import Explorer, check_not_nested
from racekit.failure import Diagnosis, Failure
from racekit.gil import Search, judged
from racekit.options import Options, check_body
from racekit.report.text import failure_report
from racekit.reproduce import failure_of
from racekit.results import Execution, Exploration
from racekit.runtime.conflicts import Conflicts
from racekit.runtime.control import Control
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.scheduling_point import Chooser
from racekit.schedule import Schedule
from racekit.strategies import Strategy, make_strategy
from racekit.strategies.replay import NoSearch
from racekit.verdicts import FindFault, content
from racekit.watch.canary import check_interpreter
from racekit.watch.scope import Scope


def explore(body: Callable[[], object], **options: Any) -> Exploration:
    """Run `body()` under one schedule after another, until it fails, nothing different is left, or a budget is used up.

    executions: at most so many executions (None: no limit). seconds: at most so much real time. preemptions: only
    schedules with at most so many preemptions (with "auto" or "bounded"). strategy: "auto", "bounded", "directed",
    "dpor", "random", "pct", "pos", "urw" or "surw". seed: for what is random. depth: for "pct", how many constraints on
    the order of steps a bug may need. granularity: where threads may switch; "access" (between any two shared
    accesses), "gil" (where CPython with a GIL does) or "sync" (at synchronization only). timeouts: "virtual" (a timed
    wait expires when the virtual clock passes its deadline or nobody else can run) or "any" (it may expire at any
    point). include, exclude: packages, modules, classes or functions to watch, or not, besides the project's. steps: an
    execution longer than so many is a livelock. stop_on_failure: whether the first failure ends the exploration.
    data_races: "report" or "error", which makes failures of accesses that nothing orders (see
    `Exploration.data_races`), but for those on what is a key of allowed_races, which gives the reason. audit: first run
    the default schedule a few times, and say what differs. outcomes: the values that the body may return; any other one
    is a failure. replay: a schedule, or its token, that is run before the search, such as one under which the body
    failed before.

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
    find_fault: FindFault = content,
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
    explorer = Explorer(
        check_body(body),
        options,
        strategy or make_strategy(options),
        timeout=timeout,
        until=until,
        find_fault=find_fault,
        conflicts=conflicts,
        judge=judge,
        places=places,
    )
    result = explorer.run(functools.partial(replay_body, body, options=options))
    if result.failures and explorer.verdicts.first_fault is not None and not result.stuck:
        search = _searching(body, timeout, find_fault)
        first = judged(result.failures[0], explorer.verdicts.first_fault, options, search)
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


def try_schedule(
    body: Callable[[], object], schedule: Schedule, options: Options, *, timeout: float | None = None
) -> Exploration:
    """What comes of this one schedule. If it fails, the failure is told as that of a search: minimized, with verdicts.

    No execution counts if the body does not follow the schedule to its end.
    """
    alone = replace(options, replay=schedule, audit=False)
    return explore_body(body, alone, timeout=timeout, strategy=NoSearch())


def replay_body(
    body: Callable[[], object],
    schedule: Schedule,
    options: Options,
    *,
    timeout: float | None = None,
    find_fault: FindFault = content,
    compare: bool = False,
    judge: Callable[[ExecutionRun], bool] | None = None,
) -> Execution:
    """`replay` with options that were checked before.

    find_fault: may find fault with an execution that did not fail. compare: the body may be run a few more times if it
    fails, to find out what differs when it passes. judge: is shown the execution, and alone says what a failure is.
    """
    explorer = Explorer(check_body(body), options, NoSearch(), timeout=timeout, find_fault=find_fault, judge=judge)
    try:
        run, failure, stuck = explorer.run_once(schedule, compare)
    except ScheduleMismatch as mismatch:
        raise ScheduleMismatch(f"{mismatch}{explorer.why_not(schedule)}") from None
    return _execution(run, schedule, failure, stuck)


def run_body(body: Callable[[], object], chooser: Chooser, options: Options) -> Execution:
    """Run `body()` once, where `chooser` chooses; every access of watched code is a scheduling point."""
    check_not_nested()
    check_interpreter()
    with Control(Scope(options.include, options.exclude), every_access=True) as control:
        control.interrupts.let_through()
        run = ExecutionRun(check_body(body), chooser, control, options, recorded=True)
    if run.scheduler.interruption is not None:
        raise run.scheduler.interruption
    return _execution(run, run.schedule(), failure_of(run, 0) if run.fault else None, "")


def _execution(run: ExecutionRun, schedule: Schedule, failure: Failure | None, stuck: str) -> Execution:
    seconds = run.scheduler.now / 1_000_000_000
    trace = run.trace() if failure is None else failure.trace  # of a livelock, to put it together takes its time
    return Execution(run.value, failure, schedule, trace, run.scheduler.steps, seconds, stuck)
