"""Events and hand-overs in a few words."""

from __future__ import annotations

import os

from racekit.report.columns import cut
from racekit.trace import USE, Event, HandOver, Place

_VALUE_COLUMNS = 24
_SYNCHRONIZATIONS = {
    "acquire": "takes {}",
    "acquire now": "takes {}",
    "acquire failed": "fails to take {}",
    "release": "releases {}",
    "start": "starts {}",
    "join": "joins {}",
    "join failed": "gives up joining {}",
    "wait": "waits on {}",
    "notify": "notifies {}",
    "notify_all": "notifies all on {}",
    "set": "sets {}",
    "clear": "clears {}",
    "put": "puts into {}",
    "get": "gets from {}",
    "submit": "submits to {}",
    "broken": "asks whether {} is broken",
    "n_waiting": "asks who waits at {}",
    "sleep": "has slept",
}


_VERBS = {"iterate": "begins to iterate", "advance": "iterates on", "unpack": "unpacks", USE: "uses"}


def event_in_words(event: Event, name: str) -> str:
    """`reads Counter.value: 0`, or `reads 0` with an empty name of what it accesses; `takes lock`."""
    if event.operation not in ("read", "write"):
        words = _SYNCHRONIZATIONS.get(event.operation)
        if words is None:
            words = f"{event.operation.partition(' ')[0]}()" + (" on {}" if event.target else "")
        return words.format(name or event.target or "it").strip()
    verb = f"{event.operation}s"
    value = cut(event.value, _VALUE_COLUMNS)
    if event.how in _VERBS and (event.how != USE or event.operation == "write"):
        return f"{_VERBS[event.how]} {name}".strip()
    return f"{verb} {name}: {value}" if name and value else f"{verb} {name or value}".strip()


def switch_in_words(hand_over: HandOver) -> str:
    """Why a thread stops: `preempted`, `waits for lock, held by First since store.py:14`."""
    wait = hand_over.wait
    if hand_over.reason == "waits" and wait is not None:
        held = f", held by {wait.holder}" if wait.holder is not None else ""
        since = f" since {short_place(wait.held_since)}" if wait.held_since is not None else ""
        return f"waits for {wait.awaited}{held}{since}"
    return {"preempted": "preempted here", "blocked outside": "blocked in a call outside control"}.get(
        hand_over.reason, hand_over.reason
    )


def short_place(place: Place | Event) -> str:
    """`store.py:14`"""
    return f"{file_name(place.filename)}:{place.line}"


def file_name(filename: str) -> str:
    return os.path.basename(filename.replace("\\", "/"))


def relative(filename: str) -> str:
    """The file as seen from here; only its name if it is elsewhere."""
    if filename.startswith("<"):
        return filename
    seen = os.path.relpath(filename)
    return os.path.basename(filename) if seen.startswith("..") else seen
