"""What differs from the nearest execution that passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from racekit.diagnose.accesses import is_access, name_of, source_of, touches_same, where
from racekit.failure import Failure
from racekit.trace import USE, Event, Trace


class Difference(NamedTuple):
    """A read of the failing trace that does not see what it sees in the passing one.

    `read` and `seen` are indices in the failing trace, `read_there` and `seen_there` in the passing one; what is seen
    is a write, or None if that was before all events.
    """

    read: int
    seen: int | None
    read_there: int
    seen_there: int | None


def reads_that_differ(failing: Trace, passing: Trace) -> Iterator[Difference]:
    """The reads that both traces have, but with values from different writes, in the order of the failing one."""
    there = {key: index for index, key in _numbered(passing) if passing.events[index].operation == "read"}
    keys_there = dict(_numbered(passing))
    keys_here = dict(_numbered(failing))
    for index, key in keys_here.items():
        if failing.events[index].operation != "read" or key not in there:
            continue
        here, other = source_of(failing.events, index), source_of(passing.events, there[key])
        if (None if here is None else keys_here[here]) != (None if other is None else keys_there[other]):
            yield Difference(index, here, there[key], other)


def _numbered(trace: Trace) -> Iterator[tuple[int, tuple[object, ...]]]:
    """Each event with a key that it has in another execution, too: the n-th time that its thread does just that."""
    times: Counter[tuple[object, ...]] = Counter()
    for index, event in enumerate(trace.events):
        what = event.thread, event.operation, event.target, event.filename, event.line
        times[what] += 1
        yield index, (*what, times[what])


def difference_in_words(failure: Failure) -> tuple[str, tuple[int, ...]]:
    """`it passes if worker writes Result.value (a.py:9) before MainThread reads it (a.py:15)`, and what shows it."""
    failing, passing = failure.trace, failure.passing
    if passing is None or not failure.schedule.switches:
        return "", ()
    for index, seen, _, seen_there in reads_that_differ(failing, passing):
        read = failing.events[index]
        if seen_there is not None and not came_before(failing, passing.events[seen_there], index):
            return _passes_if(passing, passing.events[seen_there], "before", failing, read), (index,)
        if seen is not None:
            return _passes_if(failing, failing.events[seen], "after", failing, read), (seen, index)
    return _order_in_words(failing, passing)


def is_telling(failure: Failure, read: Event) -> bool:
    """Whether a read that differs can explain the failure.

    The passing execution of a failure that comes without any switch may differ in much else: then it has to be a read
    on the very line that raised the error.
    """
    if failure.schedule.switches:
        return True
    traceback = None if failure.exception is None else failure.exception.__traceback__
    lines = set()
    while traceback is not None:
        lines.add((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return (read.filename, read.line) in lines


def came_before(trace: Trace, event: Event, index: int) -> bool:
    """Whether an event just like that of another execution comes before the event `index` of this one."""
    return any(
        (other.thread, other.operation, other.target, other.line)
        == (event.thread, event.operation, event.target, event.line)
        for other in trace.events[:index]
    )


def _passes_if(first_trace: Trace, first: Event, order: str, trace: Trace, second: Event) -> str:
    who, other = name_of(first_trace, first), name_of(trace, second)
    return (
        f"it passes if {who} {_does(first)} ({where(first)}) {order} {other} "
        f"{_does(second, again=first.target)} ({where(second)})"
    )


def _does(event: Event, again: str = "") -> str:
    verb = {"read": "reads", "write": "writes", "set": "sets"}.get(event.operation)
    if event.operation == "write":
        verb = {USE: "uses", "advance": "iterates on"}.get(event.how, verb)
    target = "it" if event.target == again else event.target
    if verb is not None:
        return f"{verb} {target}"
    return f"calls {event.operation.partition(' ')[0]}" + (f" of {target}" if event.target else "")


def _order_in_words(failing: Trace, passing: Trace) -> tuple[str, tuple[int, ...]]:
    """The first thing that the threads take in another order."""
    there = list(_numbered(passing))
    place = {key: position for position, (_, key) in enumerate(there)}
    here = [(index, place[key]) for index, key in _numbered(failing) if key in place]
    for position, (index, at) in enumerate(here):
        event = failing.events[index]
        for later, later_at in here[position + 1 :]:
            other = failing.events[later]
            if later_at < at and other.thread != event.thread and _are_dependent(event, other):
                return _passes_if(failing, other, "before", failing, event), (index, later)
    return "", ()


def _are_dependent(one: Event, other: Event) -> bool:
    if is_access(one) and is_access(other):
        return touches_same(one, other) and "write" in (one.operation, other.operation)
    return one.location is not None and one.location == other.location
