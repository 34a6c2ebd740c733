"""Order violations: a thread reads something before the one that ought to come first has written it."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import name_of, saw, touches_same
from racekit.diagnose.difference import came_before, is_telling, reads_that_differ
from racekit.failure import Diagnosis, Failure


def order_violation(failure: Failure) -> Iterator[Diagnosis]:
    """A read that comes before a write which it sees in the nearest execution that passes."""
    trace = failure.trace
    if failure.passing is None:
        return
    for index, _, _, seen_there in reads_that_differ(trace, failure.passing):
        if seen_there is None:
            continue
        read, write = trace.events[index], failure.passing.events[seen_there]
        if write.thread == read.thread or came_before(trace, write, index) or not is_telling(failure, read):
            continue
        writes = (i for i, event in enumerate(trace.events) if event.operation == "write" and touches_same(event, read))
        late = next((i for i in writes if i > index), None)
        who, other = name_of(trace, read), name_of(failure.passing, write)
        written = f" {write.value}" if write.value else " it"
        yield Diagnosis(
            "order violation",
            f"Order violation on {read.target}: {who} read it{saw(read)} before {other} had written{written}",
            (index,) if late is None else (index, late),
            "Let the reader wait for the writer: join() it, or use an Event or a Condition.",
        )
