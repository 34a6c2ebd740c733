"""What happened, from top to bottom, with a column for each thread."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from racekit.diagnose.accesses import is_access, touches_same
from racekit.failure import Failure
from racekit.report.cells import event_in_words, switch_in_words
from racekit.report.drawing import MOST_THREADS, Row, draw
from racekit.trace import Event, HandOver, Trace

_WITHOUT_CLASS = re.compile(r"^\w+\.(?=\w)")
_FOLDED_OPERATIONS = frozenset({"start", "join", "is_alive"})
_LINES_OF_A_LIVELOCK = 12
_SYNCHRONIZATIONS_OF_A_LINE = 4
"""So many more than the first one are not shown one by one."""


def failure_timeline(failure: Failure, lines: int) -> list[str]:
    """The events that matter to the failure, in at most so many lines; of a livelock fewer, as they are all alike."""
    marked = set(failure.diagnosis.events)
    if failure.kind == "livelock":
        lines = min(lines, _LINES_OF_A_LIVELOCK)
    return timeline(failure.trace, marked, lines, whole=failure.kind in ("deadlock", "livelock"))


def timeline(trace: Trace, marked: Collection[int] = (), lines: int = 40, *, whole: bool = True) -> list[str]:
    """The events, in at most so many lines; unless `whole`, only those around the marked ones."""
    shown = _that_matter(trace, () if whole else marked)
    if not shown:
        return []
    rows = _rows(trace, shown, marked)
    if not whole:
        rows = _folded(rows)
    threads = _that_take_part(rows)
    hidden = _hidden(len(trace.events) - len(shown), len({row.thread for row in rows}) - len(threads))
    kept, found, drawn = _that_fit(rows, threads, trace.threads, lines - len(hidden))
    previous = -1
    for index, line in zip(kept, drawn, strict=True):
        if index > previous + 1:
            found.append(f"  ... {_counted(index - previous - 1, 'line')} folded")
        found.append(line)
        previous = index
    if len(rows) > previous + 1:
        found.append(f"  ... {_counted(len(rows) - previous - 1, 'line')} folded")
    return found + hidden


def _hidden(events: int, threads: int) -> list[str]:
    counted = [_counted(events, "other event")] if events else []
    counted += [_counted(threads, "other thread")] if threads else []
    return [f"  ({' and '.join(counted)} not shown)"] if counted else []


def _that_matter(trace: Trace, marked: Collection[int]) -> list[int]:
    """What touches the things that the failure is about, and the synchronizations among it; else all."""
    events = trace.events
    if not marked:
        return [i for i, event in enumerate(events) if event.operation not in _FOLDED_OPERATIONS]
    about = [events[i] for i in marked if events[i].location is not None]
    first, last = min(marked), max(marked)
    return [
        i
        for i, event in enumerate(events)
        if i in marked
        or _touches(event, about)
        or (first < i < last and event.operation not in {"read", "write"} | _FOLDED_OPERATIONS)
    ]


def _touches(event: Event, others: Iterable[Event]) -> bool:
    return any(event.location == other.location or touches_same(event, other) for other in others)


def _rows(trace: Trace, shown: Sequence[int], marked: Collection[int]) -> list[Row]:
    events = trace.events
    accesses = [events[i] for i in shown if is_access(events[i])]
    names = _short_names({access.target for access in accesses})
    if len(names) == 1 and (marked or all(access.value for access in accesses)):
        names = dict.fromkeys(names, "")  # which the values tell, or the headline: what is marked is what it is about
    at = [each.at for each in trace.hand_overs]
    rows: list[Row] = []
    for position, index in enumerate(shown):
        event = events[index]
        rows.append(
            Row(event.thread, event_in_words(event, names.get(event.target, event.target)), event, index in marked)
        )
        following = shown[position + 1] if position + 1 < len(shown) else None
        until = len(events) if following is None else following
        between = trace.hand_overs[bisect_right(at, index) : bisect_right(at, until)]
        blocked = [each for each in between if each.thread != event.thread and _is_blocked(each)]
        if following is not None and events[following].thread == event.thread and not blocked:
            continue
        leaving = [each for each in between if each.thread == event.thread][:1]
        if following is None:
            leaving = [each for each in leaving if each.reason != "ended"]
        switches = dict.fromkeys((each.thread, switch_in_words(each)) for each in (*leaving, *blocked))
        rows += [Row(thread, text, None, False) for thread, text in switches]
    return rows


def _folded(rows: Sequence[Row]) -> list[Row]:
    """The same, with one row for the many synchronizations of one line, which a library does that it calls."""
    found: list[Row] = []
    for place, group in groupby(rows, _place_of_synchronization):
        first, *others = group
        if place is None or len(others) < _SYNCHRONIZATIONS_OF_A_LINE:
            found += [first, *others]
        else:
            found.append(replace(first, text=f"{first.text}, {len(others)} more"))
    return found


def _place_of_synchronization(row: Row) -> tuple[int, str, int] | None:
    event = row.event
    if event is None or row.marked or is_access(event):
        return None
    return event.thread, event.filename, event.line


def _is_blocked(hand_over: HandOver) -> bool:
    return hand_over.reason == "waits" and hand_over.operation == "acquire"


def _short_names(targets: set[str]) -> dict[str, str]:
    """Each name without its class, as long as no two are the same then."""
    short = {target: _WITHOUT_CLASS.sub("", target) for target in targets}
    return short if len(set(short.values())) == len(short) else {target: target for target in targets}


def _that_take_part(rows: Sequence[Row]) -> set[int]:
    """All threads, or of too many those to which the failure is due, and then those that do most."""
    does = Counter(row.thread for row in rows)
    marked = {row.thread for row in rows if row.marked}
    return set(sorted(does, key=lambda thread: (thread not in marked, -does[thread], thread))[:MOST_THREADS])


def _that_fit(
    rows: Sequence[Row], threads: Collection[int], names: Sequence[str], lines: int
) -> tuple[list[int], list[str], list[str]]:
    """The indices of the rows that are shown, the lines above them, and their lines: not more, all together."""
    room = lines - 1
    while True:
        kept = _kept(rows, threads, room)
        above, drawn = draw([rows[index] for index in kept], names)
        if len(above) + room <= lines or room == 1:
            return kept, above, drawn
        room = max(lines - len(above), 1)


def _kept(rows: Sequence[Row], threads: Collection[int], lines: int) -> list[int]:
    """The rows of these threads for which there is room, those next to marked ones first. Each gap takes a line."""
    anchors = [index for index, row in enumerate(rows) if row.marked] or [len(rows) - 1]
    by_distance = sorted(
        (index for index, row in enumerate(rows) if row.thread in threads),
        key=lambda index: min(abs(index - anchor) for anchor in anchors),
    )
    for count in range(min(len(by_distance), lines), 0, -1):
        kept = sorted(by_distance[:count])
        gaps = sum(later > earlier + 1 for earlier, later in zip([-1, *kept], [*kept, len(rows)], strict=True))
        if count + gaps <= lines:
            return kept
    return sorted(by_distance[:1])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
