"""Deadlocks: threads that wait for each other in a circle, or for something that nobody will do any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from racekit.diagnose.accesses import name_of, where
from racekit.failure import Diagnosis, Failure
from racekit.trace import Trace, Wait

_SHOWN = 3


def deadlock(failure: Failure) -> Iterator[Diagnosis]:
    """`Deadlock: First holds a and waits for b, Second holds b and waits for a`."""
    if failure.kind != "deadlock":
        return
    cycle = find_cycle(failure.waits)
    events = _acquisitions(failure.trace, cycle)
    if len(cycle) > 1:
        held = [before.awaited for before in (cycle[-1], *cycle[:-1])]
        parts = [
            f"{wait.thread} holds {thing} and waits for {wait.awaited}" for wait, thing in zip(cycle, held, strict=True)
        ]
        folded = f", and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
        sentence = f"Deadlock: {', '.join(parts[:_SHOWN])}{folded}"
        yield Diagnosis("deadlock", sentence, events, "Take the locks in the same order everywhere.")
    elif cycle:
        (wait,) = cycle
        since = f" (since {where(wait.held_since)})" if wait.held_since is not None else ""
        sentence = f"Deadlock: {wait.thread} waits for {wait.awaited}, which it holds itself{since}"
        hint = "Use an RLock, or do not take the lock again while you hold it."
        yield Diagnosis("deadlock", sentence, events, hint)
    else:
        yield Diagnosis("deadlock", f"Deadlock: {_blocked(failure.waits)}")


def find_cycle(waits: Sequence[Wait]) -> list[Wait]:
    """Waits of which each is for what the thread of the next one holds, and the last for the first's; or none."""
    by_thread = {wait.thread: wait for wait in waits}
    for start in waits:
        chain = [start]
        while chain[-1].holder is not None and chain[-1].holder in by_thread:
            following = by_thread[chain[-1].holder]
            if following is start:
                return chain
            if following in chain:
                break
            chain.append(following)
    return []


def _acquisitions(trace: Trace, cycle: Sequence[Wait]) -> tuple[int, ...]:
    """Where each thread of the circle took what the one before waits for."""
    found = []
    for wait in cycle:
        for index in range(len(trace.events) - 1, -1, -1):
            event = trace.events[index]
            taken = event.operation.startswith("acquire") and event.operation != "acquire failed"
            if taken and event.location == wait.location and name_of(trace, event) == wait.holder:
                found.append(index)
                break
    return tuple(sorted(found))


def _blocked(waits: Sequence[Wait]) -> str:
    """Those whom nobody can wake; who merely waits for one of them to end is left out, if there is anybody else."""
    threads = {wait.thread for wait in waits}
    first = [wait for wait in waits if not any(wait.awaited == f"the end of {thread}" for thread in threads)] or waits
    told = [_waits_for(wait, threads) for wait in first[:_SHOWN]]
    if len(first) > _SHOWN:
        told.append(f"{len(first) - _SHOWN} more wait")
    return ", ".join(told) + ("" if any(wait.holder for wait in first) else ", and nobody is left to end that")


def _waits_for(wait: Wait, alive: set[str]) -> str:
    if not wait.awaited:
        return f"{wait.thread} is stuck in {wait.operation}"
    if wait.holder is not None:
        gone = "" if wait.holder in alive else ", which has ended"
        return f"{wait.thread} waits for {wait.awaited}, held by {wait.holder}{gone}"
    in_words = wait.operation in ("acquire", "join") or wait.awaited.startswith(("the ", "its "))
    return f"{wait.thread} waits for {wait.awaited}" + ("" if in_words else f" in {wait.operation}()")
