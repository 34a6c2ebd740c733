"""The steps of an execution: what its trace says that threads did between scheduling points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from racekit.dependence import Access, Footprint
from racekit.happens_before import Links
from racekit.runtime.scheduling_point import BLOCKED, TraceEntry


def footprint(entries: Sequence[TraceEntry], kinds: Sequence[str]) -> Footprint:
    """What the events of one step touched."""
    accesses = [
        Access(location[0], location[1], operation, kinds[location[0]])
        for _, _, operation, location in entries
        if type(location) is tuple and not operation.endswith(BLOCKED)
    ]
    return tuple(accesses) if len(accesses) < 2 else tuple(dict.fromkeys(accesses))


def links(entries: Sequence[TraceEntry]) -> Links:
    """Which threads the events of one step started or joined."""
    found: list[tuple[str, int]] = []
    for _, _, operation, location in entries:
        if operation == "expire":
            found.append(("all", 0))
        elif type(location) is int and operation in ("start", "join"):
            found.append((operation, location))
    return found


def blocked_steps(entries: Sequence[TraceEntry], kinds: Sequence[str]) -> Iterator[tuple[int, Footprint, Links]]:
    """What blocked threads were about to do when the execution ended."""
    for thread, _, operation, location in entries:
        if operation.endswith(BLOCKED) and isinstance(location, tuple):
            number, part = location
            yield thread, (Access(number, part, operation.removesuffix(BLOCKED), kinds[number]),), ()


def steps_between(
    starts: Sequence[int], chosen: Sequence[int], trace: Sequence[TraceEntry], kinds: Sequence[str]
) -> list[tuple[int, Footprint, Links]]:
    """What came before the first scheduling point, and the step after each.

    starts[i], chosen[i]: how long the trace was at scheduling point i, and which thread went on.
    """
    bounds = [0, *starts, len(trace)]
    return [
        (thread, footprint(trace[start:end], kinds), links(trace[start:end]))
        for thread, start, end in zip([0, *chosen], bounds, bounds[1:], strict=False)
    ]
