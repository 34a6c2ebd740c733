"""The default: the simplest schedules first, then one of each different interleaving, with random ones in between."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.options import Options
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.bounded import Bounded
from racekit.strategies.dpor import Dpor
from racekit.strategies.protocol import Strategy
from racekit.strategies.random_walk import RandomWalk

_SIMPLE_EXECUTIONS = 100
_ONE_RANDOM_IN = 8


class Auto:
    """Most bugs need few preemptions; what is small enough is then proved; what is too large is also sampled at random.

    If the number of preemptions is limited, everything keeps to that.
    """

    def __init__(self, options: Options) -> None:
        self._bounded = Bounded(options.preemptions)
        self._dpor = Dpor()
        self._exact: Strategy = self._bounded if _needs_bound(options) else self._dpor
        self._random = RandomWalk(options.seed)
        budget = options.executions
        self._simple = _SIMPLE_EXECUTIONS if budget is None else min(_SIMPLE_EXECUTIONS, budget // 4)
        self._mixes = budget is not None and options.preemptions is None
        self._current: Strategy = self._bounded
        self._begun = 0

    @property
    def cut_by(self) -> str | None:
        return self._current.cut_by

    @property
    def interleavings(self) -> int | None:
        return self._current.interleavings

    @property
    def preemptions_ruled_out(self) -> int:
        return self._bounded.preemptions_ruled_out

    @property
    def compares_events(self) -> bool:
        return self._current.compares_events

    def begin(self) -> bool:
        self._begun += 1
        if self._begun <= self._simple:
            self._current = self._bounded
        elif self._mixes and self._begun % _ONE_RANDOM_IN == 0:
            self._current = self._random
        else:
            self._current = self._exact
        return self._current.begin()

    def choose(self, point: SchedulingPoint) -> int:
        return self._current.choose(point)

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._current.end(trace, kinds)
        if self._current is self._dpor and self._dpor.is_redundant:
            self._begun -= 1

    def restart(self) -> None:
        self._bounded.restart()
        self._exact.restart()


def _needs_bound(options: Options) -> bool:
    """Whether preemptions are limited, or any timed wait may expire at any time, which depends on everything."""
    return options.preemptions is not None or options.timeouts == "any"
