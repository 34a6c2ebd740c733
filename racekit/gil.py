"""Can a failure happen where there is a GIL? It is looked for again where such a CPython lets threads switch.

A CPython with a GIL hands it over only where its evaluation loop looks whether it should (the *eval breaker*), or where
code written in C lets it go. The loop looks where a Python function or generator begins or resumes, at the end of a
loop's turn, and when a call returns:

- 3.11: `CHECK_EVAL_BREAKER` in `RESUME`, `JUMP_BACKWARD`, and `PRECALL` and `CALL` with their variants (Python/ceval.c)
- 3.12: the same in Python/bytecodes.c, without `PRECALL`
- 3.13 to 3.15: `CHECK_EVAL_BREAKER` or `_CHECK_PERIODIC` in `RESUME`, `JUMP_BACKWARD` and the variants of `CALL`
  (Python/bytecodes.c); what they do then is `_Py_HandlePending` (Python/ceval_gil.c)

That is what `granularity="gil"` keeps to. Where Python code may run unseen between two accesses, as in a property or an
operator of a user's class, it lets threads switch rather than not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from racekit.failure import Failure
from racekit.minimize import identity
from racekit.options import Options
from racekit.report.text import failure_report
from racekit.runtime.execution import ExecutionRun
from racekit.strategies.bounded import Bounded
from racekit.strategies.follow import FollowSwitches
from racekit.strategies.protocol import Strategy

ON_EVERY_CPYTHON = "every"
WITHOUT_GIL_ONLY = "free-threaded"

Search = Callable[[Options, Strategy, Callable[[ExecutionRun], bool]], tuple[bool, bool]]
"""Explores with these options and this strategy until an execution is as wanted; whether one was, and whether all
different ones were run."""

_EXECUTIONS = 100
_TO_FIND_THE_PLACES = 3
_SECONDS = 1.0
_KINDS = frozenset({"exception", "deadlock", "outcome"})


def judged(failure: Failure, same: object, options: Options, search: Search) -> Failure:
    """The failure with its verdict, if there is one; `same` is its `racekit.minimize.identity`."""
    if options.granularity != "access" or not failure.reproduced or failure.kind not in _KINDS:
        return failure
    verdict = "" if failure.schedule.switches else ON_EVERY_CPYTHON
    for strategy, executions in () if verdict else _strategies(failure):
        limited = replace(
            options,
            granularity="gil",
            executions=executions,
            seconds=_SECONDS,
            stop_on_failure=False,
            audit=False,
            data_races="report",
            replay=None,
        )
        found, all_run = search(limited, strategy, lambda run: run.fault is not None and identity(run.fault) == same)
        if found:
            verdict = ON_EVERY_CPYTHON
            break
        if all_run:
            verdict = WITHOUT_GIL_ONLY
    if not verdict:
        return failure
    failure = replace(failure, gil=verdict)
    return replace(failure, report=failure_report(failure))


def _strategies(failure: Failure) -> Iterator[tuple[Strategy, int]]:
    """First what is left of the schedule that failed, then every schedule, unless these are too many."""
    yield FollowSwitches(failure.schedule.switches), _TO_FIND_THE_PLACES
    yield Bounded(at_most=_EXECUTIONS), _EXECUTIONS
