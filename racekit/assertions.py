"""Assertions about every schedule: what must be possible, and what must not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from racekit.diagnose.lost_update import accesses_of, describe, is_of, lost_updates, without_numbers
from racekit.diagnose.under_locks import ConflictsUnderLocks
from racekit.errors import BadArgument, ForbiddenOutcome
from racekit.explore import explore_body, replay_body
from racekit.failure import Failure, raise_failure
from racekit.options import Options, check_body
from racekit.report.cells import short_place
from racekit.results import Exploration
from racekit.runtime.execution import ExecutionRun, Fault
from racekit.trace import Wait
from racekit.user_values import is_known_as, text_of

Body = Callable[[], object]


def assert_lost_update(body: Body, of: str | None = None, **options: Any) -> Exploration:
    """Some schedule of `body` loses an update: a thread overwrites what another wrote after the first had read.

    of: what is overwritten, as `Class.attribute` or as the name alone. options: those of `explore`. Returns the
    exploration; its `notes` begin with a sentence that names the lost update, its `found` is the schedule. Raises
    AssertionError if none was found.
    """
    __tracebackhide__ = True
    search = _LostUpdateSearch(body, of)
    found = search.run(Options.of({"stop_on_failure": False, **options}))
    if found.found is None:
        failed = f"\n{found.failure}" if found.failure is not None else ""
        others = f" Lost were updates of {', '.join(sorted(search.others))}." if search.others else ""
        raise AssertionError(f"No lost update{f' of {of}' if of else ''} in {_searched(found)}.{others}{failed}")
    found.notes = (search.in_words(found), *found.notes)
    return found


def assert_deadlock(body: Body, between: Collection[str] | None = None, **options: Any) -> Exploration:
    """Some schedule of `body` ends in a deadlock.

    between: names that must all take part, of threads or of what they wait for. options: those of `explore`. Returns
    the exploration, whose `failure` is that deadlock. Raises AssertionError if there was none.
    """
    __tracebackhide__ = True
    if isinstance(between, str):
        raise BadArgument(f"between={between!r} is one name: pass several, as in between=('a', 'b').")
    wanted = sorted(between or ())

    def is_between(kind: str, waits: Sequence[Wait]) -> bool:
        return kind == "deadlock" and all(any(_takes_part(name, wait) for wait in waits) for name in wanted)

    def is_that_deadlock(run: ExecutionRun) -> bool:
        return run.fault is not None and is_between(run.fault.kind, run.fault.waits)

    found = explore_body(body, Options.of({"stop_on_failure": False, **options}), until=is_that_deadlock)
    if found.found is None:
        failed = f"\n{found.failure}" if found.failure is not None else ""
        names = f" between {' and '.join(wanted)}" if wanted else ""
        raise AssertionError(f"No deadlock{names} in {_searched(found)}.{failed}")
    found.failures = tuple(sorted(found.failures, key=lambda failure: not is_between(failure.kind, failure.waits)))
    return found


def assert_race_free(body: Body, **options: Any) -> Exploration:
    """No schedule of `body` makes it fail, loses an update, or makes it return something else than the others.

    options: those of `explore`. Returns the exploration; its `proved` says whether every schedule was run. Raises what
    the failure deserves (see `Exploration.check`), or AssertionError.
    """
    __tracebackhide__ = True
    checked = Options.of(options)
    found = explore_body(check_body(body), checked, find_fault=_losing, conflicts=ConflictsUnderLocks)
    if found.failure is not None:
        raise_failure(found.failure)
    if len({_comparable(value) for value in found.outcomes}) > 1:
        raise AssertionError(f"The result depends on the schedule.\n{found}{_why_it_depends(body, checked, found)}")
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
    if (outcomes is None) == (not at_least):
        raise BadArgument("Which values come out? Give assert_outcomes either the set of all of them, or at_least=.")
    wanted = list(at_least if outcomes is None else outcomes)
    found = explore_body(body, Options.of({**options, "outcomes": None if outcomes is None else wanted}))
    failure = found.failure
    if failure is not None and failure.kind == "outcome":
        raise ForbiddenOutcome(
            f"{text_of(failure.value)} came out in execution {failure.execution}, but expected was "
            f"{'only ' if len(wanted) == 1 else 'one of '}{_listed(wanted)}.\n\n{failure.report}",
            failure,
        )
    if failure is not None:
        raise_failure(failure)
    missing = [value for value in wanted if not any(is_known_as(value, seen) for seen in found.outcomes)]
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


class _LostUpdateSearch:
    """Explores until an update gets lost, and then tells about it."""

    def __init__(self, body: Body, of: str | None = None) -> None:
        self._body = check_body(body)
        self._of = of
        self._options = Options()
        self.others: set[str] = set()

    def run(self, options: Options) -> Exploration:
        self._options = options
        return explore_body(self._body, options, until=self._loses_one, conflicts=ConflictsUnderLocks)

    def _loses_one(self, run: ExecutionRun) -> bool:
        found = list(lost_updates(run.accesses()))
        events = run.trace().events if found else ()
        self.others.update(without_numbers(events[update.overwriting].target) for update in found)
        return any(is_of(update, events, self._of) for update in found)

    def in_words(self, found: Exploration) -> str:
        """A sentence. (The schedule is replayed once more, to see the values.)"""
        assert found.found is not None
        trace = replay_body(self._body, found.found, self._options).trace
        update = next(
            update for update in lost_updates(accesses_of(trace.events)) if is_of(update, trace.events, self._of)
        )
        return describe(update, trace.events, trace.threads)


def _losing(run: ExecutionRun) -> Fault | None:
    """A lost update as a failure of the execution."""
    update = next(lost_updates(run.accesses()), None)
    if update is None:
        return None
    event = run.trace().events[update.overwriting]
    return Fault("lost update", run.thread_names[event.thread], outcome=f"{short_place(event)}")


def _why_it_depends(body: Body, options: Options, found: Exploration) -> str:
    """What differs between the two most frequent results: as a failure of the one that shows a bug with a name."""
    usual, other = sorted(found.outcomes, key=lambda value: -found.outcomes[value].count)[:2]
    told = [_against(body, options, found, *pair) for pair in ((other, usual), (usual, other))]
    failures = [failure for failure in told if failure is not None]
    failures.sort(key=lambda failure: not failure.diagnosis.pattern)
    return f"\n\n{failures[0].report}" if failures else ""


def _against(body: Body, options: Options, found: Exploration, wrong: object, right: object) -> Failure | None:
    def find_fault(run: ExecutionRun) -> Fault | None:
        if is_known_as(run.value, right):
            return None
        outcome = f"{text_of(run.value)} came out, where other executions give {text_of(right)}"
        return Fault("outcome", run.thread_names[0], outcome=outcome)

    schedule = found.outcomes[wrong].schedule
    return replay_body(body, schedule, options, find_fault=find_fault, compare=True).failure


def _takes_part(name: str, wait: Wait) -> bool:
    awaited = without_numbers(wait.awaited)
    return name in (wait.thread, awaited, wait.awaited, wait.holder) or awaited.endswith(f".{name}")


def _comparable(value: object) -> object:
    """Objects that are only equal to themselves differ in each execution, whatever the schedule."""
    return type(value) if type(value).__eq__ is object.__eq__ else value


def _searched(found: Exploration) -> str:
    how = "proved: every interleaving was run" if found.cut_by is None else f"not proved: cut by {found.cut_by}"
    return f"{found.executions:,} execution{'s' if found.executions != 1 else ''}; {how}"


def _listed(values: Collection[object]) -> str:
    return ", ".join(map(text_of, values))
