"""The default: the simplest schedules first, mixed with random ones once those have had half of the budget."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.options import Options
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.bounded import Bounded
from racekit.strategies.protocol import Strategy
from racekit.strategies.random_walk import RandomWalk


class Auto:
    """Bounded search proves what is small and finds what few preemptions break; random schedules reach further."""

    def __init__(self, options: Options) -> None:
        self._bounded = Bounded(options.preemptions)
        self._random = RandomWalk(options.seed)
        self._simple_first = None if options.executions is None else options.executions // 2
        if options.preemptions is not None:
            self._simple_first = None  # random schedules would not keep to the bound
        self._current: Strategy = self._bounded
        self._begun = 0

    @property
    def cut_by(self) -> str | None:
        return self._bounded.cut_by

    compares_events = False

    def begin(self) -> bool:
        self._begun += 1
        late = self._simple_first is not None and self._begun > self._simple_first
        self._current = self._random if late and self._begun % 2 else self._bounded
        return self._current.begin()

    def choose(self, point: SchedulingPoint) -> int:
        return self._current.choose(point)

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._current.end(trace, kinds)

    def restart(self) -> None:
        self._bounded.restart()
