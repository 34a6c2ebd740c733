"""Rows of a timeline as lines of a terminal: a column for each thread, or where these do not fit, a lane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from racekit.report.code import Code
from racekit.report.columns import WIDTH, cut, cut_inside, padded, width
from racekit.report.places import text_at
from racekit.trace import Event

MARK = "> "
SWITCH = "~ "
LANE = "| "
MOST_THREADS = 8
"""More of them are too many to be told apart at a glance."""

_STEP = "* "
_INDENT = 2
_GUTTER = 2
_CUT_COLUMNS_AT_MOST = 2
_THREAD_COLUMNS = 30
_CODE_COLUMNS = 26


@dataclass(frozen=True)
class Row:
    """One line: something that a thread does, or why it stops; `marked` if the failure is due to it."""

    thread: int
    text: str
    event: Event | None
    marked: bool


def draw(rows: Sequence[Row], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines above, and a line for each row. `names` are those of all threads, the rows of `MOST_THREADS` at most.

    Two threads have a column each, with the code beside them, even if texts have to be cut; more of them only
    if all of it fits. Otherwise each has a lane, which is as narrow as a mark, and the texts share one column.
    """
    threads = sorted({row.thread for row in rows})
    columns = {
        thread: max(width(text) for text in [names[thread], *(row.text for row in rows if _is_step_of(row, thread))])
        for thread in threads
    }
    room = WIDTH - _INDENT - _CODE_COLUMNS
    fits = sum(_GUTTER + each + 1 for each in columns.values()) <= room
    if not fits and len(threads) > _CUT_COLUMNS_AT_MOST:
        return _in_lanes(rows, threads, names)
    at_most = room if fits else min(_THREAD_COLUMNS, room // len(threads) - _GUTTER - 1)
    return _in_columns(rows, {thread: min(each, at_most) for thread, each in columns.items()}, names)


def _is_step_of(row: Row, thread: int) -> bool:
    return row.thread == thread and row.event is not None


def _in_columns(rows: Sequence[Row], columns: Mapping[int, int], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """`columns` are the columns of the terminal that the text of each thread takes."""
    starts: dict[int, int] = {}
    start = _INDENT
    for thread, columns_of_text in columns.items():
        starts[thread] = start + _GUTTER
        start += _GUTTER + columns_of_text + 1
    code = _Beside(rows, start + 1)
    header = ""
    for thread, columns_of_text in columns.items():
        header = padded(header, starts[thread]) + cut_inside(names[thread], columns_of_text)
    lines = []
    for row in rows:
        line = padded("", starts[row.thread] - _GUTTER)
        if row.event is None:
            lines.append(cut(f"{line}{SWITCH}{row.text}", WIDTH))
        else:
            line += (MARK if row.marked else "  ") + cut(row.text, columns[row.thread])
            lines.append(code.beside(line, row.event))
    return [code.heading(header)], lines


def _in_lanes(rows: Sequence[Row], threads: Sequence[int], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The name of each thread stands above its lane."""
    start = _INDENT + len(LANE) * len(threads) + 1
    texts = min(max((width(row.text) for row in rows if row.event is not None), default=0), _THREAD_COLUMNS)
    code = _Beside(rows, start + texts + 2)
    above = [cut(" " * _INDENT + LANE * lane + names[thread], WIDTH) for lane, thread in enumerate(threads)]
    if code.text_above and width(above[-1]) >= start + texts:
        above.append(" " * _INDENT + LANE * len(threads))
    lines = []
    for row in rows:
        mark = SWITCH if row.event is None else MARK if row.marked else _STEP
        lane = threads.index(row.thread)
        line = " " * _INDENT + LANE * lane + mark + LANE * (len(threads) - lane - 1) + " "
        if row.event is None:
            lines.append(cut(line + row.text, WIDTH))
        else:
            lines.append(code.beside(line + cut(row.text, texts), row.event))
    return [*above[:-1], code.heading(above[-1])], lines


class _Beside:
    """The code of the rows, in the columns from `start` on."""

    def __init__(self, rows: Sequence[Row], start: int) -> None:
        self._start = start
        self._code = Code([row.event for row in rows if row.event is not None], start)
        self.text_above = self._code.heading

    def heading(self, line: str) -> str:
        return (padded(line, self._start) + self.text_above).rstrip()

    def beside(self, line: str, event: Event) -> str:
        return (padded(line, self._start) + self._code.of(event, text_at(event))).rstrip()
