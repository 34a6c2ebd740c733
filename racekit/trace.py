"""What an execution did: its events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Event(NamedTuple):
    """One operation of one thread on one shared thing.

    `operation` is "read", "write" or the name of a synchronization, such as "acquire"; `target` is what the code calls
    the thing, such as `FakeDataStore.value`; `value` is what was read or written, where that was recorded. `line` is 0
    where no watched code was involved. Events with the same `location` touch the same thing.
    """

    thread: int
    operation: str
    target: str
    filename: str
    line: int
    function: str
    location: object = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The events of one execution; `threads[i]` is the name of thread i (0 is the one that called the body)."""

    events: tuple[Event, ...]
    threads: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.events)


class Place(NamedTuple):
    """A line of code, with its text as far as the source can be read."""

    filename: str
    line: int
    function: str
    text: str


@dataclass(frozen=True, slots=True)
class Wait:
    """One thread that can go no further: what it waits for, who holds that, and where both happened.

    `stack` is the thread's watched code at that moment, outermost first; `held_since` is None where nobody holds what
    it waits for (an empty queue, an event that is not set, a thread that does not end).
    """

    thread: str
    operation: str
    awaited: str
    place: Place | None
    holder: str | None = None
    held_since: Place | None = None
    stack: Sequence[Place] = ()
