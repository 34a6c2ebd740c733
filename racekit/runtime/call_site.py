"""Where in the watched code a synchronization was called from."""

from __future__ import annotations

import linecache
import sys
from types import CodeType, FrameType

from racekit.trace import Place
from racekit.watch.site import Site

_sites: dict[tuple[int, int], Site] = {}
_places: dict[tuple[int, int], Place] = {}
_watched: dict[int, CodeType] = {}


def watch(code: CodeType) -> None:
    """Frames of `code` count as watched from now on."""
    _watched[id(code)] = code


def is_watched(code: CodeType) -> bool:
    """Whether `code` is the code under test, rewritten so that its accesses are seen."""
    return id(code) in _watched


def call_site() -> Site | None:
    """The place in the nearest watched caller; None if no watched code is involved."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if id(code) in _watched:
            key = (id(code), frame.f_lasti)
            site = _sites.get(key)
            if site is None:
                site = _sites[key] = Site(
                    kind="call",
                    name="",
                    filename=code.co_filename,
                    line=frame.f_lineno or 0,
                    function=code.co_qualname,
                    namespace=frame.f_globals,
                )
            return site
        frame = frame.f_back
    return None


def watched_stack(frame: FrameType | None) -> tuple[Place, ...]:
    """The watched calls that led to `frame`, outermost first."""
    stack: list[Place] = []
    while frame is not None:
        code = frame.f_code
        if id(code) in _watched:
            key = (id(code), frame.f_lasti)
            found = _places.get(key)
            if found is None:
                found = _places[key] = place(code.co_filename, frame.f_lineno or 0, code.co_qualname)
            stack.append(found)
        frame = frame.f_back
    return tuple(reversed(stack))


def place(filename: str, line: int, function: str) -> Place:
    """A line with its source text, as far as that can be read."""
    return Place(filename, line, function, linecache.getline(filename, line).strip())


def place_of(site: Site | None) -> Place | None:
    return None if site is None else place(site.filename, site.line, site.function)
