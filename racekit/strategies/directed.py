"""Schedules directed at the conflicts that an execution before has shown.

Threads that do alike are represented by one or two of them; the others come later. What is tried for each pair of them
that touches one thing: to interrupt one where it is between two conflicting accesses, and to run the other meanwhile to
its end, or to where it is itself between two; to let both alternate at one location; and other orders of the threads,
without any interruption. So the number of schedules does not grow with the number of threads that do alike. Each is a
list of priorities with changes at chosen points, where PCT has random ones. To look for such places in a profile is the
idea of Park, Lu and Zhou, "CTrigger: exposing atomicity violation bugs from their hiding places" (ASPLOS 2009).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice, product, zip_longest
from typing import NamedTuple

from racekit.dependence import writes
from racekit.runtime.scheduling_point import SchedulingPoint, TraceEntry
from racekit.strategies.patience import goes_on_and_on
from racekit.strategies.profile import Profile, Stop

_STOPS_COMBINED = 30


class _Alternating(NamedTuple):
    location: object
    on_changes: bool

    def is_at(self, operation: str, location: object) -> bool:
        return location == self.location and (writes(operation) or not self.on_changes)


class _Plan(NamedTuple):
    """Threads that come first, in this order, and those that come last.

    The first of `stops` says where the first thread lets the second one go before it; the next, where that one does.
    With `alternating`, both do so each time they have accessed this location, or have changed it.
    """

    key: Hashable
    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    stops: tuple[Stop, ...] = ()
    alternating: _Alternating | None = None


class Directed:
    """Until nothing is left that the executions so far suggest."""

    cut_by: str | None = None
    interleavings: int | None = None
    preemptions_ruled_out = 0
    compares_events = True

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._profile: Profile | None = None
        self._longest: Sequence[TraceEntry] | None = None
        self._done: set[Hashable] = set()
        self._plans: Iterator[_Plan] = iter(())
        self._plan: _Plan | None = None

    # --- one execution -----------------------------------------------------------------------------------------------

    def begin(self) -> bool:
        """The first execution follows the default schedule, to see what there is."""
        self._seen = 0
        self._events: Counter[int] = Counter()
        if self._longest is None:
            return True
        self._plan = self._next_plan(self._longest)
        if self._plan is None:
            self.cut_by = "no other conflict to direct schedules at"
            return False
        self._first = list(self._plan.first)
        self._stops = list(self._plan.stops)
        return True

    def choose(self, point: SchedulingPoint) -> int:
        if self._plan is None or self._profile is None or goes_on_and_on(len(point.trace), self._profile.length):
            return point.default
        self._change_priorities(point)
        current = point.current
        starts = current in self._profile.starters and current not in (*self._plan.first, *self._plan.last)
        if point.preemptive and starts:
            return current  # whom it starts is needed
        for thread in self._first:
            if thread in point.enabled:
                return thread
        if point.preemptive and current not in self._plan.last:
            return current
        others = tuple(thread for thread in point.enabled if thread not in self._plan.last)
        return point.next_in_turn(0, others or point.enabled)

    def _change_priorities(self, point: SchedulingPoint) -> None:
        alternating = self._plan.alternating if self._plan is not None else None
        for thread, _, operation, location in point.trace[self._seen :]:
            self._events[thread] += 1
            if alternating is not None and alternating.is_at(operation, location) and thread in self._first[:1]:
                self._first[:2] = self._first[1::-1]
        self._seen = len(point.trace)
        if self._stops and self._events[self._first[0]] >= self._stops[0].events:
            self._first[:2] = self._first[1::-1]
            del self._stops[0]
        if point.gives_way() and point.current in self._first:
            self._first.remove(point.current)
            self._stops.clear()

    # --- what to try -------------------------------------------------------------------------------------------------

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        """The longest execution so far shows most, also if it was another strategy's."""
        usual = 0 if self._longest is None else len(self._longest)
        if self._longest is None or (len(trace) > usual and not goes_on_and_on(len(trace), usual)):
            self._longest = trace

    def _next_plan(self, longest: Sequence[TraceEntry]) -> _Plan | None:
        if self._profile is None or self._profile.length < len(longest):
            self._profile = Profile(longest)
            self._plans = _plans(self._profile)
        for plan in self._plans:
            if plan.key not in self._done:
                self._done.add(plan.key)
                return plan
        return None


def _plans(profile: Profile) -> Iterator[_Plan]:
    """The schedules to try, the most promising first."""
    kinds = profile.alike()
    pairs = [(one[0], one[-1] if one is other else other[0]) for one, other in product(kinds, kinds)]
    pairs = [pair for pair in pairs if pair[0] != pair[1] and profile.conflict(*pair)]
    interrupted = _in_turn([_interrupted(profile, *pair) for pair in pairs])
    alternating = _in_turn([_alternating(profile, *pair) for pair in pairs if pair[0] < pair[1]])
    both = _in_turn([_both_interrupted(profile, *pair) for pair in pairs])
    started = [thread for kind in kinds for thread in kind if thread != 0]
    ends_of_kinds = {thread for kind in kinds for thread in (kind[0], kind[-1])}
    orders = _orders(sorted(ends_of_kinds.intersection(started)), len(started))
    yield from [*islice(interrupted, 2), *islice(orders, 1), *islice(both, 1), *islice(alternating, 2)]
    while True:
        some = [*islice(orders, 1), *islice(interrupted, 2), *islice(both, 1), *islice(alternating, 1)]
        if not some:
            return
        yield from some


def _in_turn(streams: Iterable[Iterable[_Plan]]) -> Iterator[_Plan]:
    for row in zip_longest(*streams):
        yield from (plan for plan in row if plan is not None)


def _interrupted(profile: Profile, thread: int, other: int) -> Iterator[_Plan]:
    """`other` runs to its end while `thread` is at a stop; the first passage of each place before any second one."""
    for stop in sorted(profile.stops(thread, other), key=lambda stop: stop.passage):
        yield _Plan((thread, other, stop.place, stop.passage), (thread, other), stops=(stop,))


def _both_interrupted(profile: Profile, thread: int, other: int) -> Iterator[_Plan]:
    """`other` runs to a stop of its own while `thread` is at one, then `thread` to its end."""
    stops = product(_few(profile.stops(thread, other)), _few(profile.stops(other, thread)))
    for pair in sorted(stops, key=lambda pair: pair[0].passage + pair[1].passage):
        yield _Plan((thread, other, *[(stop.place, stop.passage) for stop in pair]), (thread, other), stops=pair)


def _alternating(profile: Profile, thread: int, other: int) -> Iterator[_Plan]:
    """By turns, one each time that a location was changed, or accessed; the locations least accessed come first."""
    one, two = (thread, other), (other, thread)
    for location in profile.contested(thread, other):
        for pair, on_changes in (one, True), (two, False), (one, False), (two, True):
            yield _Plan((*pair, location, on_changes), pair, alternating=_Alternating(location, on_changes))


def _few(stops: Iterable[Stop]) -> list[Stop]:
    return sorted(stops, key=lambda stop: stop.passage)[:_STOPS_COMBINED]


def _orders(threads: Sequence[int], count: int) -> Iterator[_Plan]:
    """Without interruption: one thread before all `count` or after them, unless that is the default; and all reversed.

    The default has the caller go on when it has started a thread: once it is made to wait for them instead.
    """
    for early, late in zip(threads[::-1], threads, strict=True):
        if late != threads[-1] and count > 2:
            yield _Plan(("last", late), last=(late,))
        if early != threads[0]:
            yield _Plan(("first", early), first=(early,))
    if count > 2:
        yield _Plan("reversed", first=tuple(threads[::-1]))
    if threads:
        yield _Plan("caller last", last=(0,))
