"""What pages and traces say of events, hand-overs and waits."""

from __future__ import annotations

from racekit.report.cells import event_in_words, switch_in_words
from racekit.schedule import ACCESSES
from racekit.trace import Event, HandOver, Wait

_NAME = "\0"


def verb_of(event: Event) -> str:
    """`reads`, `takes`, `puts into`: what the event does, to be read before what it does it to."""
    return event_in_words(event._replace(value="", target=_NAME), _NAME).partition(_NAME)[0].strip()


def target_of(event: Event) -> str:
    """What the event is about, for people: all threads sleep by one clock."""
    return "" if event.operation == "sleep" else event.target


def said(event: Event) -> str:
    """`writes Store.value: 1`."""
    words = f"{verb_of(event)} {target_of(event)}".rstrip()
    return words + (f": {event.value}" if event.value else "")


def reason_in_words(hand_over: HandOver) -> str:
    """Why a thread makes way, to be read after its name."""
    if hand_over.reason == "preempted" and hand_over.operation in ACCESSES:
        return f"preempted before it {hand_over.operation}s"
    return "ends" if hand_over.reason == "ended" else switch_in_words(hand_over)


def wait_in_words(wait: Wait) -> str:
    """`waits for _lock, held by First`."""
    if not wait.awaited:
        return f"is stuck in {wait.operation}"
    return f"waits for {wait.awaited}" + (f", held by {wait.holder}" if wait.holder else "")
