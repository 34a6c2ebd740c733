"""From a trace to the rows and arrows of its timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from racekit.report.page.timeline import Curve, End, Fold, Lane, Rail, Row, Step, Timeline, Turn
from racekit.report.words import reason_in_words, target_of, verb_of
from racekit.schedule import ACCESSES
from racekit.trace import Event, HandOver, Place, Trace, Wait

MOST_STEPS = 240
"""A page with more is slow to draw and to read. What shows the bug and what is next to a hand-over is kept first."""

_AROUND_A_HAND_OVER = 3

MIDDLE = 20
"""Where in a step's row its dot is, in CSS pixels from the top."""


class Ending(NamedTuple):
    """How a thread ended that failed, or can go no further: its id, what to say, and where.

    `wait` is what it waits for, if it does.
    """

    thread: int
    words: str
    place: Place | None
    wait: Wait | None = None


def lay_out(
    trace: Trace,
    endings: Sequence[Ending],
    matters: Collection[int],
    prefix: str,
    text_of: Callable[[Event], str],
    shows: Collection[int] = (),
) -> Timeline:
    """The timeline of `trace`, with `endings` below its events.

    matters: the indices of the events to be marked. prefix: with what the keys of the steps start. text_of: the source
    of an event's line. shows: the indices of events that show the bug, besides those that race.
    """
    return _Layout(trace, endings, matters, prefix, text_of, shows).timeline()


class _Layout:
    def __init__(
        self,
        trace: Trace,
        endings: Sequence[Ending],
        matters: Collection[int],
        prefix: str,
        text_of: Callable[[Event], str],
        shows: Collection[int],
    ) -> None:
        self._trace = trace
        self._endings = endings
        self._matters = frozenset(matters)
        self._shows = frozenset(shows)
        self._prefix = prefix
        self._text_of = text_of
        self._racing = {index for race in trace.races for index in race[:2]}.union(shows)
        self._hand_overs = trace.hand_overs or tuple(_hand_overs(trace.events))
        self._threads = sorted(
            {event.thread for event in trace.events}
            | {thread for hand_over in self._hand_overs for thread in (hand_over.thread, hand_over.to)}
            | {ending.thread for ending in endings}
        )
        self._lane = {thread: number for number, thread in enumerate(self._threads)}
        self._born, self._last = self._lifetimes()
        self._runs = self._hand_overs[0].thread if self._hand_overs else self._threads[0] if self._threads else 0
        self._waiting: set[int] = set()
        self._locations: dict[object, int] = {}

    def timeline(self) -> Timeline:
        rows = tuple(self._rows())
        lanes = tuple(Lane(self._lane[thread], self._trace.threads[thread]) for thread in self._threads)
        return Timeline(lanes, rows, tuple(self._curves(rows)), sum(row.height for row in rows))

    def _lifetimes(self) -> tuple[dict[int, int], dict[int, int]]:
        """For each thread the index of the event from which on it is alive, and that of its last one."""
        born: dict[int, int] = {}
        last: dict[int, int] = {}
        for index, event in enumerate(self._trace.events):
            born.setdefault(event.thread, index - 1)
            last[event.thread] = index
            if event.operation == "start" and isinstance(event.location, tuple):
                born.setdefault(event.location[1], index)
        for hand_over in self._hand_overs:
            if hand_over.reason != "ended":
                last[hand_over.thread] = max(last.get(hand_over.thread, -1), hand_over.at)
            last[hand_over.to] = max(last.get(hand_over.to, -1), hand_over.at)
        last[0] = len(self._trace.events)  # the caller of the body is there from beginning to end
        last.update({ending.thread: len(self._trace.events) for ending in self._endings})
        return born, last

    # --- rows ----------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Row]:
        kept = self._kept()
        turns: dict[int, list[HandOver]] = {}
        for hand_over in self._hand_overs:
            turns.setdefault(hand_over.at, []).append(hand_over)
        folded = 0
        for index, event in enumerate([*self._trace.events, None]):
            keeps = event is None or index in kept
            if keeps and folded:
                yield Fold(folded, self._rails(index))
                folded = 0
            for hand_over in turns.get(index, ()):
                turn = self._turn(index, hand_over)
                if keeps:
                    yield turn
            if event is not None:
                self._runs = event.thread
                self._waiting.discard(event.thread)
                if keeps:
                    yield self._step(index, event)
                else:
                    folded += 1
        self._waiting |= {ending.thread for ending in self._endings if ending.wait}
        for ending in self._endings:
            yield self._end(ending)
            self._last[ending.thread] = -1

    def _kept(self) -> Collection[int]:
        events = self._trace.events
        if len(events) <= MOST_STEPS:
            return range(len(events))
        near = {
            hand_over.at + offset
            for hand_over in self._hand_overs
            for offset in range(-_AROUND_A_HAND_OVER, _AROUND_A_HAND_OVER)
        }
        ends = {index for arrow in self._trace.arrows for index in arrow[:2]}

        def worth(index: int) -> tuple[bool, bool, bool, int]:
            return index in self._shows, index in near, index in ends or index in self._matters, index

        return set(sorted(range(len(events)), key=worth, reverse=True)[:MOST_STEPS])

    def _step(self, index: int, event: Event) -> Step:
        return Step(
            key=f"{self._prefix}{index + 1}",
            number=index + 1,
            lane=self._lane[event.thread],
            thread=self._trace.threads[event.thread],
            verb=verb_of(event),
            target=target_of(event),
            value=event.value,
            place=Place(event.filename, event.line, event.function, self._text_of(event)),
            stack=event.stack,
            matters=index in self._matters,
            races=index in self._racing,
            access=event.operation if event.operation in ACCESSES else "synchronization",
            location=self._locations.setdefault(event.location, len(self._locations) + 1),
            rails=self._rails(index),
        )

    def _turn(self, index: int, hand_over: HandOver) -> Turn:
        thread, to = hand_over.thread, hand_over.to
        if hand_over.reason == "waits":
            self._waiting.add(thread)
        self._runs = to
        self._waiting.discard(to)
        rails = tuple(
            rail._replace(state="leaves" if rail.lane == self._lane[thread] else "enters")
            if rail.lane in (self._lane[thread], self._lane[to])
            else rail
            for rail in self._rails(index, thread, to)
        )
        return Turn(
            lane=self._lane[thread],
            to=self._lane[to],
            thread=self._trace.threads[thread],
            to_thread=self._trace.threads[to],
            reason=hand_over.reason,
            words=reason_in_words(hand_over),
            place=hand_over.place,
            matters=hand_over.reason == "preempted" or index in self._matters or index - 1 in self._matters,
            rails=rails,
        )

    def _end(self, ending: Ending) -> End:
        rails = self._rails(len(self._trace.events))
        key = f"{self._prefix}end{self._lane[ending.thread]}"
        return End(
            key, self._lane[ending.thread], self._trace.threads[ending.thread], ending.words, ending.place, rails
        )

    def _rails(self, index: int, *besides: int) -> tuple[Rail, ...]:
        """The threads that are alive just before event `index`, and those `besides`."""
        return tuple(
            Rail(self._lane[thread], self._state(thread))
            for thread in self._threads
            if thread in besides or self._born.get(thread, -1) < index <= self._last.get(thread, -1)
        )

    def _state(self, thread: int) -> str:
        return "waits" if thread in self._waiting else "runs" if thread == self._runs else "alive"

    # --- arrows --------------------------------------------------------------------------------------------------

    def _curves(self, rows: Sequence[Row]) -> Iterator[Curve]:
        tops = dict(zip(rows, accumulate((row.height for row in rows), initial=0), strict=False))
        steps = {row.number - 1: row for row in rows if isinstance(row, Step)}
        racing = {race[:2] for race in self._trace.races}
        for arrow in self._trace.arrows:
            if arrow.first in steps and arrow.second in steps:
                kind = "race" if arrow[:2] in racing else arrow.kind
                yield _curve(kind, steps[arrow.first], steps[arrow.second], tops)
        ends = [row for row in rows if isinstance(row, End)]
        for ending, end in zip(self._endings, ends, strict=True):
            taken = self._taken(ending.wait)
            if taken in steps:
                yield _curve("held", steps[taken], end, tops)

    def _taken(self, wait: Wait | None) -> int | None:
        """The event by which somebody took what is waited for, and holds it."""
        if wait is None or wait.holder is None or wait.location is None:
            return None
        for index in range(len(self._trace.events) - 1, -1, -1):
            event = self._trace.events[index]
            if event.location == wait.location and self._trace.threads[event.thread] == wait.holder:
                return index
        return None


def _curve(kind: str, first: Step, second: Step | End, tops: Mapping[Row, int]) -> Curve:
    return Curve(
        first=first.key,
        second=second.key,
        kind=kind,
        left=min(first.lane, second.lane),
        right=max(first.lane, second.lane),
        top=tops[first] + MIDDLE,
        bottom=tops[second] + MIDDLE,
        rightward=first.lane < second.lane,
    )


def _hand_overs(events: Sequence[Event]) -> Iterator[HandOver]:
    """Where another thread goes on, of a trace that does not tell why."""
    for index in range(1, len(events)):
        if events[index].thread != events[index - 1].thread:
            yield HandOver(index, events[index - 1].thread, events[index].thread, "")
