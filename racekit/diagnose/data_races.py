"""Data races: accesses of two threads to one thing, at least one of them a write, which nothing orders.

Whether that is a mistake is another question: each single access is atomic in Python, so some races are meant. What
orders events is found by `racekit.event_order`, with vector clocks as in FastTrack (Flanagan and Freund, PLDI 2009).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from racekit.schedule import Schedule
from racekit.trace import Event, Trace


@dataclass(frozen=True, slots=True)
class DataRace:
    """Two accesses to `target` that race: `first` came first in the execution that `schedule` gives.

    `threads` are the names of their threads; each event has the stack that led to it. `str()` is the report, in the
    form of ThreadSanitizer.
    """

    target: str
    first: Event
    second: Event
    threads: tuple[str, str]
    schedule: Schedule

    def __str__(self) -> str:
        lines = [f"DATA RACE on {self.target}"]
        for event, thread, when in ((self.second, self.threads[1], ""), (self.first, self.threads[0], "Previous ")):
            operation = event.operation if when else event.operation.capitalize()
            value = f" of {event.value}" if event.value else ""
            lines.append(f"  {when}{operation}{value} by thread {thread}:")
            lines += [
                f"    #{depth} {place.function.rpartition('<locals>.')[2]} {place.filename}:{place.line}   {place.text}"
                for depth, place in enumerate(reversed(event.stack))
            ]
        lines.append(f"  Seen under this schedule: {self.schedule.token}")
        return "\n".join(lines)

    @property
    def places(self) -> tuple[str, frozenset[tuple[str, int, str]]]:
        """What makes it the same race as another one: the thing, and both accesses by line."""
        both = ((each.filename, each.line, each.operation) for each in (self.first, self.second))
        return self.target, frozenset(both)


def data_races(trace: Trace, schedule: Schedule) -> Iterator[DataRace]:
    """The races of one recorded execution."""
    for race in trace.races:
        first, second = trace.events[race.first], trace.events[race.second]
        threads = trace.threads[first.thread], trace.threads[second.thread]
        yield DataRace(second.target or first.target, first, second, threads, schedule)


def distinct(races: Iterable[DataRace], allowed: Mapping[str, str]) -> tuple[DataRace, ...]:
    """One race of those that are the same, without those on what may race.

    `allowed` maps what a race may be on, such as `Class.attribute` or the attribute alone, to the reason.
    """
    found: dict[object, DataRace] = {}
    for race in races:
        if not any(race.target == name or race.target.endswith(f".{name}") for name in allowed):
            found.setdefault(race.places, race)
    return tuple(found.values())
