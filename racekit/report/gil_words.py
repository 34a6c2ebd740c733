"""Whether a failure needs a build without a GIL, in words."""

from __future__ import annotations

import sys

from racekit.failure import Failure
from racekit.schedule import Position

_VERBS = {"r": "is read", "w": "is written", "c": "is used"}


def gil_in_words(failure: Failure) -> str:
    """`Can happen on every CPython.`, or where the switch falls that a GIL does not allow."""
    if failure.gil == "every":
        return "Can happen on every CPython, with a GIL and without."
    inside = next((each.position for each in reversed(failure.schedule.switches) if each.position.letter != "s"), None)
    where = "" if inside is None else f": the switch falls inside line {inside.line}, before {_what(inside)}"
    needs = "Can happen here, as this Python runs without a GIL, which it needs" if _runs_without() else _NEEDS
    return (
        f"{needs}{where}. With a GIL, threads switch only where a function begins, a loop turns or "
        "a call returns, and no such schedule fails so."
    )


_NEEDS = "Needs a free-threaded build"


def _runs_without() -> bool:
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


def _what(position: Position) -> str:
    return f"{position.name or 'an item'} {_VERBS.get(position.letter, 'is used')}"
