"""Probabilistic concurrency testing: random priorities of threads, which change at a few random steps.

Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs"
(ASPLOS 2010). A bug of depth d is one that d ordering constraints between steps are enough for. With n threads and k
steps, each execution finds it with a probability of at least 1 / (n k^(d-1)).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.patience import goes_on_and_on


class Pct:
    """The thread with the highest priority goes on; at `depth - 1` steps it first falls below all others.

    The number of steps is that of the longest execution so far, so the first one has no such changes.
    """

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = False

    def __init__(self, seed: int, depth: int) -> None:
        self._random = random.Random(seed)
        self._changes = depth - 1
        self.restart()

    def restart(self) -> None:
        self._longest = 0

    def begin(self) -> bool:
        self._step = 0
        self._priorities: dict[int, float] = {}
        changes = self._random.sample(range(1, self._longest + 1), min(self._changes, self._longest))
        self._falls_to = {step: -1.0 - order for order, step in enumerate(changes)}
        self._lowest = -1.0 - len(changes)
        return True

    def choose(self, point: SchedulingPoint) -> int:
        self._step += 1
        if goes_on_and_on(self._step, self._longest):
            return point.default
        priorities = self._priorities
        for thread in point.enabled:
            if thread not in priorities:
                priorities[thread] = self._random.random()
        if point.gives_way():
            self._lowest -= 1
            priorities[point.current] = self._lowest
        highest = max(point.enabled, key=priorities.__getitem__)
        if self._step in self._falls_to:
            priorities[highest] = self._falls_to[self._step]
            highest = max(point.enabled, key=priorities.__getitem__)
        return highest

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        if self._longest == 0 or not goes_on_and_on(self._step, self._longest):
            self._longest = max(self._longest, self._step)
