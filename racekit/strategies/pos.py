"""Partial order sampling: a random priority for each event, drawn anew when an event that races with it comes first.

Yuan, Yang and Gu, "Partial order aware concurrency sampling" (CAV 2018). Each partial order has a better chance than in
a random walk, since the order of independent events does not use any of it up.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from racekit.dependence import dependent
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.foresight import Foresight
from racekit.strategies.steps import footprint


class Pos:
    """Of the events that threads are about to do, the one with the highest priority comes first."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = True

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._foresight = Foresight()

    def restart(self) -> None:
        pass

    def begin(self) -> bool:
        self._priorities: dict[int, float] = {}
        self._foresight.begin()
        self._seen = 0
        self._chosen = 0
        return True

    def choose(self, point: SchedulingPoint) -> int:
        self._forget_what_raced(point)
        priorities = self._priorities
        for thread in point.enabled:
            if thread not in priorities:
                priorities[thread] = self._random.random()
        self._chosen = max(point.enabled, key=priorities.__getitem__)
        self._foresight.runs(self._chosen)
        return self._chosen

    def _forget_what_raced(self, point: SchedulingPoint) -> None:
        """The thread that ran has a new event; those that this step raced with could now come in another order."""
        step = footprint(point.trace[self._seen :], point.kinds)
        self._seen = len(point.trace)
        self._priorities.pop(self._chosen, None)
        for thread in list(self._priorities):
            access = self._foresight.pending(point, thread)
            if access is not None and dependent((access,), step):
                del self._priorities[thread]

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._foresight.learn(trace, kinds)
