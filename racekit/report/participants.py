"""Where a failure shows, and which places take part in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from racekit.failure import Failure
from racekit.report.places import place_at, raised_at
from racekit.report.words import said, wait_in_words
from racekit.trace import Place, Trace


class Participant(NamedTuple):
    """A place, and what happened there."""

    place: Place
    words: str


def participants(failure: Failure) -> list[Participant]:
    """The places that show the bug: of accesses, of waits and what is held, or of the lines that repeat; each once."""
    return list(dict.fromkeys(one for one in _participants(failure) if one.place.line))


def _participants(failure: Failure) -> Iterator[Participant]:
    events, threads = failure.trace.events, failure.trace.threads
    for wait in failure.waits:
        if wait.place is not None:
            yield Participant(wait.place, f"{wait.thread} {wait_in_words(wait)}")
        if wait.held_since is not None:
            yield Participant(wait.held_since, f"{wait.holder} took {wait.awaited}")
    for place in failure.repeated:
        yield Participant(place, f"{failure.thread} comes here again and again")
    if failure.waits or failure.repeated:
        return
    for index in shown_by(failure, failure.trace):
        yield Participant(place_at(events[index]), f"{threads[events[index].thread]} {said(events[index])}")


def shown_at(failure: Failure) -> Place | None:
    """Where the failure shows: where the exception was raised, or where the first thread is stuck."""
    if failure.exception is not None:
        return raised_at(failure.exception)
    return next((one.place for one in participants(failure)), None)


def shown_by(failure: Failure, trace: Trace) -> list[int]:
    """The indices of the events of `trace` that show the bug: those of the diagnosis, and those that race."""
    racing = {index for race in trace.races for index in race[:2]}
    return sorted(racing.union(failure.diagnosis.events) if trace is failure.trace else racing)


def matters(failure: Failure, trace: Trace) -> Collection[int]:
    """The indices of the events that touch what the bug is about; of all, if nothing is known of it."""
    things = {failure.trace.events[index].target for index in shown_by(failure, failure.trace)}
    locations = {wait.location for wait in failure.waits if wait.location is not None}
    events = trace.events
    found = [index for index, event in enumerate(events) if event.target in things or event.location in locations]
    return found or range(len(events))


def races_in(trace: Trace) -> Collection[int]:
    """The indices of the events that touch what threads race for; of all, if there are none."""
    racing = {trace.events[index].location for race in trace.races for index in race[:2]}
    return [index for index, event in enumerate(trace.events) if event.location in racing] or range(len(trace.events))
