"""What happened, from top to bottom, with a column for each thread."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from racekit.diagnose.accesses import is_access, touches_same
from racekit.failure import Failure
from racekit.report.cells import event_in_words, switch_in_words
from racekit.report.code import Code
from racekit.report.columns import WIDTH, cut, padded, width
from racekit.report.places import text_at
from racekit.trace import Event, HandOver, Trace

MARK = "> "
SWITCH = "~ "
_GUTTER = 2
_INDENT = 2
_COLUMNS_AT_MOST = 3
_THREAD_COLUMNS = 30
_CODE_COLUMNS = 26
_WITHOUT_CLASS = re.compile(r"^\w+\.(?=\w)")
_FOLDED_OPERATIONS = frozenset({"start", "join", "is_alive"})


@dataclass(frozen=True)
class Row:
    """One line: something that a thread does, or why it stops; `marked` if the failure is due to it."""

    thread: int
    text: str
    event: Event | None
    marked: bool


def failure_timeline(failure: Failure, lines: int) -> list[str]:
    """The events that matter to the failure, in at most so many lines."""
    marked = set(failure.diagnosis.events)
    return timeline(failure.trace, marked, lines, whole=failure.kind in ("deadlock", "livelock"))


def timeline(trace: Trace, marked: Collection[int] = (), lines: int = 40, *, whole: bool = True) -> list[str]:
    """The events, in at most so many lines; unless `whole`, only those around the marked ones."""
    shown = _that_matter(trace, () if whole else marked)
    if not shown:
        return []
    rows = _rows(trace, shown, marked)
    hidden = len(trace.events) - len(shown)
    kept = _kept(rows, lines - 2 - (hidden > 0))
    threads = sorted({rows[index].thread for index in kept})
    drawn = _in_columns if len(threads) <= _COLUMNS_AT_MOST else _in_one_column
    drawing = drawn([rows[index] for index in kept], threads, trace.threads)
    found = [drawing[0]]
    previous = -1
    for index, line in zip(kept, drawing[1:], strict=True):
        if index > previous + 1:
            found.append(f"  ... {_counted(index - previous - 1, 'line')} folded")
        found.append(line)
        previous = index
    if len(rows) > previous + 1:
        found.append(f"  ... {_counted(len(rows) - previous - 1, 'line')} folded")
    if hidden:
        found.append(f"  ({_counted(hidden, 'other event')} not shown)")
    return found


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
    names = _short_names({events[i].target for i in shown if is_access(events[i])})
    if len(names) == 1:
        names = dict.fromkeys(names, "")
    rows: list[Row] = []
    for position, index in enumerate(shown):
        event = events[index]
        rows.append(
            Row(event.thread, event_in_words(event, names.get(event.target, event.target)), event, index in marked)
        )
        following = shown[position + 1] if position + 1 < len(shown) else None
        until = len(events) if following is None else following
        between = [each for each in trace.hand_overs if index < each.at <= until]
        blocked = [each for each in between if each.thread != event.thread and _is_blocked(each)]
        if following is not None and events[following].thread == event.thread and not blocked:
            continue
        leaving = [each for each in between if each.thread == event.thread][:1]
        if following is None:
            leaving = [each for each in leaving if each.reason != "ended"]
        switches = dict.fromkeys((each.thread, SWITCH + switch_in_words(each)) for each in (*leaving, *blocked))
        rows += [Row(thread, text, None, False) for thread, text in switches]
    return rows


def _is_blocked(hand_over: HandOver) -> bool:
    return hand_over.reason == "waits" and hand_over.operation == "acquire"


def _short_names(targets: set[str]) -> dict[str, str]:
    """Each name without its class, as long as no two are the same then."""
    short = {target: _WITHOUT_CLASS.sub("", target) for target in targets}
    return short if len(set(short.values())) == len(short) else {target: target for target in targets}


def _kept(rows: Sequence[Row], lines: int) -> list[int]:
    """The rows for which there is room, those next to marked ones first; each gap needs a line, too."""
    anchors = [index for index, row in enumerate(rows) if row.marked] or [len(rows) - 1]
    by_distance = sorted(range(len(rows)), key=lambda index: min(abs(index - anchor) for anchor in anchors))
    for count in range(len(rows), 0, -1):
        kept = sorted(by_distance[:count])
        gaps = sum(later > earlier + 1 for earlier, later in zip([-1, *kept], [*kept, len(rows)], strict=True))
        if count + gaps <= lines:
            return kept
    return sorted(by_distance[:1])


def _in_columns(rows: Sequence[Row], threads: Sequence[int], names: Sequence[str]) -> list[str]:
    """A column for each thread, and one for the code."""
    at_most = min(_THREAD_COLUMNS, (WIDTH - _INDENT - _CODE_COLUMNS) // len(threads) - _GUTTER - 1)
    cells = {thread: [row.text for row in rows if row.thread == thread and row.event] for thread in threads}
    columns = {thread: min(max(width(text) for text in [names[thread], *cells[thread]]), at_most) for thread in threads}
    starts: dict[int, int] = {}
    start = _INDENT
    for thread in threads:
        starts[thread] = start + _GUTTER
        start += _GUTTER + columns[thread] + 1
    code = Code([row.event for row in rows if row.event is not None], start + 1)
    header = ""
    for thread in threads:
        header = padded(header, starts[thread]) + cut(names[thread], columns[thread])
    lines = [padded(header, start + 1) + code.heading]
    for row in rows:
        line = padded("", starts[row.thread] - _GUTTER)
        if row.event is None:
            lines.append(cut(f"{line}{SWITCH}{row.text.removeprefix(SWITCH)}", WIDTH))
            continue
        line += (MARK if row.marked else "  ") + cut(row.text, columns[row.thread])
        lines.append((padded(line, start + 1) + code.of(row.event, text_at(row.event))).rstrip())
    return [line.rstrip() for line in lines]


def _in_one_column(rows: Sequence[Row], threads: Sequence[int], names: Sequence[str]) -> list[str]:
    """For many threads: the name in front of what it does."""
    name_columns = min(max(width(names[thread]) for thread in threads), 20)
    cell_columns = min(max((width(row.text) for row in rows if row.event), default=0), _THREAD_COLUMNS)
    start = _INDENT + name_columns + 2 + _GUTTER
    code = Code([row.event for row in rows if row.event is not None], start + cell_columns + 2)
    lines = [(padded("", start + cell_columns + 2) + code.heading).rstrip()]
    previous: int | None = None
    for row in rows:
        name = cut(names[row.thread], name_columns) if row.thread != previous else ""
        previous = row.thread
        line = padded(" " * _INDENT + name, start - _GUTTER)
        if row.event is None:
            lines.append(cut(line + row.text, WIDTH))
            continue
        line += (MARK if row.marked else "  ") + cut(row.text, cell_columns)
        lines.append((padded(line, start + cell_columns + 2) + code.of(row.event, text_at(row.event))).rstrip())
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
