"""Random walk: at each scheduling point any enabled thread, each equally likely."""

from __future__ import annotations

import random
from collections.abc import Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry


class RandomWalk:
    """Simple and fast; it gives no bound worth having for long programs (each point halves a schedule's chance)."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    compares_events = False

    def begin(self) -> bool:
        return True

    def choose(self, point: SchedulingPoint) -> int:
        enabled = point.enabled
        return enabled[int(self._random() * len(enabled))]

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        pass

    def restart(self) -> None:
        pass
