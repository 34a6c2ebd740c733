"""Double initialisation: two threads both find a thing missing, and both make it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from racekit.diagnose.accesses import interleaved, name_of, previous
from racekit.failure import Diagnosis, Failure

_MISSING = frozenset({"None", "nothing"})
_NUMBER = re.compile(r"-?[\d.]+\Z")


def double_initialisation(failure: Failure) -> Iterator[Diagnosis]:
    """Two threads read None, or no item, and both write: but not a number, which would be a lost update."""
    trace = failure.trace
    for first, between, second in interleaved(trace.events, "rww"):
        found, others, own = trace.events[first], trace.events[between], trace.events[second]
        look = previous(trace.events, between)
        if found.value not in _MISSING or found.how == "contains" or look is None:
            continue
        if trace.events[look].value != found.value or found.line == own.line or found.location != own.location:
            continue
        if _NUMBER.match(own.value) or _NUMBER.match(others.value):
            continue
        one, other = name_of(trace, others), name_of(trace, own)
        yield Diagnosis(
            "double initialisation",
            f"Double initialisation of {own.target}: {one} and {other} both found {found.value}, and both set it",
            (first, look, between, second),
            "Look and set under one lock, or set it before the threads start.",
        )
