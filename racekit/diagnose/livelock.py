"""Livelocks: threads that run on and on without getting any further."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import where
from racekit.failure import Diagnosis, Failure

_SHOWN = 3


def livelock(failure: Failure) -> Iterator[Diagnosis]:
    """`Livelock: one and other repeat store.py:14, store.py:15 without end`."""
    if failure.kind != "livelock":
        return
    places = [where(place) for place in failure.repeated]
    folded = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    lines = f"{', '.join(places[:_SHOWN])}{folded}" if places else "the same steps"
    repeated = {(place.filename, place.line) for place in failure.repeated}
    tail = [event for event in failure.trace.events[-50:] if (event.filename, event.line) in repeated]
    threads = list(dict.fromkeys(failure.trace.threads[event.thread] for event in tail)) or [failure.thread]
    who = " and ".join(threads) if len(threads) < _SHOWN else f"{threads[0]} and {len(threads) - 1} more"
    verb = "repeats" if len(threads) == 1 else "repeat"
    yield Diagnosis(
        "livelock",
        f"Livelock: {who} {verb} {lines} without end",
        (),
        "Wait on a Condition or an Event instead of polling; if it only needs longer, raise steps=.",
    )
