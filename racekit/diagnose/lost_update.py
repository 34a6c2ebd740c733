"""Lost updates: a thread overwrites what another thread wrote after the first one had read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from racekit.dependence import WHOLE
from racekit.diagnose.accesses import name_of, saw, text_of
from racekit.failure import Diagnosis, Failure
from racekit.trace import Event

_APPENDS = re.compile(r"""["']a[bt+]*["']""")
_NUMBERS = re.compile(r"#\d+")

Access = tuple[int, str, object]
"""A thread, "read" or "write", and a location."""


class LostUpdate(NamedTuple):
    """Indices of events: the read, the other thread's write that came after it, and the write that overwrote that."""

    read: int
    overwritten: int
    overwriting: int


def lost_updates(accesses: Sequence[Access | None]) -> Iterator[LostUpdate]:
    """The lost updates among accesses; None stands for any other event.

    A thread that writes a location which it read before, and which another thread has written since that read, cannot
    have taken that other write into account. (That it read is visible; whether it computed from what it read is not.)
    A method that changes a container as a whole, such as `append`, overwrites nothing.
    """
    last_read: dict[tuple[int, object], int] = {}
    last_write: dict[object, tuple[int, int]] = {}
    for index, access in enumerate(accesses):
        if access is None:
            continue
        thread, operation, location = access
        if isinstance(location, tuple) and location[-1] is WHOLE:
            continue
        if operation == "read":
            last_read[thread, location] = index
            continue
        read = last_read.pop((thread, location), None)
        written = last_write.get(location)
        if read is not None and written is not None:
            writer, overwritten = written
            if writer != thread and overwritten > read:
                yield LostUpdate(read, overwritten, index)
        last_write[location] = thread, index


def lost_update(failure: Failure) -> Iterator[Diagnosis]:
    """Each lost update of a failure."""
    trace = failure.trace
    for update in lost_updates([*map(_access, trace.events)]):
        read, overwritten, overwriting = (trace.events[index] for index in update)
        before = _last_read(trace.events, update.overwritten)
        victor, victim = name_of(trace, overwriting), name_of(trace, overwritten)
        both = before is not None and before.value == read.value
        why = f"{'both' if both else victor} had read {read.value or 'before'}"
        write = "write" if both else f"write{saw(overwritten)}"
        yield Diagnosis(
            "lost update",
            f"Lost update on {overwriting.target}: {victor} overwrote {victim}'s {write} ({why})",
            tuple(update),
            "Hold one lock from the read to the write.",
        )


def _access(event: Event) -> Access | None:
    """As for `lost_updates`; who writes a file otherwise than by appending to it overwrites it."""
    [access] = accesses_of([event])
    location = event.location
    if access is None or not event.target.startswith("file ") or not isinstance(location, tuple):
        return access
    return access if _APPENDS.search(text_of(event)) else (access[0], access[1], (location[0], "content"))


def accesses_of(events: Sequence[Event]) -> list[Access | None]:
    """What `lost_updates` looks at, for events."""
    return [
        (event.thread, event.operation, event.location) if event.operation in ("read", "write") else None
        for event in events
    ]


def without_numbers(name: str) -> str:
    """A name without what tells two things of that name apart, as in `Account#2.balance`."""
    return _NUMBERS.sub("", name)


def is_of(update: LostUpdate, events: Sequence[Event], name: str | None) -> bool:
    """Whether what got lost is called so: `Class.attribute`, or the name alone; None: anything.

    Of an item only the key counts, since what its container is called may not be known.
    """
    target = without_numbers(events[update.overwriting].target)
    if name is None or target == name or target.endswith(f".{name}"):
        return True
    return name.endswith("]") and target.endswith("]") and name.partition("[")[2] == target.partition("[")[2]


def describe(update: LostUpdate, events: Sequence[Event], threads: Sequence[str]) -> str:
    """`FakeDataStore.value: Second's write of 1 overwrote First's write of 1; both had read 0 (store.py:14)`."""
    read, overwritten, overwriting = (events[index] for index in update)
    before = _last_read(events, update.overwritten)
    victor, victim = threads[overwriting.thread], threads[overwritten.thread]
    what = f"{victor}'s write{_of(overwriting)} overwrote {victim}'s write{_of(overwritten)}"
    value = f" {read.value}" if read.value else ""
    if before is not None and before.value == read.value:
        why = f"both had read{value or ' before'}"
    else:
        why = f"it had read{value} before that"
    return f"{overwriting.target}: {what}; {why} ({_place(overwriting)})"


def _of(event: Event) -> str:
    return f" of {event.value}" if event.value else ""


def _place(event: Event) -> str:
    filename = event.filename.replace("\\", "/").rpartition("/")[2]
    return f"{filename}:{event.line}"


def _last_read(events: Sequence[Event], write: int) -> Event | None:
    """What the writing thread had read of the same location before its write."""
    wanted = events[write]
    for event in reversed(events[:write]):
        if event.thread == wanted.thread and event.location == wanted.location:
            return event if event.operation == "read" else None
    return None
