"""Does a body do the same under the same schedule? It is run a few times, and what differs is named."""

from __future__ import annotations

import linecache
import os
from collections.abc import Callable, Sequence

from racekit.diagnose.nondeterminism import cache_above, describe, filled_once, first_difference
from racekit.runtime.execution import ExecutionRun
from racekit.runtime.places import PLACES
from racekit.schedule import Schedule
from racekit.trace import Event, Place
from racekit.watch.site import Site

_ACCESSES = frozenset(
    f"{what}_{kind}" for what in ("load", "store", "delete") for kind in ("attribute", "global", "cell", "item")
) | {"contains"}


class Audit:
    """Looks whether the body does the same under the same schedule; `notes` says what does not.

    `settled` runs the body under a schedule until the last two executions were watched alike, with every access
    recorded; it returns the executions that followed the schedule.
    """

    def __init__(self, settled: Callable[[Schedule], Sequence[ExecutionRun]]) -> None:
        self.notes: list[str] = []
        self._settled = settled
        self._first: ColdStart | None = None
        self._compared = False

    def compare(self, schedule: Schedule) -> None:
        """Run this schedule a few times, and see where the last two differ, or what only the first execution did."""
        executions = self._settled(schedule)
        if len(executions) > 1:
            found = _difference(*executions[-2:]) or ColdStart(executions[0]).difference(executions[-1])
            if found is not None:
                self.notes.append(found)

    def ran(self, run: ExecutionRun) -> None:
        """The search has run this: the first execution, or one that is compared with that if it has its schedule."""
        if self._first is None:
            self._first = ColdStart(run)
        elif not self._compared and run.scheduler.departures == self._first.departures:
            self._compared = True
            found = self._first.difference(run)
            if found is not None and not self.notes:
                self.notes.append(found)

    @property
    def missing(self) -> Schedule | None:
        """The schedule of the first execution, if nothing else that was run has it."""
        return None if self._first is None or self._compared else self._first.schedule

    def explain(self) -> None:
        """The search has met something that it could not repeat: see to it that there is a note that says why."""
        if self._first is not None and not self.notes:
            self.compare(self._first.schedule)
            if not self.notes:
                self.notes.append(_NOT_AGAIN)

    def of_replay(self, schedule: Schedule) -> str:
        """Why the body may not have followed this schedule, as further sentences; empty if it is not known."""
        if self._settled(schedule):
            return f" {_FOLLOWED_LATER}"
        self.compare(Schedule())
        return "".join(f" {note}" for note in self.notes)


_NOT_AGAIN = "Executions of one schedule differed, but not when the first one was run again."
_FOLLOWED_LATER = (
    "A second time the body did follow it, so it depends on what an execution leaves for the next one, in a module, "
    "a class or a cache: make that anew in the body, or reset it there."
)


def _difference(first: ExecutionRun, second: ExecutionRun) -> str | None:
    events, others = _seen_where_they_are_told(first), _seen_where_they_are_told(second)
    difference = first_difference(events, others)
    outside = [*first.scheduler.outsiders, *second.scheduler.outsiders]
    return None if difference is None else describe(difference, events, others, outside)


def _seen_where_they_are_told(run: ExecutionRun) -> list[Event]:
    """Without what C code touches each time that it goes on after calling Python code.

    That is seen from where the Python code ends, which is rewritten for it only once it is known to matter.
    """
    return [event for event in run.every_event() if not event.stack or event.stack[-1].function == event.function]


class ColdStart:
    """What the very first execution did, which later ones of its schedule may not do any more.

    That is how state shows that is kept for good, such as a cache: all later executions agree with each other.
    """

    def __init__(self, first: ExecutionRun) -> None:
        self.schedule = first.schedule()
        self.departures = first.scheduler.departures
        self._counts = None if _is_special(first) else _counts(first)
        self._stopped = [thread.label for thread in first.scheduler.threads if thread.daemon and thread.unwinding]

    def difference(self, again: ExecutionRun) -> str | None:
        """What `again`, an execution of the same schedule, did not do again; None if there is no such thing."""
        if self._counts is not None and again.fault is not None:
            return f"The first execution passed, but a later one of the same schedule did not. {self._cause(again)}"
        if self._counts is None or _is_special(again):
            return None
        not_again = [
            site
            for counts, others in zip(self._counts, _counts(again), strict=False)
            for number, count in counts.items()
            if others.get(number, 0) < count and (site := _site(number, counts)) is not None
        ]
        if not not_again:
            return None
        for site in not_again:
            cache = cache_above(_place(site))
            if cache:
                return _in_words(site, filled_once(_place(site), cache))
        return _in_words(not_again[0], _KEPT)

    def _cause(self, again: ExecutionRun) -> str:
        for thread in self._stopped:
            if thread not in again.thread_names:
                return (
                    f"The daemon thread {thread} ended with the first one, and later ones go on as if it was still "
                    "there: start it anew in the body."
                )
        return _KEPT


_KEPT = "What it leaves behind, in a module, a class or a cache, stays: make that anew in the body, or reset it there."


def _counts(run: ExecutionRun) -> list[dict[int, int]]:
    """For each thread how often it passed each position."""
    return [thread.counts for thread in run.scheduler.threads]


def _site(number: int, counts: dict[int, int]) -> Site | None:
    """The access at the position with this number; None if none is.

    Positions are the same in all files: of several sites it is that in whose function most positions were passed, and
    in whose file, where that says nothing.
    """

    def passed_around(site: Site) -> list[int]:
        return [len(positions & counts.keys()) for positions in PLACES.positions_around(site)]

    site = max(PLACES.sites(number), key=passed_around, default=None)
    return site if site is not None and site.kind in _ACCESSES else None


def _is_special(run: ExecutionRun) -> bool:
    """Whether the execution ended early, or was changed for the sake of fairness."""
    return run.fault is not None or run.scheduler.gave_way or run.scheduler.interruption is not None


def _place(site: Site) -> Place:
    text = linecache.getline(site.filename, site.line).strip()
    return Place(site.filename, site.line, site.function, text)


def _in_words(site: Site, cause: str) -> str:
    place = _place(site)
    function = place.function.rpartition(".")[2]
    where = f"{os.path.basename(place.filename)}:{place.line} in {function}   {place.text}".rstrip()
    verb = "reads" if site.kind.startswith("load") or site.kind == "contains" else "writes"
    return f"Only the first execution {verb} {site.name or 'an item'} here, and no later one:\n  {where}\n  {cause}"
