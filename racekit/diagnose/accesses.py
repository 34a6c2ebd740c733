"""What the patterns ask of a trace: who accessed what after whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from racekit.dependence import same_part
from racekit.failure import Failure
from racekit.trace import Event, Place, Trace

_CHECK = re.compile(r"(if|elif|while|assert)\b|.*\b(if|and|or|not in)\b")
_LOOK = frozenset({"contains", "truth"})


class Interleaved(NamedTuple):
    """Indices: a thread's access, another thread's write, and the first thread's next access to the same thing."""

    first: int
    between: int
    second: int


def is_access(event: Event) -> bool:
    return event.operation in ("read", "write")


def touches_same(one: Event, other: Event) -> bool:
    """Whether two accesses touch one thing, or something of one container that holds both."""
    if not (isinstance(one.location, tuple) and isinstance(other.location, tuple)):
        return one.location is not None and one.location == other.location
    return bool(one.location[0] == other.location[0]) and same_part(one.location[1], other.location[1])


def interleaved(events: Sequence[Event], operations: str) -> Iterator[Interleaved]:
    """Where another thread's access came between two consecutive ones of a thread, in the order of the second.

    operations: three letters, such as "rww": what the first thread did, the other one in between, and the first again.
    """
    wanted = [{"r": "read", "w": "write"}[letter] for letter in operations]
    for second, event in enumerate(events):
        if event.operation != wanted[2]:
            continue
        first = previous(events, second)
        if first is None or events[first].operation != wanted[0]:
            continue
        for between in range(second - 1, first, -1):
            other = events[between]
            if other.thread != event.thread and other.operation == wanted[1] and touches_same(other, event):
                yield Interleaved(first, between, second)
                break


def previous(events: Sequence[Event], index: int) -> int | None:
    """The last access of the same thread to the same thing before the event `index`."""
    event = events[index]
    for earlier in range(index - 1, -1, -1):
        other = events[earlier]
        if other.thread == event.thread and is_access(other) and touches_same(other, event):
            return earlier
    return None


def source_of(events: Sequence[Event], index: int) -> int | None:
    """The write that the read `index` has seen; None if that was before all events."""
    for earlier in range(index - 1, -1, -1):
        if events[earlier].operation == "write" and touches_same(events[earlier], events[index]):
            return earlier
    return None


def is_check(event: Event) -> bool:
    """Whether the thread looks at something in order to decide what to do."""
    return event.operation == "read" and (event.how in _LOOK or bool(_CHECK.match(text_of(event))))


def text_of(event: Event) -> str:
    return event.stack[-1].text if event.stack else ""


def same_call(one: Event, other: Event) -> bool:
    """Whether two events of a thread belong to one call of a function of the code."""
    depth = min(len(one.stack), len(other.stack))
    return (
        depth > 0
        and one.function == other.function
        and all(
            (mine.function, mine.line) == (theirs.function, theirs.line)
            for mine, theirs in zip(one.stack[: depth - 1], other.stack[: depth - 1], strict=True)
        )
    )


def name_of(trace: Trace, event: Event) -> str:
    """What the thread of an event is called."""
    return trace.threads[event.thread]


def where(place: Event | Place) -> str:
    """`store.py:14`"""
    return f"{place.filename.replace(chr(92), '/').rpartition('/')[2]}:{place.line}"


def saw(event: Event) -> str:
    """` (0)`: the value, if it is known."""
    return f" ({event.value})" if event.value else ""


def last_before_error(failure: Failure) -> int | None:
    """The last event of the thread that raised the error. (Whoever waited for that thread may have raised it anew.)"""
    events = failure.trace.events
    codes = []
    traceback = None if failure.exception is None else failure.exception.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        codes.append((code.co_filename, code.co_qualname))
        traceback = traceback.tb_next
    for function in reversed(codes):
        own = [index for index, event in enumerate(events) if (event.filename, event.function) == function]
        of_thread = [index for index in own if name_of(failure.trace, events[index]) == failure.thread]
        if own:
            return (of_thread or own)[-1]
    return None
