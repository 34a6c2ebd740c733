"""Stale reads: a thread goes on with what it has read, although another one has written that anew."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import is_access, name_of, same_call, saw, touches_same
from racekit.failure import Diagnosis, Failure


def stale_read(failure: Failure) -> Iterator[Diagnosis]:
    """A read, another thread's write to the same, and then a write of the first thread to something else, in one call.

    That alone is no bug, so it takes an execution that passes, in which this does not happen.
    """
    events = failure.trace.events
    for index, read in enumerate(events if failure.passing is not None else ()):
        if read.operation != "read":
            continue
        written = None
        for later in range(index + 1, len(events)):
            event = events[later]
            if is_access(event) and touches_same(event, read):
                if event.thread == read.thread:
                    break
                if event.operation == "write" and event.value != read.value:
                    written = later
            elif written is not None and event.thread == read.thread and event.operation == "write":
                if not same_call(read, event):
                    break
                who, other = name_of(failure.trace, read), name_of(failure.trace, events[written])
                yield Diagnosis(
                    "stale read",
                    f"Stale read of {read.target}: {who} went on with what it had read{saw(read)} "
                    f"after {other} wrote {events[written].value or 'it'}",
                    (index, written, later),
                    "Read it under the lock that its writers hold, and keep that lock until it is used.",
                )
                break
