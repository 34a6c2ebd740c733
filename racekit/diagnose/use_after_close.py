"""Use after close: a thread uses what another one has closed meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from racekit.diagnose.accesses import last_before_error, name_of, touches_same
from racekit.failure import Diagnosis, Failure
from racekit.trace import Event
from racekit.user_values import message_of

_CLOSED = re.compile(r"closed|shut ?down|disposed|released|terminated|stopped|not open", re.IGNORECASE)
_NAMES = "close|closed|shutdown|stop|dispose|disconnect|terminate|quit|release|__exit__"
_CLOSES = re.compile(rf"(?!test_)(.*_)?({_NAMES})$")
_CALLS = re.compile(rf"\.({_NAMES})\(")


def use_after_close(failure: Failure) -> Iterator[Diagnosis]:
    """An error that speaks of something closed, and another thread in a function that closes."""
    error = failure.exception
    if error is None or isinstance(error, AssertionError):
        return
    if not _CLOSED.search(f"{type(error).__name__} {message_of(error)}"):
        return
    trace, use = failure.trace, last_before_error(failure)
    user = failure.thread if use is None else name_of(trace, trace.events[use])
    for index in range(len(trace.events) - 1, -1, -1):
        event = trace.events[index]
        if not (_closes(event) or (use is not None and _closes_by_a_call(event, trace.events[use]))):
            continue
        if name_of(trace, event) != user:
            yield Diagnosis(
                "use after close",
                f"Use after close: {user} used {_thing(event)} after {name_of(trace, event)} had closed it",
                (index,) if use is None else (index, use),
                "Let those who use it end (join them) before it is closed.",
            )
        return


def _closes(event: Event) -> bool:
    """Whether the event is within a function that closes, or is a call of one."""
    names = [place.function.rpartition(".")[2] for place in event.stack]
    return event.operation == "shutdown" or any(_CLOSES.match(name) for name in names)


def _closes_by_a_call(event: Event, use: Event) -> bool:
    """Whether another thread changes what is used, on a line that calls a method that closes."""
    if event.thread == use.thread or event.operation != "write" or not event.stack:
        return False
    return touches_same(event, use) and _CALLS.search(event.stack[-1].text) is not None


def _thing(event: Event) -> str:
    """What is closed: the object of the function, by its class."""
    if event.operation == "shutdown":
        return event.target
    for place in event.stack:
        owner, _, name = place.function.rpartition(".")
        if _CLOSES.match(name) and owner and not owner.endswith("<locals>"):
            return owner.rpartition(".")[2]
    return event.target
