"""Places in source code, for people: how files are called, what a line says, whose code it is."""

from __future__ import annotations

import linecache
import os

from racekit.trace import Event, Place
from racekit.watch.scope import is_racekit


def short(filename: str, root: str) -> str:
    """A file's name as people say it: from `root` on, with slashes; its last part if it is elsewhere."""
    if filename.startswith("<"):
        return filename
    relative = os.path.relpath(filename, root)
    return os.path.basename(filename) if relative.startswith("..") else relative.replace(os.sep, "/")


def text_at(event: Event) -> str:
    """The line of an event, as far as its source can be read."""
    return event.stack[-1].text if event.stack else linecache.getline(event.filename, event.line).strip()


def place_at(event: Event) -> Place:
    return Place(event.filename, event.line, event.function, text_at(event))


def raised_at(error: BaseException) -> Place | None:
    """The innermost line of the user's code that an exception came through."""
    last = None
    entry = error.__traceback__
    while entry is not None:
        if not is_racekit(entry.tb_frame.f_code.co_filename):
            last = entry
        entry = entry.tb_next
    if last is None:
        return None
    code, line = last.tb_frame.f_code, last.tb_lineno or 0
    return Place(code.co_filename, line, code.co_name, linecache.getline(code.co_filename, line).strip())
