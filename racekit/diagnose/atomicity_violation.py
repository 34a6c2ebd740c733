"""Atomicity violations: what belongs together in one thread is seen, or changed, by another one in between.

The interleavings that no serial order explains are those of Lu et al., "AVIO" (ASPLOS 2006): besides a read and a write
with a write in between (a lost update), these are two reads around a write, two writes around a read, and a write and a
read around a write.
"""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import interleaved, name_of, same_call
from racekit.failure import Diagnosis, Failure

_WORDS = {
    "rwr": "{other} wrote {value} between two reads of {who}",
    "wrw": "{other} read {value} between two writes of {who}",
    "wwr": "{other} wrote {value} before {who} read what it had written itself",
}


def atomicity_violation(failure: Failure) -> Iterator[Diagnosis]:
    """Two accesses in one call of a function, and another thread's access in between, that no serial order explains."""
    trace = failure.trace
    for operations, words in _WORDS.items():
        for first, between, second in interleaved(trace.events, operations):
            one, other, again = (trace.events[index] for index in (first, between, second))
            if not same_call(one, again) or (operations == "rwr" and one.value == again.value):
                continue
            sentence = words.format(who=name_of(trace, again), other=name_of(trace, other), value=other.value or "it")
            yield Diagnosis(
                "atomicity violation",
                f"Atomicity violation on {again.target}: {sentence}",
                (first, between, second),
                "Hold one lock around all that belongs together, in every thread.",
            )
