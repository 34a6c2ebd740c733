"""Recording one execution for people: every access with its value, why threads stop, and the calls that led there.

The search records a few words an event; this is for the one schedule that is replayed for a report. So it may look at
every access of watched code, also where a common lock keeps the search from switching.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from types import CellType, FrameType
from typing import Any, NamedTuple

from racekit.dependence import same_part
from racekit.event_order import Happening, happens_before
from racekit.runtime import containers
from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import place_of, watched_stack
from racekit.runtime.conflicts import ITEMS, Conflicts
from racekit.runtime.going_through import is_iterator
from racekit.runtime.names import Name, find_name, is_described, is_of_standard_library, kind_of
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.runtime.values import Values
from racekit.runtime.waits import THREAD, awaited, body_frame, wait_of
from racekit.schedule import ACCESSES
from racekit.trace import USE, Event, HandOver, Place, Trace, Wait
from racekit.watch.site import Site


class _Recorded(NamedTuple):
    thread: int
    operation: str
    site: Site
    number: int
    part: object
    stack: tuple[Place, ...]


class Recorder:
    """What happens in one execution, as it happens; `trace` puts it together afterwards."""

    def __init__(self, conflicts: Conflicts) -> None:
        self._conflicts = conflicts
        self._events: list[_Recorded] = []
        self._happenings: list[Happening] = []
        self._hand_overs: list[HandOver] = []
        self._values = Values()
        self._names: dict[int, tuple[str, int, str]] = {}
        self._iterators: set[int] = set()
        self._awaited: set[int] = set()

    # --- while it runs ------------------------------------------------------------------------------------------------

    def access(self, thread: ControlledThread, obj: Any, name: object, site: Site, changes: bool, number: int) -> None:
        """`thread` is about to read or change `name` of `obj`, whose number is `number`."""
        is_item = not site.name
        if is_item and is_iterator(type(obj)):
            self._iterators.add(number)
        part = name if not is_item or containers.is_plain_key(name) else ITEMS
        frame = sys._getframe(2)
        if number not in self._names:
            if is_item or ("attribute" in site.kind and is_of_standard_library(obj)):
                self._find_name(obj, frame)
            elif "attribute" in site.kind:
                self._name(number, Name(kind_of(obj), obj))
            else:
                self._name(number, Name(site.name if type(obj) is CellType else "", obj))
        self._values.access(len(self._events), obj, part, is_item=is_item, writes=changes)
        operation = "write" if changes else "read"
        self._happenings.append(Happening(thread.id, operation, (number, part), len(self._events)))
        self._events.append(_Recorded(thread.id, operation, site, number, part, watched_stack(frame)))

    def synchronization(self, thread: ControlledThread, site: Site, operation: str, touched: object) -> None:
        """`thread` synchronizes by what it `touched`: an object, or a thread by its id."""
        self._values.settle()
        frame = sys._getframe(2)
        if isinstance(touched, int | None):
            number, part = -1, touched
        else:
            number, part = self._find_name(touched, frame), None
        self._happenings.append(Happening(thread.id, operation, number if part is None else part, len(self._events)))
        self._events.append(_Recorded(thread.id, operation, site, number, part, watched_stack(frame)))

    def inside(self, thread: ControlledThread, operation: str, touched: object) -> None:
        """`thread` synchronizes in the midst of something else: nobody sees it, but it orders what is seen."""
        key = touched if isinstance(touched, int | None) else self._conflicts.record(touched).number
        self._happenings.append(Happening(thread.id, operation, key, None))

    def hand_over(self, scheduler: Scheduler, thread: ControlledThread, to: ControlledThread) -> None:
        """`thread` stops, and `to` goes on."""
        place = wait = None
        if not thread.finished:
            frame = sys._current_frames().get(thread.ident)
            stack = watched_stack(frame)
            place = stack[-1] if stack else place_of(thread.site)
            if thread.blocked:
                wait = wait_of(scheduler, thread, frame)
                self._await(thread, frame)
            del frame  # this call's own: it would keep itself alive, and what its callers hold
        reason = _reason(thread)
        self._hand_overs.append(HandOver(len(self._events), thread.id, to.id, reason, thread.operation, place, wait))

    def stuck(self, scheduler: Scheduler) -> None:
        """Nobody can go on."""
        frames = sys._current_frames()
        for thread in scheduler.alive:
            self._await(thread, frames.get(thread.ident))
        frames.clear()  # among them is this call's own, as above

    def _await(self, thread: ControlledThread, frame: FrameType | None) -> None:
        thing = awaited(thread)[1]
        if thing is not None and type(thing) is not ControlledThread:
            self._awaited.add(self._find_name(thing, frame))

    def _find_name(self, thing: object, frame: FrameType | None) -> int:
        number = self._conflicts.record(thing).number
        if number not in self._names and not is_described(thing):
            self._name(number, find_name(thing, frame, body_frame(TURN.scheduler)))
        return number

    def _name(self, number: int, name: Name) -> None:
        self._names[number] = name.base, self._conflicts.record(name.owner).number, name.suffix

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def trace(self, threads: Sequence[str], also: Collection[str] = ()) -> Trace:
        """The accesses that conflict, the synchronizations, and the hand-overs in between. Nothing follows.

        also: names of what other executions have conflicts at, whose accesses are told, too.
        """
        self._values.settle()
        texts = self._texts
        kept = [
            i for i in range(len(self._events)) if i in self._conflicting or self._target(i, texts, threads) in also
        ]
        events = [self._event(index, texts, threads) for index in kept]
        hand_overs = [
            replace(each, at=bisect_left(kept, each.at), wait=each.wait and _renamed(each.wait, texts))
            for each in self._hand_overs
        ]
        order = happens_before(self._seen(kept))
        return Trace(tuple(events), tuple(threads), tuple(hand_overs), order.arrows, order.races)

    def _seen(self, kept: Sequence[int]) -> Iterator[Happening]:
        """What happened, as far as it matters, with the indices of the events that are kept.

        To use what may lock inside is neither a read nor a write.
        """
        indices = {old: new for new, old in enumerate(kept)}
        for each in self._happenings:
            if isinstance(each.key, tuple) and each.key[0] in self._conflicts.used:
                each = each._replace(operation="use")
            if each.event is None:
                yield each
            elif each.event in indices:
                yield each._replace(event=indices[each.event])

    def every_event(self, threads: Sequence[str]) -> tuple[Event, ...]:
        """All accesses and synchronizations, also those that conflict with nothing."""
        self._values.settle()
        return tuple(self._event(index, self._texts, threads) for index in range(len(self._events)))

    def renamed(self, waits: Iterable[Wait]) -> tuple[Wait, ...]:
        """`waits` in the words of the trace."""
        return tuple(_renamed(wait, self._texts) for wait in waits)

    @cached_property
    def _conflicting(self) -> set[int]:
        """The synchronizations, and the accesses to what one thread changes and another one accesses."""
        parts: dict[int, dict[object, tuple[set[int], set[int]]]] = {}
        for each in self._events:
            if each.operation in ACCESSES:
                threads, writers = parts.setdefault(each.number, {}).setdefault(each.part, (set(), set()))
                threads.add(each.thread)
                if each.operation == "write":
                    writers.add(each.thread)
        found = set()
        for index, each in enumerate(self._events):
            if each.operation not in ACCESSES:
                found.add(index)
            else:
                alike = [sets for part, sets in parts[each.number].items() if same_part(part, each.part)]
                others = (writers if each.operation == "read" else threads for threads, writers in alike)
                if any(thread != each.thread for threads in others for thread in threads):
                    found.add(index)
        return found

    @cached_property
    def _texts(self) -> dict[int, str]:
        """What each object is called; numbered, as in `Account#2.lock`, where two would be called the same."""
        spoken_of = {(self._events[i].number, _attribute(self._events[i])) for i in self._conflicting}
        spoken_of |= {(number, "") for number in self._awaited}
        owners: dict[str, dict[str, set[int]]] = {}
        for number, attribute in spoken_of:
            if number in self._names:
                base, owner, suffix = self._names[number]
                owners.setdefault(base, {}).setdefault(suffix + attribute, set()).add(owner)
        ambiguous = {
            base: sorted(set[int]().union(*by_suffix.values()))
            for base, by_suffix in owners.items()
            if any(len(numbers) > 1 for numbers in by_suffix.values())
        }
        texts = {}
        for number, (base, owner, suffix) in self._names.items():
            same = ambiguous.get(base, [])
            texts[number] = f"{base}#{same.index(owner) + 1}{suffix}" if owner in same else base + suffix
        return texts

    def _event(self, index: int, texts: dict[int, str], threads: Sequence[str]) -> Event:
        recorded = self._events[index]
        site, number, part = recorded.site, recorded.number, recorded.part
        location = (THREAD, part) if number < 0 else (number, part)
        return Event(
            recorded.thread,
            recorded.operation,
            self._target(index, texts, threads),
            site.filename,
            site.line,
            site.function,
            location,
            self._values.texts.get(index, ""),
            self._how(recorded),
            recorded.stack,
        )

    def _how(self, recorded: _Recorded) -> str:
        if recorded.site.kind == "call" and recorded.number in self._conflicts.used:
            return USE
        turns = recorded.operation == "write" and recorded.number in self._iterators
        return "advance" if turns else recorded.site.kind

    def _target(self, index: int, texts: dict[int, str], threads: Sequence[str]) -> str:
        _, operation, site, number, part, _ = self._events[index]
        if number < 0:
            return threads[part] if isinstance(part, int) else ""
        if operation not in ACCESSES:
            return texts.get(number, "")
        if "attribute" in site.kind:
            return f"{texts[number]}.{part}"
        if site.name:
            return texts[number] or site.name
        return f"{texts[number]}[{part!r}]" if type(part) in (str, int) else texts[number]


def _attribute(event: _Recorded) -> str:
    return f".{event.part}" if "attribute" in event.site.kind else ""


def _renamed(wait: Wait, texts: dict[int, str]) -> Wait:
    return replace(wait, awaited=texts.get(_number(wait.location), wait.awaited))


def _number(location: object) -> int:
    number = location[0] if isinstance(location, tuple) else -1
    return number if isinstance(number, int) else -1


def _reason(thread: ControlledThread) -> str:
    if thread.finished:
        return "ended"
    if thread.outside:
        return "blocked outside"
    if thread.asleep:
        return "sleeps"
    if thread.yielding:
        return "gives way"
    return "waits" if thread.blocked else "preempted"


class RecordingConflicts(Conflicts):
    """Hears of every access of watched code."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder = Recorder(self)

    def access(self, obj: object, name: object, site: Site, changes: bool) -> int:
        number = super().access(obj, name, site, changes)
        self.recorder.access(TURN.thread, obj, name, site, changes, number)
        return number


class RecordingScheduler(Scheduler):
    """Tells its recorder of every synchronization, and every time the baton goes on."""

    recorder: Recorder

    def record(
        self,
        thread: ControlledThread,
        site: Site | None,
        operation: str,
        touched: object,
        is_step: bool = True,
        part: object = None,
    ) -> None:
        super().record(thread, site, operation, touched, is_step, part)
        if is_step and not thread.atomic and site is not None:
            self.recorder.synchronization(thread, site, operation, touched)
        else:
            self.recorder.inside(thread, operation, touched)

    def pass_on(self, to: ControlledThread) -> None:
        if not self.aborting:
            self.recorder.hand_over(self, TURN.thread, to)
        super().pass_on(to)
