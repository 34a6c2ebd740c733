"""A schedule speaks of lines by their numbers: finding them again when code above them has grown or shrunk."""

from __future__ import annotations

import linecache
from collections.abc import Sequence
from pathlib import Path

from racekit.schedule import Schedule
from racekit.trace import Event

Lines = dict[str, list[str]]
"""By the number of a line (as text): its file and what is written there."""


def lines_of(schedule: Schedule, events: Sequence[Event], root: Path) -> Lines:
    """What is written in the lines that a schedule speaks of, as far as its execution's events tell in which files."""
    found: Lines = {}
    for switch in schedule.switches:
        line = switch.position.line
        files = [(event.thread != switch.thread, event.filename) for event in events if event.line == line]
        if not files:
            continue
        filename = min(files)[1]
        text = linecache.getline(filename, line).strip()
        if text:
            found[str(line)] = [_relative(filename, root), text]
    return found


def find_again(schedule: Schedule, lines: Lines, root: Path) -> Schedule:
    """The schedule with the numbers that its lines have now: of those with the same text, the nearest one.

    Of two that are as near, the later one: code grows more often than it shrinks.
    """
    switches = []
    for switch in schedule.switches:
        line = switch.position.line
        if str(line) in lines:
            filename, text = lines[str(line)]
            line = _nearest(line, root / filename, text)
        switches.append(switch._replace(position=switch.position._replace(line=line)))
    return Schedule(tuple(switches))


def _nearest(line: int, file: Path, text: str) -> int:
    same = [number for number, now in enumerate(_read(file), 1) if now.strip() == text]
    return min(same, key=lambda number: (abs(number - line), -number), default=line)


def _read(file: Path) -> list[str]:
    linecache.checkcache(str(file))
    return linecache.getlines(str(file))


def _relative(filename: str, root: Path) -> str:
    path = Path(filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else filename
