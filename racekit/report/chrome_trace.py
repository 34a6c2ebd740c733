"""The trace of a failure in Chrome's trace format, which Perfetto and chrome://tracing open.

The format is described in "Trace Event Format" (the Catapult project's document): complete events ("X") for steps and
turns, flow events ("s", "f") for hand-overs and happens-before, metadata ("M") for names. Time is in microseconds;
since a controlled execution has no speed of its own, each step takes ten of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from racekit.failure import Failure
from racekit.report.places import short
from racekit.report.words import reason_in_words, target_of, verb_of
from racekit.trace import Event, HandOver, Trace

STEP = 10
_LENGTH = 8
_PROCESS = 1


def chrome_trace(failure: Failure, test: str = "", root: str = "") -> dict[str, Any]:
    """The JSON object of a trace file; files are named from `root` on.

    Thread ids are one more than racekit's, since 0 stands for idle there.
    """
    trace = failure.trace
    events = [
        *_names(trace, test or failure.kind),
        *_turns(trace),
        *(_step(index, event, root or os.getcwd()) for index, event in enumerate(trace.events)),
        *_flows(trace),
    ]
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "failure": failure.diagnosis.sentence or failure.kind,
            "schedule": failure.schedule.token,
            "test": test,
        },
    }


def _names(trace: Trace, process: str) -> Iterator[Mapping[str, Any]]:
    yield {"ph": "M", "name": "process_name", "pid": _PROCESS, "tid": 0, "ts": 0, "args": {"name": process}}
    for thread, name in enumerate(trace.threads):
        of = {"ph": "M", "pid": _PROCESS, "tid": thread + 1, "ts": 0}
        yield {**of, "name": "thread_name", "args": {"name": name}}
        yield {**of, "name": "thread_sort_index", "args": {"sort_index": thread}}


def _step(index: int, event: Event, root: str) -> Mapping[str, Any]:
    told = {"value": event.value, "source": f"{short(event.filename, root)}:{event.line}", "function": event.function}
    return {
        "ph": "X",
        "name": f"{verb_of(event)} {target_of(event)}".rstrip(),
        "cat": event.operation,
        "pid": _PROCESS,
        "tid": event.thread + 1,
        "ts": index * STEP,
        "dur": _LENGTH,
        "args": {name: text for name, text in told.items() if text},
    }


def _turns(trace: Trace) -> Iterator[Mapping[str, Any]]:
    """While a thread has its turn, and while it waits for it to come again."""
    end = len(trace.events)
    events = trace.events
    runs = trace.hand_overs[0].thread if trace.hand_overs else events[0].thread if events else 0
    since = 0
    away: dict[int, HandOver] = {}
    for hand_over in trace.hand_overs:
        yield from _slice("runs", "turn", runs, since, hand_over.at)
        if hand_over.reason not in ("ended", ""):
            away[hand_over.thread] = hand_over
        runs, since = hand_over.to, hand_over.at
        before = away.pop(runs, None)
        if before is not None:
            yield from _slice(reason_in_words(before), before.reason, runs, before.at, since)
    yield from _slice("runs", "turn", runs, since, end)
    for thread, hand_over in away.items():
        yield from _slice(reason_in_words(hand_over), hand_over.reason, thread, hand_over.at, end)


def _slice(name: str, category: str, thread: int, first: int, end: int) -> Iterator[Mapping[str, Any]]:
    if end > first:
        yield {
            "ph": "X",
            "name": name,
            "cat": category,
            "pid": _PROCESS,
            "tid": thread + 1,
            "ts": first * STEP,
            "dur": (end - first) * STEP,
            "args": {},
        }


def _flows(trace: Trace) -> Iterator[Mapping[str, Any]]:
    """Arrows from step to step: `bp` "e" has an arrow end at the slice that encloses its time, not at the next one."""
    events = trace.events
    flows = [("happens before", arrow.kind, arrow.first, arrow.second) for arrow in trace.arrows]
    for hand_over in trace.hand_overs:
        last, following = hand_over.at - 1, hand_over.at
        threads = [event.thread for event in events[max(last, 0) : following + 1]]
        if threads == [hand_over.thread, hand_over.to]:
            flows.append(("hand-over", hand_over.reason, last, following))
    for number, (name, category, first, second) in enumerate(flows, start=1):
        flow = {"name": name, "cat": category, "id": number, "pid": _PROCESS}
        yield {**flow, "ph": "s", "tid": events[first].thread + 1, "ts": first * STEP + _LENGTH // 2}
        yield {**flow, "ph": "f", "bp": "e", "tid": events[second].thread + 1, "ts": second * STEP}
