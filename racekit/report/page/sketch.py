"""A timeline so small that it shows its shape alone: who ran when, and where the race is."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

from racekit.report.page.templating import render
from racekit.trace import Trace

_PITCH = 18
_MARGIN = 8
_HEIGHT = 76
_TALLEST_STEP = 24


class Stroke(NamedTuple):
    """While one thread ran, as an SVG path that begins where the thread before it was left."""

    lane: int
    path: str


class Spot(NamedTuple):
    """An access that races."""

    lane: int
    x: int
    y: float


class Sketch(NamedTuple):
    """Its measures are CSS pixels."""

    width: int
    height: int
    strokes: tuple[Stroke, ...]
    spots: tuple[Spot, ...]


def sketch(trace: Trace) -> Sketch:
    """The shape of an execution."""
    threads = sorted({event.thread for event in trace.events})
    lane = {thread: number for number, thread in enumerate(threads)}
    step = min(_TALLEST_STEP, (_HEIGHT - 2 * _MARGIN) / max(len(trace.events) - 1, 1))
    points = [
        (lane[event.thread], _MARGIN + _PITCH * lane[event.thread], round(_MARGIN + step * index, 1))
        for index, event in enumerate(trace.events)
    ]
    racing = sorted({index for race in trace.races for index in race[:2]})
    height = round(2 * _MARGIN + step * max(len(points) - 1, 0))
    width = 2 * _MARGIN + _PITCH * max(len(threads) - 1, 0)
    return Sketch(width, height, tuple(_strokes(points)), tuple(Spot(*points[index]) for index in racing))


def sketch_markup(trace: Trace) -> str:
    """The shape of an execution, as SVG for an HTML page."""
    return render("sketch.html.j2", {"sketch": sketch(trace)}).strip()


def _strokes(points: list[tuple[int, int, float]]) -> Iterable[Stroke]:
    before: tuple[int, float] | None = None
    for lane, run in groupby(points, key=lambda point: point[0]):
        places = [(x, y) for _, x, y in run]
        path = f"M{places[0][0]} {places[0][1]}"
        if before is not None:
            (x, y), (to, end) = before, places[0]
            path = f"M{x} {y}C{x} {end} {to} {y} {to} {end}"
        before = places[-1]
        yield Stroke(lane, f"{path}L{before[0]} {before[1]}")
