"""What a failure means, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.failure import Failure
from racekit.report.gil_words import gil_in_words


def meaning(failure: Failure) -> Iterator[str]:
    """How little it takes, and how much it took to find."""
    if _always_fails(failure):
        yield "Every schedule that was tried fails so: it may be no race at all."
    if not failure.reproduced:
        yield (
            "It did not come about again under the same schedule: the body does not always do the same, "
            "for example because something keeps its state from one execution to the next."
        )
    count = failure.preemptions
    times = {0: "No preemption", 1: "1 preemption"}.get(count, f"{count:,} preemptions")
    fewest = "; no schedule with fewer fails so" if failure.fewest_preemptions and count else " needed"
    found = f" Found in execution {failure.execution:,}"
    if failure.count > 1:
        found += f", the first of {failure.count:,} that fail so"
    if failure.original_preemptions > count:
        found += f", with {failure.original_preemptions:,} preemptions"
    yield f"{times}{fewest}.{found}." if failure.execution else f"{times}{fewest}."
    if failure.gil:
        yield gil_in_words(failure)


def _always_fails(failure: Failure) -> bool:
    """Whether the default schedule fails, and so do the others that were tried to find one that passes."""
    compared = failure.reproduced and failure.execution > 0 and failure.kind in ("exception", "outcome")
    return compared and failure.passing is None and not failure.schedule.switches
