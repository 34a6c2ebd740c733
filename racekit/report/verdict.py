"""What was proved, in words."""

from __future__ import annotations

from collections.abc import Sequence

_SWITCHES = {
    "access": "every access a scheduling point",
    "gil": "switches where a GIL allows them",
    "sync": "switches at synchronization only",
}


def proof_in_words(interleavings: int | None, threads: int, granularity: str, excluded: Sequence[str] = ()) -> str:
    """`proved: all 36 different interleavings of 3 threads hold (every access a scheduling point)`.

    interleavings: how many different ones there are, None where only schedules were counted. threads: how many threads
    the body started; one alone runs beside its starter, so that makes two. excluded: code whose accesses
    were not seen.
    """
    if threads == 0:
        return "proved: its only execution holds, since it starts no thread"
    of = f"of {max(threads, 2)} threads"
    but = f", except in {_listed(excluded)}" if excluded and granularity != "sync" else ""
    where = f"({_SWITCHES[granularity]}{but})"
    if interleavings is None:
        return f"proved: every interleaving {of} was run {where}"
    if interleavings == 1:
        return f"proved: the only interleaving {of} that makes a difference holds {where}"
    return f"proved: all {interleavings:,} different interleavings {of} hold {where}"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
