"""Assertions about every schedule: what must be possible, and what must not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from racekit.diagnose.lost_update import LostUpdate, describe, lost_updates
from racekit.errors import BadArgument
from racekit.explore import Exploration, explore_body, raise_failure, replay_body
from racekit.options import Options
from racekit.runtime.execution import ExecutionRun
from racekit.schedule import Schedule

Body = Callable[[], object]


def assert_lost_update(body: Body, of: str | None = None, **options: Any) -> Exploration:
    """Some schedule of `body` loses an update: a thread overwrites what another wrote after the first had read.

    of: what is overwritten, as `Class.attribute` or as the name alone. options: those of `explore`. Returns the
    exploration; its `notes` begin with a sentence that names the lost update. Raises AssertionError if none was found.
    """
    __tracebackhide__ = True

    def loses_one(run: ExecutionRun) -> bool:
        return any(_is_of(run, update, of) for update in lost_updates(run.accesses()))

    checked = Options.of({"stop_on_failure": False, **options})
    found = explore_body(body, checked, until=loses_one)
    if found.found is None:
        raise AssertionError(f"No lost update{f' of {of}' if of else ''} in {_searched(found)}.")
    found.notes = (_lost_update_in_words(body, found.found, of, checked), *found.notes)
    return found


def assert_deadlock(body: Body, between: Collection[str] | None = None, **options: Any) -> Exploration:
    """Some schedule of `body` ends in a deadlock.

    between: names that must all take part, of threads or of what they wait for. options: those of `explore`. Returns
    the exploration, whose `failure` is that deadlock. Raises AssertionError if there was none.
    """
    __tracebackhide__ = True
    if isinstance(between, str):
        raise BadArgument(f"between={between!r} is one name: pass several, as in between=('a', 'b').")
    checked = Options.of({"stop_on_failure": False, **options})
    wanted = set(between or ())

    def is_that_deadlock(run: ExecutionRun) -> bool:
        fault = run.fault
        if fault is None or fault.kind != "deadlock":
            return False
        return all(any(_names(wait.thread, wait.awaited, wait.holder, name) for wait in fault.waits) for name in wanted)

    found = explore_body(body, checked, until=is_that_deadlock)
    if found.found is None:
        others = "".join(f"\n{failure}" for failure in found.failures[:1])
        names = f" between {' and '.join(sorted(wanted))}" if wanted else ""
        raise AssertionError(f"No deadlock{names} in {_searched(found)}.{others}")
    deadlock = found.failures[-1]
    found.failures = (deadlock, *found.failures[:-1])
    return found


def assert_race_free(body: Body, **options: Any) -> Exploration:
    """No schedule of `body` makes it fail, loses an update, or makes it return something else than the others.

    options: those of `explore`. Returns the exploration; its `proved` says whether every schedule was run. Raises what
    the failure deserves (see `Exploration.check`), or AssertionError.
    """
    __tracebackhide__ = True
    checked = Options.of(options)
    found = explore_body(body, checked, until=lambda run: any(True for _ in lost_updates(run.accesses())))
    if found.failure is not None:
        raise_failure(found.failure)
    if found.found is not None:
        raise AssertionError(
            f"Lost update in execution {found.executions}: {_lost_update_in_words(body, found.found, None, checked)}\n"
            f"  replay it with {found.found}"
        )
    if len(found.outcomes) > 1:
        raise AssertionError(f"The result depends on the schedule.\n{found}")
    return found


def assert_outcomes(
    body: Body, outcomes: Collection[object] | None = None, *, at_least: Collection[object] = (), **options: Any
) -> Exploration:
    """`body` returns exactly these values, over all its schedules: each of them comes out, and nothing else.

    at_least: values of which each must come out, whatever else does (instead of `outcomes`). options: those of
    `explore`. Returns the exploration. Raises what the failure deserves if an execution fails, or AssertionError, with
    the schedule of a value that should not come out.
    """
    __tracebackhide__ = True
    if outcomes is None and not at_least:
        raise BadArgument(
            "assert_outcomes was told no outcomes: pass the set of values that may come out, or at_least=."
        )
    wanted = list(outcomes if outcomes is not None else at_least)

    def unexpected(run: ExecutionRun) -> bool:
        return outcomes is not None and run.fault is None and run.value not in wanted

    checked = Options.of(options)
    found = explore_body(body, checked, until=unexpected)
    if found.failure is not None:
        raise_failure(found.failure)
    if found.found is not None:
        value = replay_body(body, found.found, checked).value
        raise AssertionError(
            f"{value!r} came out, which is none of {_listed(wanted)}: in execution {found.executions}, "
            f"with schedule {found.found}"
        )
    missing = [value for value in wanted if not any(value == seen or repr(value) == seen for seen in found.outcomes)]
    if missing:
        raise AssertionError(f"{_listed(missing)} never came out in {_searched(found)}.\n{found}")
    return found


@contextmanager
def raises(expected: type[BaseException]) -> Iterator[SimpleNamespace]:
    """The block raises `expected`, such as `racekit.Deadlock`; what it raised is then in `.value`."""
    __tracebackhide__ = True
    caught = SimpleNamespace(value=None)
    try:
        yield caught
    except expected as error:
        caught.value = error
        return
    raise AssertionError(f"The block raised no {expected.__name__}.")


def _names(thread: str, awaited: str, holder: str | None, name: str) -> bool:
    return name in (thread, awaited, holder) or awaited.endswith(f".{name}")


def _is_of(run: ExecutionRun, update: LostUpdate, of: str | None) -> bool:
    target = run.trace().events[update.overwriting].target
    return of is None or target == of or target.endswith(f".{of}")


def _lost_update_in_words(body: Body, schedule: Schedule, of: str | None, options: Options) -> str:
    """Replays the schedule once more, to see the values."""
    execution = replay_body(body, schedule, options)
    events = execution.trace.events
    accesses = [
        (event.thread, event.operation, event.location) if event.operation in ("read", "write") else None
        for event in events
    ]
    for update in lost_updates(accesses):
        target = events[update.overwriting].target
        if of is None or target == of or target.endswith(f".{of}"):
            return describe(update, events, execution.trace.threads)
    return "an update was lost"


def _searched(found: Exploration) -> str:
    how = "proved: every interleaving was run" if found.cut_by is None else f"cut by {found.cut_by}"
    return f"{found.executions:,} execution{'s' if found.executions != 1 else ''} ({how})"


def _listed(values: Collection[object]) -> str:
    return ", ".join(map(repr, values))
