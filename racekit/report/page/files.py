"""The source files of one page: how each is called, and what is shown of it."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable

from racekit.report.page.source import Excerpt, Marks, excerpts
from racekit.report.page.timeline import End, Step, Timeline
from racekit.report.places import short
from racekit.trace import Place


class Files:
    """The files that timelines speak of, and places that are `lit` besides; `root` is where their names begin."""

    def __init__(self, timelines: list[Timeline], root: str, lit: Iterable[Place] = ()) -> None:
        self._root = root
        marks: dict[str, Marks] = defaultdict(Marks)
        for timeline in timelines:
            for row in timeline.rows:
                if isinstance(row, Step | End) and row.place is not None and row.place.line:
                    of_file = marks[row.place.filename]
                    of_file.lanes.setdefault(row.place.line, set()).add(row.lane)
                    if isinstance(row, End):
                        of_file.failing.add(row.place.line)
                    elif row.races:
                        of_file.racing.add(row.place.line)
        for place in lit:
            if place.line:
                marks[place.filename].racing.add(place.line)
        self.excerpts: list[Excerpt] = excerpts(marks, root)
        self._numbers = {excerpt.filename: excerpt.number for excerpt in self.excerpts}
        self._bases = Counter(os.path.basename(filename) for filename in marks)

    def short(self, filename: str) -> str:
        """From the root on."""
        return short(filename, self._root)

    def brief(self, filename: str) -> str:
        """The last part only, unless two files have the same."""
        base = os.path.basename(filename)
        return base if self._bases[base] < 2 else self.short(filename)

    def key(self, place: Place) -> str:
        """The id of a line on the page; empty if its file is not there."""
        number = self._numbers.get(place.filename)
        return "" if number is None else f"L{number}-{place.line}"
