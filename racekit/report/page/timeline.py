"""What a timeline on a page is made of: a lane per thread, a row per step and per hand-over, arrows between steps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from racekit.trace import Place

STEP_HEIGHT = 48
HAND_OVER_HEIGHT = 34
FOLD_HEIGHT = 30
END_HEIGHT = 68
"""In CSS pixels. They are fixed, so that the arrows are where they belong without a script."""

_LONG_NAME = 12
_NAMED_BY_PYTHON = re.compile(r"(Thread-\d+) \(.*\)\Z")


class Lane(NamedTuple):
    """A thread; `number` is that of its lane, from the left."""

    number: int
    name: str

    @property
    def brief(self) -> str:
        """What tells the name from others, if there is no room for all of it: threads of one pool differ at its end."""
        name = _NAMED_BY_PYTHON.sub(r"\1", self.name)
        return name if len(name) <= _LONG_NAME else "…" + name[1 - _LONG_NAME :]


class Rail(NamedTuple):
    """A thread during one row: `state` is "alive", "waits", "runs", or in a hand-over "leaves" or "enters"."""

    lane: int
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """An event. `number` counts all events from 1; `key` names the row on its page; `access` is "read", "write" or
    "synchronization". Steps with the same `location` (counted from 1 in the order of appearance) touch the same thing.
    """

    key: str
    number: int
    lane: int
    thread: str
    verb: str
    target: str
    value: str
    place: Place
    stack: Sequence[Place]
    matters: bool
    races: bool
    access: str
    location: int
    rails: tuple[Rail, ...]
    height: int = STEP_HEIGHT
    kind: str = "step"


@dataclass(frozen=True, slots=True)
class Turn:
    """A hand-over, from one lane to another."""

    lane: int
    to: int
    thread: str
    to_thread: str
    reason: str
    words: str
    place: Place | None
    matters: bool
    rails: tuple[Rail, ...]
    height: int = HAND_OVER_HEIGHT
    kind: str = "turn"


@dataclass(frozen=True, slots=True)
class Fold:
    """Steps that are left out."""

    count: int
    rails: tuple[Rail, ...]
    height: int = FOLD_HEIGHT
    kind: str = "fold"


@dataclass(frozen=True, slots=True)
class End:
    """How a thread ended that failed or can go no further; `key` names the row on its page."""

    key: str
    lane: int
    thread: str
    words: str
    place: Place | None
    rails: tuple[Rail, ...]
    height: int = END_HEIGHT
    kind: str = "end"


Row = Step | Turn | Fold | End


class Curve(NamedTuple):
    """An arrow from one step to another, or to an end; with the lanes and the heights (CSS pixels) of both.

    `kind` is that of an arrow of happens-before, "race", or "held": what a thread took is what another one waits for.
    """

    first: str
    second: str
    kind: str
    left: int
    right: int
    top: int
    bottom: int
    rightward: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    curves: tuple[Curve, ...]
    height: int

    @property
    def kinds(self) -> set[str]:
        """Which kinds of arrows there are."""
        return {curve.kind for curve in self.curves}
