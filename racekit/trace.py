"""What an execution did: its events in the order in which they happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """A line of code, with its text as far as the source can be read."""

    filename: str
    line: int
    function: str
    text: str


USE = "use"
"""How a method of a library accesses its object: nobody sees whether it writes, so it counts as if it did."""


class Event(NamedTuple):
    """One operation of one thread on one shared thing.

    `operation` is "read", "write" or the name of a synchronization, such as "acquire"; `target` is what the code calls
    the thing, such as `FakeDataStore.value`. `line` is 0 where no watched code was involved. Events with the same
    `location` touch the same thing: it is the number of an object and a part of that (a name, a key, or None).

    Recorded only when one schedule is replayed: `value`, what was read or written; `how`, the kind of access (such as
    "load_attribute", "contains", "advance", see `racekit.watch.site.Site`); `stack`, the watched calls that led here,
    outermost first, the last one being the line of the event itself.
    """

    thread: int
    operation: str
    target: str
    filename: str
    line: int
    function: str
    location: object = None
    value: str = ""
    how: str = ""
    stack: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """One thread that can go no further: what it waits for, who holds that, and where both happened.

    `stack` is the thread's watched code at that moment, outermost first; `held_since` is None where nobody holds what
    it waits for (an empty queue, an event that is not set, a thread that does not end). `location` is that of the
    events that touch what it waits for.
    """

    thread: str
    operation: str
    awaited: str
    place: Place | None
    holder: str | None = None
    held_since: Place | None = None
    stack: Sequence[Place] = ()
    location: object = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """The moment at which one thread stops and another one goes on, and why.

    `at` is the index of the first event that comes after it; `thread` and `to` are ids. `reason` is "preempted" (it
    could have gone on), "waits", "sleeps", "gives way" (it yields, or spins), "blocked outside" (in a call that is not
    under control) or "ended". `place` is where `thread` stood, about to do `operation`; `wait` says what it waits for.
    """

    at: int
    thread: int
    to: int
    reason: str
    operation: str = ""
    place: Place | None = None
    wait: Wait | None = None


class Arrow(NamedTuple):
    """Indices of two events of different threads, the first of which happens before the second.

    `kind` says why: by a "start", a "join", a "synchronization", or an "access" of both to one thing; "race" says that
    nothing but the schedule has put them in this order.
    """

    first: int
    second: int
    kind: str


@dataclass(frozen=True, slots=True, repr=False)
class Trace:
    """The events of one execution; `threads[i]` is the name of thread i (0 is the one that called the body).

    Recorded only when one schedule is replayed: accesses under a lock that all threads use, `hand_overs`, the `arrows`
    of happens-before between threads (without those that follow from others), and the `races` (of what a thread did
    before, only its last read and its last write of a thing are told).
    """

    events: tuple[Event, ...]
    threads: tuple[str, ...]
    hand_overs: tuple[HandOver, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    races: tuple[Arrow, ...] = ()

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        return f"<Trace: {len(self.events)} events, threads {', '.join(self.threads)}>"
