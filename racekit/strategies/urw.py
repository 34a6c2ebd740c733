"""Uniform random walk: without blocking, all interleavings are equally likely.

Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing" (ASPLOS 2025): the next step is that of
a thread with a probability proportional to the number of steps that it has left.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.remaining import Remaining, parents


class Urw:
    """How many steps each thread takes is known from the longest execution so far; the first is a plain random walk."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = True

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.restart()

    def restart(self) -> None:
        self._profile: Counter[int] = Counter()
        self._parents: dict[int, int] = {}

    def begin(self) -> bool:
        self._remaining = Remaining(self._profile, self._parents)
        self._steps: Counter[int] = Counter()
        self._seen = 0
        return True

    def choose(self, point: SchedulingPoint) -> int:
        for child in parents(point.trace[self._seen :]):
            self._remaining.born(child)
        self._seen = len(point.trace)
        chosen = self._remaining.draw(point.enabled, self._random)
        self._remaining.passed(chosen)
        self._steps[chosen] += 1
        return chosen

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        if self._steps.total() >= self._profile.total():
            self._profile, self._parents = self._steps, parents(trace)
