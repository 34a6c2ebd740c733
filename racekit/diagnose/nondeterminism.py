"""Where two executions of one schedule differ first, and the likely cause.

Under one schedule a body has to do the same each time. What makes it differ is nearly always one of a few things: state
that an execution leaves for the next one, a cache that only the first one fills, real time, the order of a set of
objects that are hashed by their address, or a thread outside control.
"""

from __future__ import annotations

import linecache
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from racekit.trace import Event, Place

Source = Callable[[str, int], str]
"""The text of a line of a file; empty where there is none."""

_REAL_TIME = re.compile(
    r"\b(?:time\.)?(?:process_time|thread_time)(?:_ns)?\(|\btime\.clock_gettime(?:_ns)?\(|\bos\.times\("
)
_CACHES = re.compile(r"@(?:functools\.)?(cached_property|lru_cache|cache)\b")
_LINES_OF_A_FUNCTION = 200


class Difference(NamedTuple):
    """The first step that differs: how many come before it, and what either execution did there (None: nothing)."""

    step: int
    first: Event | None
    second: Event | None


def first_difference(first: Sequence[Event], second: Sequence[Event]) -> Difference | None:
    """The first event that is another one, has another value, or is of another object; None if they did the same.

    Objects have numbers, which may be other ones: it is the same object if it was the same one before, too.
    """
    there: dict[object, object] = {}
    back: dict[object, object] = {}
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        mine, its = _object(one), _object(other)
        same = there.setdefault(mine, its) == its and back.setdefault(its, mine) == mine
        if not same or not _alike(one, other) or one.value != other.value:
            return Difference(index, one, other)
    if len(first) == len(second):
        return None
    index = min(len(first), len(second))
    return Difference(index, next(iter(first[index:]), None), next(iter(second[index:]), None))


def _alike(one: Event, other: Event) -> bool:
    """Whether they are the same step, but perhaps of other objects. Names are no sign: they are given afterwards."""
    return _step(one) == _step(other)


def _step(event: Event) -> tuple[object, ...]:
    return event.thread, event.operation, event.filename, event.line, _part(event)


def _object(event: Event) -> object:
    return event.location[0] if isinstance(event.location, tuple) else None


def _part(event: Event) -> object:
    return event.location[1] if isinstance(event.location, tuple) else event.location


def describe(
    difference: Difference,
    first: Sequence[Event],
    second: Sequence[Event],
    outside: Sequence[str] = (),
    source: Source = linecache.getline,
) -> str:
    """The difference and its likely cause, with the fix. `outside`: the threads that ran outside control."""
    it = difference
    where = it.first or it.second
    assert where is not None
    place = f"{_short(where.filename)}:{where.line} in {where.function.rpartition('.')[2]}"
    did = f"the first {_in_words(it.first)}, the second {_told_apart(it.second, it.first)}"
    cause = _cause(difference, first, second, outside, source)
    return f"Two executions of one schedule differ at step {it.step + 1} ({place}): {did}. {cause}"


def _in_words(event: Event | None) -> str:
    if event is None:
        return "is over"
    if event.operation in ("read", "write"):
        return f"{event.operation}s {event.target}" + (f": {event.value}" if event.value else "")
    return f"calls {event.operation}" + (f" of {event.target}" if event.target else "")


def _told_apart(event: Event | None, other: Event | None) -> str:
    """`event` in words that say by what it differs from the `other` one."""
    words = _in_words(event)
    if event is None or other is None or words != _in_words(other):
        return words
    if event.thread != other.thread:
        return f"does so in thread {event.thread} instead of {other.thread}"
    if (event.filename, event.line) != (other.filename, other.line):
        return f"does so in {_short(event.filename)}:{event.line}"
    if _part(event) != _part(other):
        return f"does so with {_part(event)!r} instead of {_part(other)!r}"
    return "does so with another object that looks the same"


# --- the cause --------------------------------------------------------------------------------------------------------


def _cause(
    difference: Difference, first: Sequence[Event], second: Sequence[Event], outside: Sequence[str], source: Source
) -> str:
    if outside:
        return f"{outside[0]} runs outside control: start it inside the body, or end it before."
    step, one, other = difference
    if one is not None and other is not None and _alike(one, other):
        is_another_object = one.value == other.value
        return _UNKNOWN if is_another_object else _cause_of_value(one, first[:step], source)
    if one is not None and other is not None and _is_reordered(one.thread, first[step:], second[step:]):
        return (
            "A set goes through its objects in the order of their addresses, which is another one each time: "
            "use a list or a dict, or sort them."
        )
    for event, rest in ((one, second[step:]), (other, first[step:])):
        for place in _only_there(event, rest):
            cache = cache_above(place, source)
            if cache:
                return filled_once(place, cache)
    return _real_time(one, source) or _real_time(other, source) or _UNKNOWN


_UNKNOWN = (
    "It depends on something that racekit does not watch, such as a file, the state of a library or real time: "
    "make that anew in the body, or give the body a stand-in for it."
)


def _cause_of_value(event: Event, before: Sequence[Event], source: Source) -> str:
    """Both do the same, but the value is another one."""
    written_before = any(each.location == event.location and each.operation == "write" for each in before)
    if event.operation == "read" and not written_before:
        return left_over(event.target)
    return _real_time(event, source) or _UNKNOWN


def left_over(target: str) -> str:
    """What to do about state that is older than the body."""
    return f"{target} is as an earlier execution left it: make it anew in the body, or reset it there."


def filled_once(place: Place, cache: str) -> str:
    """What to do about a result that only the first execution computes."""
    function = place.function.rpartition(".")[2]
    if cache == "cached_property":
        return f"{function} is a cached_property that the first execution has filled: make its object in the body."
    return f"{function} keeps its results from the first execution on: call {function}.cache_clear() in the body."


def cache_above(place: Place, source: Source = linecache.getline) -> str:
    """The decorator that keeps the results of the function: "lru_cache", "cache", "cached_property"; empty if none."""
    line = _line_of_def(place, source)
    while line is not None and line > 1 and source(place.filename, line - 1).strip():
        line -= 1
        found = _CACHES.search(source(place.filename, line))
        if found is not None:
            return found[1]
    return ""


def _only_there(event: Event | None, others: Sequence[Event]) -> Iterator[Place]:
    """The calls that led to the event, innermost first, as far as none of the others came through that function."""
    elsewhere = {(place.filename, place.function) for each in others for place in _calls(each)}
    if event is not None:
        yield from (place for place in reversed(_calls(event)) if (place.filename, place.function) not in elsewhere)


def _calls(event: Event) -> Sequence[Place]:
    return event.stack or (Place(event.filename, event.line, event.function, ""),)


def _real_time(event: Event | None, source: Source) -> str:
    """If a function on the way to this event looked at a clock that is not under control."""
    for place in reversed(_calls(event)) if event is not None else ():
        for line in range(place.line, (_line_of_def(place, source) or place.line) - 1, -1):
            found = _REAL_TIME.search(source(place.filename, line))
            if found is not None:
                call = found[0].rstrip("(")
                return f"{call}() shows real time, another one each time: use time.time(), which is under control."
    return ""


def _line_of_def(place: Place, source: Source) -> int | None:
    name = place.function.rpartition(".")[2]
    definition = re.compile(rf"\s*(?:async\s+)?def\s+{re.escape(name)}\b")
    for line in range(place.line, max(place.line - _LINES_OF_A_FUNCTION, 0), -1):
        if definition.match(source(place.filename, line)):
            return line
    return None


def _is_reordered(thread: int, first: Sequence[Event], second: Sequence[Event]) -> bool:
    """Whether this thread goes on to do the same, in another order."""
    one, other = (
        [
            (*_step(event)[1:], event.target)
            for event in events
            if event.thread == thread and event.operation in ("read", "write")
        ]
        for events in (first, second)
    )
    return one != other and Counter(map(repr, one)) == Counter(map(repr, other))


def _short(filename: str) -> str:
    return filename.replace("\\", "/").rpartition("/")[2]
