"""Who waits for what, held by whom: read off the threads where they stand."""

from __future__ import annotations

import sys
from types import FrameType

from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import place, place_of, watched_stack
from racekit.runtime.names import find_name
from racekit.runtime.thread import ControlledThread
from racekit.trace import Place, Wait
from racekit.watch.site import Site

THREAD = "thread"
"""Stands in the locations of starts and joins, before the thread's id."""


def waits(scheduler: Scheduler) -> tuple[Wait, ...]:
    """For each thread that has not ended, what it waits for; those that the caller waits for come after it."""
    frames = sys._current_frames()
    found = tuple(wait_of(scheduler, thread, frames.get(thread.ident)) for thread in scheduler.alive)
    frames.clear()  # among them is this call's own: it would keep itself alive, and what all the others hold
    return found


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


def describe_process(thread: ControlledThread, site: Site | None) -> str:
    """The place where `thread` started a process."""
    where = "" if site is None else f" at {site.filename}:{site.line} in {site.function}"
    return f"{thread.label} started a process, which runs outside control{where}"


def describe_import(thread: ControlledThread, module: str, site: Site | None) -> str:
    """The place where `thread` imported a module for the first time."""
    where = "" if site is None else f" at {site.filename}:{site.line} in {site.function}"
    return (
        f"{thread.label} imported {module} beside other threads{where}: the top-level code of a module is not watched, "
        "and runs in one execution only. Import it before the threads start."
    )


def describe_death(thread: ControlledThread, site: Site | None) -> str:
    """The place where an object died that another thread knows by a weak reference."""
    where = "" if site is None else f" at {site.filename}:{site.line} in {site.function}"
    return (
        f"an object died{where} in {thread.label} that other threads ask for by a weak reference: where the last "
        "reference to it goes is not explored. Keep a reference to it in the body until the threads have ended."
    )


def wait_of(scheduler: Scheduler, thread: ControlledThread, frame: FrameType | None) -> Wait:
    """What `thread` waits for, with `frame` as its innermost one."""
    stack = watched_stack(frame)
    if thread.outside or not (thread.blocked or thread.asleep or thread.doing):
        return Wait(
            thread.label,
            "a call outside control" if thread.outside else "its code",
            "",
            stack[-1] if stack else None,
            stack=stack,
        )
    operation, thing = awaited(thread)
    hold = scheduler.holds.get(id(thread.awaited))
    if hold is not None and hold.thread is thread and thread.doing is not None:
        hold = None  # such as the lock that a Condition makes for each waiter: it is released by who notifies
    return Wait(
        thread=thread.label,
        operation=operation,
        awaited=_in_words(thing, frame, body_frame(scheduler)),
        place=stack[-1] if stack else None,
        holder=hold.thread.label if hold is not None else None,
        held_since=place_of(hold.site) if hold is not None else None,
        stack=stack,
        location=location_of(scheduler, thing),
    )


def awaited(thread: ControlledThread) -> tuple[str, object]:
    """The operation in which `thread` is blocked, and what that waits for; a thread that it joins is controlled."""
    operation, thing = thread.doing or (thread.operation, thread.awaited)
    return operation, thread.awaited if isinstance(thread.awaited, ControlledThread) else thing


def location_of(scheduler: Scheduler, thing: object) -> object:
    """The location of the events that synchronize by `thing`."""
    if thing is None:
        return None
    if type(thing) is ControlledThread:
        return THREAD, thing.id
    return scheduler.conflicts.record(thing).number, None


def body_frame(scheduler: Scheduler) -> FrameType | None:
    """Where the thread is that called the body."""
    return sys._current_frames().get(scheduler.threads[0].ident)


def _in_words(thing: object, frame: FrameType | None, body: FrameType | None) -> str:
    if type(thing) is ControlledThread:
        return f"the end of {thing.label}"
    return str(find_name(thing, frame, body)) if thing is not None else "something"


def repeated_places(scheduler: Scheduler) -> tuple[Place, ...]:
    """The lines that the last steps of a livelock went through, most frequent first."""
    counts: dict[tuple[str, int, str], int] = {}
    for site in scheduler.repeated:
        if isinstance(site, Site):
            key = site.filename, site.line, site.function
            counts[key] = counts.get(key, 0) + 1
    return tuple(place(*key) for key in sorted(counts, key=lambda key: -counts[key]))
