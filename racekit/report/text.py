"""A failure and an exploration, as text for a terminal."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping

from racekit.failure import Failure
from racekit.trace import Event, Place, Trace, Wait

_EVENTS_SHOWN = 24
_SYNCHRONIZATION_IN_WORDS = {"acquire": "acquires", "release": "releases", "start": "starts a thread"}


def failure_report(failure: Failure) -> str:
    """What went wrong, the events that led there, and how to see it again."""
    lines = failure_lines(failure)
    if not failure.reproduced:
        lines.append(
            "  It did not come about again when its schedule was run once more: the body differs from run to run."
        )
    lines.append(f"  Seen in execution {failure.execution}. Replay it with this schedule:")
    lines.append(f"    {failure.schedule.token}")
    return "\n".join(lines)


def failure_lines(failure: Failure) -> list[str]:
    """What went wrong, and the events that led there."""
    lines = [_headline(failure)]
    if failure.kind == "deadlock":
        for wait in failure.waits:
            lines += _wait(wait)
    elif failure.kind == "livelock":
        lines.append("  these lines repeat:")
        lines += [f"    {_where(place)}" for place in failure.repeated[:8]]
    elif failure.exception is not None:
        lines += _raised_at(failure.exception)
    return lines + timeline(failure.trace)


def _headline(failure: Failure) -> str:
    if failure.kind == "deadlock":
        cycle = [
            f"{wait.thread} waits for {wait.awaited}, held by {wait.holder}" for wait in failure.waits if wait.holder
        ]
        return f"Deadlock: {'; '.join(cycle) or 'no thread can go on'}."
    if failure.kind == "livelock":
        return "Livelock: the threads went on and on without coming to an end (raise steps= if they only need longer)."
    error = failure.exception
    message = str(error).strip().splitlines()[0] if str(error).strip() else ""
    return f"{type(error).__name__} in {failure.thread}" + (f": {message}" if message else "")


def _wait(wait: Wait) -> list[str]:
    waits = f"waits for {wait.awaited}, in {wait.operation}()" if wait.awaited else f"is stuck in {wait.operation}"
    lines = [f"  {wait.thread} {waits}"]
    if wait.place is not None:
        lines.append(f"    at {_where(wait.place)}")
    if wait.held_since is not None:
        lines.append(f"    which {wait.holder} holds since")
        lines.append(f"       {_where(wait.held_since)}")
    elif wait.holder is not None:
        lines.append(f"    which {wait.holder} holds")
    return lines


def _raised_at(error: BaseException) -> list[str]:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    if not frames:
        return []
    last = frames[-1]
    return [f"  at {_where(Place(last.filename, last.lineno or 0, last.name, (last.line or '').strip()))}"]


def _is_ours(filename: str) -> bool:
    return f"{os.sep}racekit{os.sep}" in filename and f"{os.sep}scenarios{os.sep}" not in filename


def timeline(trace: Trace) -> list[str]:
    """The last events of an execution, a line for each."""
    events = trace.events
    if not events:
        return []
    names = trace.threads
    width = min(max(len(names[event.thread]) for event in events), 24)
    shown = events[-_EVENTS_SHOWN:]
    lines = ["  What happened, in this order:"]
    if len(events) > len(shown):
        lines.append(f"    ... {len(events) - len(shown)} events before")
    previous: int | None = None
    for event in shown:
        name = names[event.thread][:width] if event.thread != previous else ""
        previous = event.thread
        lines.append(f"    {name:<{width}}  {_event(event)}")
    return lines


def _event(event: Event) -> str:
    if event.operation in ("read", "write"):
        what = f"{event.operation}s {event.target}" + (f": {event.value}" if event.value else "")
    else:
        what = _SYNCHRONIZATION_IN_WORDS.get(event.operation, f"calls {event.operation}")
    return f"{what:<28} {_short(event.filename)}:{event.line} in {event.function.rpartition('.')[2]}"


def _where(place: Place) -> str:
    text = f"   {place.text}" if place.text else ""
    return f"{_short(place.filename)}:{place.line} in {place.function.rpartition('<locals>.')[2]}{text}"


def _short(filename: str) -> str:
    relative = os.path.relpath(filename) if not filename.startswith("<") else filename
    return os.path.basename(filename) if relative.startswith("..") else relative


def outcome_table(outcomes: Mapping[object, tuple[int, str]]) -> list[str]:
    """A line for each value: how often it came out, and a schedule that gives it."""
    return [
        f"  {value!r}: {count} execution{'s' if count != 1 else ''}, for example {token}"
        for value, (count, token) in outcomes.items()
    ]


def exploration_report(
    headline: str, outcomes: Iterable[str], failures: Iterable[Failure], notes: Iterable[str]
) -> str:
    """An exploration as text."""
    return "\n".join([headline, *outcomes, *(f"  note: {note}" for note in notes), *map(str, failures)])
