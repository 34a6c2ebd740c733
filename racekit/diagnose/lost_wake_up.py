"""Lost wake-ups: somebody was notified, or an event set, before the thread that needs it began to wait."""

from __future__ import annotations

from collections.abc import Iterator

from racekit.diagnose.accesses import name_of
from racekit.failure import Diagnosis, Failure
from racekit.trace import Trace, Wait

_WAKES = frozenset({"notify", "notify_all", "set"})


def lost_wake_up(failure: Failure) -> Iterator[Diagnosis]:
    """A deadlock in which a thread waits, and another one has woken whoever waited there, for the last time, before."""
    trace = failure.trace
    waiting = [wait for wait in failure.waits if failure.kind == "deadlock" and wait.location is not None]
    for wait in waiting:
        here = [i for i, event in enumerate(trace.events) if event.location == wait.location]
        waits = [i for i in here if trace.events[i].operation == wait.operation == "wait" and _is_by(wait, trace, i)]
        woken = [i for i in here if trace.events[i].operation in _WAKES and not _is_by(wait, trace, i)]
        if not waits or not woken or woken[-1] > waits[-1]:
            continue
        waking = trace.events[woken[-1]]
        cleared = [i for i in here if woken[-1] < i < waits[-1] and trace.events[i].operation == "clear"][-1:]
        if cleared:
            did = f"{name_of(trace, waking)} set it, but {name_of(trace, trace.events[cleared[0]])} cleared it"
            hint = "Do not clear() what somebody may still have to wait for."
        else:
            did = f"{name_of(trace, waking)} called {waking.operation}()"
            hint = f"Look and wait under one lock: `with {_short(wait.awaited)}: while not ...: wait()`."
        sentence = f"Lost wake-up on {wait.awaited}: {did} before {wait.thread} waited"
        yield Diagnosis("lost wake-up", sentence, (woken[-1], *cleared, waits[-1]), hint)


def _is_by(wait: Wait, trace: Trace, index: int) -> bool:
    return name_of(trace, trace.events[index]) == wait.thread


def _short(name: str) -> str:
    return "self." + name.rpartition(".")[2] if "." in name else name
