"""The column with the source: line numbers below the name of the file, if it is but one."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.report.cells import file_name, short_place
from racekit.report.columns import WIDTH, cut, padded
from racekit.trace import Event, Place


class Code:
    """Places in the source, one after the other, in the columns from `start` on."""

    def __init__(self, places: Sequence[Place | Event], start: int) -> None:
        files = {place.filename for place in places}
        self._room = WIDTH - start
        self._one_file = len(files) == 1
        self._numbers = max((len(str(place.line)) for place in places), default=0)
        self._widest = max((len(short_place(place)) for place in places), default=0)
        self._previous: tuple[str, int] | None = None
        self.heading = cut(file_name(next(iter(files))), self._room) if self._one_file else ""

    def of(self, place: Place | Event, text: str) -> str:
        """Line and text; only the line if the text stands there already."""
        line = f"{place.line:>{self._numbers}}" if self._one_file else padded(short_place(place), self._widest)
        again = self._previous == (place.filename, place.line)
        self._previous = place.filename, place.line
        return cut(line if again else f"{line}  {text}", self._room)
