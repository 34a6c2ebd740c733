"""Selectively uniform random walk: all orders of the accesses to one shared thing are equally likely.

Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing" (ASPLOS 2025). One location that several
threads touch is selected at random for each execution. Who comes next there is drawn in advance, with a probability
proportional to how many accesses to it each thread has left. Everybody else who is about to touch it waits meanwhile,
even while the one who was drawn waits for a lock; what does not touch it is chosen at random.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from racekit.dependence import same_part, writes
from racekit.runtime.scheduling_point import BLOCKED, OF_THREADS, SchedulingPoint, TraceEntry
from racekit.strategies.foresight import Foresight
from racekit.strategies.patience import goes_on_and_on
from racekit.strategies.remaining import Remaining, parents

Location = tuple[int, object]


class Surw:
    """How often each thread touches what is known from the longest execution so far; the first is a random walk."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = True

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._foresight = Foresight()
        self.restart()

    def restart(self) -> None:
        self._counts: dict[Location, Counter[int]] = {}
        self._parents: dict[int, int] = {}
        self._longest = 0

    # --- one execution -----------------------------------------------------------------------------------------------

    def begin(self) -> bool:
        self._foresight.begin()
        self._selected = self._random.choice(list(self._counts)) if self._counts else None
        self._remaining = Remaining(self._counts.get(self._selected, {}) if self._selected else {}, self._parents)
        self._next: int | None = None
        self._seen = 0
        return True

    def choose(self, point: SchedulingPoint) -> int:
        if goes_on_and_on(len(point.trace), self._longest):
            return point.default
        self._look_at_what_happened(point)
        chosen = self._random.choice(point.enabled) if self._selected is None else self._choose(point)
        self._foresight.runs(chosen)
        return chosen

    def _look_at_what_happened(self, point: SchedulingPoint) -> None:
        for thread, _, operation, location in point.trace[self._seen :]:
            if operation == "start" and isinstance(location, int):
                self._remaining.born(location)
                if self._next == thread:
                    self._next = self._remaining.draw((thread, location), self._random)
            elif location == self._selected:
                self._remaining.passed(thread)
                self._next = None
        self._seen = len(point.trace)

    def _choose(self, point: SchedulingPoint) -> int:
        """Whoever was drawn remains the next one while it waits for something else, as long as others can go on."""
        alive = [thread.id for thread in point.scheduler.alive]
        if self._next not in alive:
            self._next = self._remaining.draw(alive, self._random)
        ready = [thread for thread in point.enabled if thread == self._next or not self._has_to_wait(point, thread)]
        if not ready or (point.gives_way() and self._next not in point.enabled):
            self._next = self._remaining.draw(point.enabled, self._random)
            return self._next
        return self._random.choice(ready)

    def _has_to_wait(self, point: SchedulingPoint, thread: int) -> bool:
        access = self._foresight.pending(point, thread)
        if access is None or self._selected is None:
            return False
        number, part = self._selected
        return access.number == number and same_part(access.part, part)

    # --- what the next one can rely on -------------------------------------------------------------------------------

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._foresight.learn(trace, kinds)
        if len(trace) <= self._longest or (self._longest and goes_on_and_on(len(trace), self._longest)):
            return
        self._longest = len(trace)
        self._parents = parents(trace)
        counts: defaultdict[Location, Counter[int]] = defaultdict(Counter)
        changed: set[Location] = set()
        for thread, _, operation, location in trace:
            is_access = operation not in OF_THREADS and not operation.endswith(BLOCKED)
            if isinstance(location, tuple) and is_access:
                counts[location][thread] += 1
                if writes(operation):
                    changed.add(location)
        self._counts = {place: by for place, by in counts.items() if len(by) > 1 and place in changed}
