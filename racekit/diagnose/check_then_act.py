"""Check-then-act: what a thread has checked is changed by another one before the first acts on it."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import is_access, is_check, last_before_error, name_of, same_call, saw, touches_same
from racekit.failure import Diagnosis, Failure
from racekit.trace import Trace


def check_then_act(failure: Failure) -> Iterator[Diagnosis]:
    """A read that decides, another thread's write, and then the first thread's write (or the access that fails)."""
    trace = failure.trace
    last = last_before_error(failure)
    for act, event in enumerate(trace.events):
        if event.operation != "write" and not (act == last and is_access(event)):
            continue
        found = _stale_check(trace, act)
        if found is None:
            continue
        check, between = found
        checked, changed = trace.events[check], trace.events[between]
        who, other = name_of(trace, event), name_of(trace, changed)
        does = "write" if event.operation == "write" else "use"
        yield Diagnosis(
            "check-then-act",
            f"Check-then-act on {event.target}: {other} changed it between {who}'s check{saw(checked)} and {does}",
            (check, between, act),
            _hint(event.how),
        )
    return None


def _stale_check(trace: Trace, act: int) -> tuple[int, int] | None:
    """The last check before `act` in the same call of a function, and what came in between from another thread."""
    event = trace.events[act]
    between = None
    for index in range(act - 1, -1, -1):
        other = trace.events[index]
        if not touches_same(other, event):
            continue
        if other.thread == event.thread:
            if is_check(other) and same_call(other, event):
                changes = between is not None and (trace.events[between].value != other.value or not other.value)
                return (index, between) if between is not None and changes else None
        elif other.operation == "write" and between is None:
            between = index
    return None


def _hint(how: str) -> str:
    if how.endswith("_item"):
        return "Check and act in one step, such as setdefault() or pop(key, default), or under one lock."
    return "Hold one lock from the check to the act."
