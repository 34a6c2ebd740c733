"""The progress of a long exploration, shown on a terminal while it runs.

The monitor, which looks at every exploration a few times a second anyway, does it: an execution pays nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from racekit.options import Options
from racekit.report.progress import progress_line
from racekit.results import Exploration
from racekit.runtime import originals

SHOWN_AFTER = 2.0
SHOWN_EVERY = 0.25


class Line:
    """A line of a terminal below the one that was being written, which is left as it was.

    `write` writes text to the terminal at once. `column` tells how long the line is that was being written.
    """

    def __init__(self, write: Callable[[str], object], column: Callable[[], int] = lambda: 0) -> None:
        self._write = write
        self._column = column
        self._below: int | None = None

    def show(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        if self._below is None:
            self._below = self._column()
            self._write("\n" if self._below else "")
        self._write(f"\r{text[:width]}\x1b[K")

    def clear(self) -> None:
        if self._below is not None:
            back = f"\x1b[A\x1b[{self._below}C" if self._below else ""
            self._below = None
            self._write(f"\r\x1b[K{back}")


_lines: list[Line] = []


@contextmanager
def shown_on(line: Line) -> Iterator[None]:
    """Meanwhile explorations show on this line how far they have come."""
    _lines.append(line)
    try:
        yield
    finally:
        _lines.remove(line)


@contextmanager
def shown_on_terminal(stream: TextIO, column: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """As `shown_on`, with a line of the terminal that `stream` writes to now; if it is no terminal, nothing is shown.

    It stays that terminal also where the stream comes to write to somewhere else meanwhile.
    """
    try:
        is_terminal = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        descriptor = os.dup(stream.fileno()) if is_terminal else None
    except (OSError, ValueError, AttributeError):
        descriptor = None
    if descriptor is None:
        yield
        return

    def write(text: str) -> None:
        try:
            os.write(descriptor, text.encode("ascii", "replace"))
        except OSError:
            pass  # the terminal is gone

    try:
        with shown_on(Line(write, column)):
            yield
    finally:
        os.close(descriptor)


class Progress:
    """While the exploration runs, inside this context manager, `show` shows how far it has come, after a while."""

    def __init__(self, found: Exploration, options: Options) -> None:
        self._line = _lines[-1] if _lines else None
        self._found = found
        self._options = options
        self._begun = originals.monotonic()
        self._next = self._begun + SHOWN_AFTER

    def __enter__(self) -> Progress:
        return self

    def show(self) -> None:
        now = originals.monotonic()
        if self._line is None or now < self._next:
            return
        self._next = now + SHOWN_EVERY
        found, options = self._found, self._options
        self._line.show(progress_line(found.executions, now - self._begun, options.executions, options.seconds))

    def __exit__(self, *error: object) -> None:
        if self._line is not None:
            self._line.clear()
