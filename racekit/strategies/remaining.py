"""How much each thread has still to do, judged by an execution before."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from racekit.runtime.scheduling_point import TraceEntry


class Remaining:
    """The events that count and are still to come: of each thread, with those of the threads that it will start.

    `counts` and `parents` are those of a whole execution: how many such events each thread had, and who started it.
    """

    def __init__(self, counts: Mapping[int, int], parents: Mapping[int, int]) -> None:
        self._left = Counter(counts)
        self._parents = parents
        self._unborn: defaultdict[int, set[int]] = defaultdict(set)
        for child, parent in parents.items():
            self._unborn[parent].add(child)

    def passed(self, thread: int) -> None:
        """One such event of `thread` is over."""
        self._left[thread] = max(self._left[thread] - 1, 0)

    def born(self, thread: int) -> None:
        if thread in self._parents:
            self._unborn[self._parents[thread]].discard(thread)

    def of(self, thread: int) -> int:
        return self._left[thread] + sum(self.of(child) for child in self._unborn.get(thread, ()))

    def draw(self, threads: Sequence[int], choose: random.Random) -> int:
        """One of the threads, each as probable as it has events left."""
        weights = [self.of(thread) for thread in threads]
        return choose.choices(threads, weights if any(weights) else None)[0]


def parents(trace: Sequence[TraceEntry]) -> dict[int, int]:
    """Who started whom in this execution."""
    return {child: thread for thread, _, operation, child in trace if operation == "start" and isinstance(child, int)}
