"""What pages and traces say of events, hand-overs and waits."""

from __future__ import annotations

from racekit.trace import Event, HandOver, Wait

_VERBS = {
    "read": "reads",
    "write": "writes",
    "acquire": "acquires",
    "acquire now": "acquires",
    "acquire failed": "fails to acquire",
    "release": "releases",
    "start": "starts",
    "join": "joins",
    "sleep": "sleeps",
}


def verb_of(event: Event) -> str:
    """`reads`, `acquires`; a call by its name for what has no verb of its own."""
    return _VERBS.get(event.operation) or f"calls {event.operation}"


def target_of(event: Event) -> str:
    """What the event is about, for people: all threads sleep by one clock."""
    return "" if event.operation == "sleep" else event.target


def said(event: Event) -> str:
    """`writes Store.value: 1`."""
    words = f"{verb_of(event)} {target_of(event)}".rstrip()
    return words + (f": {event.value}" if event.value else "")


def reason_in_words(hand_over: HandOver) -> str:
    """Why a thread had to make way, to be read after its name."""
    match hand_over.reason:
        case "preempted":
            about = f" before it {_VERBS.get(hand_over.operation, hand_over.operation)}" if hand_over.operation else ""
            return f"preempted{about}"
        case "waits" if hand_over.wait is not None:
            return wait_in_words(hand_over.wait)
        case "ended":
            return "ends"
        case "blocked outside":
            return "is blocked outside control"
        case reason:
            return reason


def wait_in_words(wait: Wait) -> str:
    """`waits for _lock, held by First`."""
    if not wait.awaited:
        return f"is stuck in {wait.operation}"
    return f"waits for {wait.awaited}" + (f", held by {wait.holder}" if wait.holder else "")
