"""Who waits for what, held by whom: read off the threads where they stand."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import is_watched, place, place_of, watched_stack
from racekit.runtime.thread import ControlledThread
from racekit.trace import Place, Wait
from racekit.watch.site import Site

DESCRIPTION = "racekit_description"
"""An attribute that says in words what it is that threads wait for."""


def waits(scheduler: Scheduler) -> tuple[Wait, ...]:
    """For each thread that has not ended, what it waits for; those that the caller waits for come after it."""
    frames = sys._current_frames()
    return tuple(_wait(scheduler, thread, frames.get(thread.ident)) for thread in scheduler.alive)


def stand(scheduler: Scheduler) -> str:
    """Which thread is where, and who waits for whom, as text."""
    lines = []
    for wait in waits(scheduler):
        what = f"waits in {wait.operation} for {wait.awaited}" if wait.awaited else f"is in {wait.operation}"
        lines.append(f"{wait.thread} {what}" + (f", held by {wait.holder}" if wait.holder else ""))
        lines += [f"    {place.filename}:{place.line} in {place.function}   {place.text}" for place in wait.stack]
    return "\n".join(lines)


def describe_outside(thread: ControlledThread, frame: FrameType | None) -> str:
    """The call outside control that `thread` is blocked in."""
    stack = watched_stack(frame)
    if not stack:
        return f"{thread.label} blocked in a call outside control"
    last = stack[-1]
    return f"{thread.label} blocked outside control at {last.filename}:{last.line} in {last.function}: {last.text}"


def _wait(scheduler: Scheduler, thread: ControlledThread, frame: FrameType | None) -> Wait:
    stack = watched_stack(frame)
    if thread.outside or not (thread.blocked or thread.asleep or thread.doing):
        return Wait(
            thread.label,
            "a call outside control" if thread.outside else "its code",
            "",
            stack[-1] if stack else None,
            stack=stack,
        )
    operation, thing = thread.doing or (thread.operation, thread.awaited)
    hold = scheduler.holds.get(id(thread.awaited))
    if hold is not None and hold.thread is thread and thread.doing is not None:
        hold = None  # such as the lock that a Condition makes for each waiter: it is released by who notifies
    if isinstance(thread.awaited, ControlledThread):
        thing = thread.awaited
    return Wait(
        thread=thread.label,
        operation=operation,
        awaited=_name_of(thing, thread, frame),
        place=stack[-1] if stack else None,
        holder=hold.thread.label if hold is not None else None,
        held_since=place_of(hold.site) if hold is not None else None,
        stack=stack,
    )


def _name_of(thing: Any, thread: ControlledThread, frame: FrameType | None) -> str:
    """What the code calls `thing`: a variable, or `Class.attribute`; else what it is."""
    if isinstance(thing, ControlledThread):
        return f"the end of {thing.label}"
    described = getattr(thing, DESCRIPTION, None)
    if isinstance(described, str):
        return described
    while frame is not None:
        if is_watched(frame.f_code):
            name = _name_in(frame, thing)
            if name:
                return name
        frame = frame.f_back
    article = "an" if type(thing).__name__[0] in "AEIOU" else "a"
    return f"{article} {type(thing).__name__}" if thing is not None else "something"


def _name_in(frame: FrameType, thing: Any) -> str:
    variables = dict(frame.f_locals)
    for name, value in variables.items():
        if value is thing:
            return name
    for value in variables.values():
        name = _attribute_holding(value, thing)
        if name:
            return f"{type(value).__name__}.{name}"
    for name in frame.f_code.co_names:
        if frame.f_globals.get(name) is thing:
            return name
    for name in frame.f_code.co_names:
        value = frame.f_globals.get(name)
        attribute = _attribute_holding(value, thing)
        if attribute:
            return f"{name}.{attribute}"
    return ""


def _attribute_holding(holder: Any, thing: Any) -> str:
    attributes = getattr(holder, "__dict__", None)
    if type(attributes) is dict:
        for name, value in attributes.items():
            if value is thing:
                return str(name)
    for name in getattr(type(holder), "__slots__", ()):
        if getattr(holder, name, None) is thing:
            return str(name)
    return ""


def repeated_places(scheduler: Scheduler) -> tuple[Place, ...]:
    """The lines that the last steps of a livelock went through, most frequent first."""
    counts: dict[tuple[str, int, str], int] = {}
    for site in scheduler.repeated:
        if isinstance(site, Site):
            key = site.filename, site.line, site.function
            counts[key] = counts.get(key, 0) + 1
    return tuple(place(*key) for key in sorted(counts, key=lambda key: -counts[key]))
