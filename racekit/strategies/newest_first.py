"""The thread that started last goes first: as far from the default as a single schedule gets."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry


class NewestFirst:
    """At each scheduling point the enabled thread with the highest number."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = False

    def begin(self) -> bool:
        return True

    def choose(self, point: SchedulingPoint) -> int:
        return point.enabled[-1]

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        pass

    def restart(self) -> None:
        pass
