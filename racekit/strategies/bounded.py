"""Iterative context bounding: every schedule with no preemption, then every one with one, with two, and so on.

The order of Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI
2007): the first failing schedule has the fewest preemptions that any failing schedule has. Each schedule is run once.

A schedule is a list of choices that depart from the default. Running one shows the points after its last departure;
departing at any of them gives the schedules to run next: in the same round if that costs nothing (the current thread
could not go on), in the next round if it is a preemption. A body that does not do the same under the same choices is
noticed where it can no longer follow them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry

_TO_ESTIMATE_BY = 10
"""So many executions are needed to tell how many there may be."""


class _Point(NamedTuple):
    enabled: tuple[int, ...]
    default: int
    preemptive: bool


class _Run:
    """The choices of one execution, and the points where it could have gone differently."""

    __slots__ = ("choices", "departure", "first_free", "points", "share")

    def __init__(self, prefix: list[int], departure: _Point | None = None, share: float = 1.0) -> None:
        """`share` is how many begin like this, of the runs from the last preemption on, if all choices have alike."""
        self.choices = prefix
        self.departure = departure
        self.first_free = len(prefix)
        self.points: list[_Point] = []
        self.share = share

    def alternatives(self, preemptive: bool) -> Iterator[_Run]:
        """The runs that depart once more: by a preemption, or at a point where a choice costs nothing."""
        share = self.share
        for index, point in enumerate(self.points, self.first_free):
            if not point.preemptive:
                share /= len(point.enabled)
            if point.preemptive is preemptive:
                for thread in point.enabled:
                    if thread != point.default:
                        yield _Run([*self.choices[:index], thread], point, 1.0 if preemptive else share)

    def own_share(self) -> float:
        """Of the runs from the last preemption on, how many this one is."""
        return math.prod((1 / len(point.enabled) for point in self.points if not point.preemptive), start=self.share)

    def preemptions(self) -> int:
        """How many runs depart from this one by a preemption."""
        return sum(len(point.enabled) - 1 for point in self.points if point.preemptive)


class Bounded:
    """Depth first within a round; `preemptions` limits the rounds (None: until nothing is left).

    It gives up once it seems that there are more than `at_most` schedules.
    """

    interleavings: int | None = None

    def __init__(self, preemptions: int | None = None, at_most: float = math.inf) -> None:
        self._limit = preemptions
        self._at_most = at_most
        self._points: dict[tuple[tuple[int, ...], int, bool], _Point] = {}  # few differ, but there are very many
        self.restart()

    def restart(self) -> None:
        self.cut_by: str | None = None
        self.bound = 0
        self._stack: list[Iterator[_Run]] = [iter([_Run([])])]
        self._this_round: list[_Run] = []
        self._next_round: list[_Run] = []
        self._run = _Run([])
        self._before_this_round = 0
        self._begin_round(departures=1)

    compares_events = False

    @property
    def preemptions_ruled_out(self) -> int:
        return 0 if self.cut_by == "nondeterminism" else self.bound

    def estimated_left(self) -> float:
        """How many schedules may be left in this round, and are known to be in the next, unless the limit is reached.

        The former is what is left if further choices lead to as many as those that were made (Kilby, Slaney, Thiébaux
        and Walsh, "Estimating search tree size", AAAI 2006).
        """
        next_round = 0 if self.bound == self._limit else self._departures_of_next_round
        if not self._executions:
            return self._departures + next_round
        return self._executions * (self._departures / self._seen - 1) + next_round if self._seen else math.inf

    def _begin_round(self, departures: int) -> None:
        """A round of the schedules that begin with one of so many `departures`."""
        self._departures = departures
        self._departures_of_next_round = 0
        self._executions = 0
        self._seen = 0.0

    def begin(self) -> bool:
        executions = self._before_this_round + self._executions
        if executions >= _TO_ESTIMATE_BY and executions + self.estimated_left() >= self._at_most + 1:
            self.cut_by = self.cut_by or "executions"
            return False
        run = self._next_run()
        if run is None:
            return False
        self._run = run
        self._index = 0
        return True

    def _next_run(self) -> _Run | None:
        while True:
            while self._stack:
                run = next(self._stack[-1], None)
                if run is not None:
                    return run
                self._stack.pop()
            if not self._this_round:
                if not self._next_round:
                    return None
                if self._limit is not None and self.bound >= self._limit:
                    self.cut_by = self.cut_by or "preemptions"
                    return None
                self.bound += 1
                self._before_this_round += self._executions
                self._begin_round(self._departures_of_next_round)
                self._this_round, self._next_round = self._next_round[::-1], []
            self._stack.append(self._this_round.pop().alternatives(preemptive=True))

    def choose(self, point: SchedulingPoint) -> int:
        if len(point.enabled) == 1:
            return point.default
        run = self._run
        index = self._index
        self._index = index + 1
        if index < run.first_free:
            chosen = run.choices[index]
            same = run.departure is None or index < run.first_free - 1 or point.enabled == run.departure.enabled
            if same and chosen in point.enabled:
                return chosen
            self.cut_by = "nondeterminism"
            return point.default
        key = point.enabled, point.default, point.preemptive
        run.points.append(self._points.get(key) or self._points.setdefault(key, _Point(*key)))
        run.choices.append(point.default)
        return point.default

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        run = self._run
        self._stack.append(run.alternatives(preemptive=False))
        self._executions += 1
        self._seen += run.own_share()
        if preemptions := run.preemptions():
            self._departures_of_next_round += preemptions
            self._next_round.append(run)
