"""A schedule: who runs until when, as a short text that replays one execution."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from racekit.errors import BadArgument

VERSION = "rk1"
ACCESSES = frozenset({"read", "write"})
SYNCHRONIZATION = "s"

_SWITCH = re.compile(
    r"(?P<thread>\d+)@(?P<line>\d+)(?P<letter>[rwcs])(?:\.(?P<name>[^*>,]*))?(?:\*(?P<occurrence>\d+))?>(?P<to>\d+)\Z"
)


class Position(NamedTuple):
    """Where a thread is about to do something: its `occurrence`-th (from 1) such operation on that source line.

    `letter` is "r" for a read, "w" for a write, "c" for a call of a container's method, "s" for a synchronization.
    """

    line: int
    letter: str
    name: str
    occurrence: int

    def __str__(self) -> str:
        name = f".{self.name}" if self.name else ""
        repeat = f"*{self.occurrence}" if self.occurrence > 1 else ""
        return f"{self.line}{self.letter}{name}{repeat}"

    @property
    def words(self) -> str:
        """The position in words, for messages."""
        verb = {"r": "reads", "w": "writes"}.get(self.letter, "calls")
        thing = self.name or ("a method of a container" if self.letter == "c" else "an item")
        time = f" (passage {self.occurrence})" if self.occurrence > 1 else ""
        return f"{verb} {thing} on line {self.line}{time}"


class Switch(NamedTuple):
    """`thread`, about to do what is at `position`, is not let on: thread `to` runs instead."""

    thread: int
    position: Position
    to: int

    def __str__(self) -> str:
        return f"{self.thread}@{self.position}>{self.to}"


@dataclass(frozen=True, slots=True, repr=False)
class Schedule:
    """The switches of one execution, in order, where it leaves the default: a thread runs for as long as it can, then
    the next one in the order of their starts. Threads are numbered in that order, from 0 (the caller of the body).

    Its text, the *token*, reads `rk1:1@14w.value>2`: thread 1, when it is about to write `value` on line 14, makes way
    for thread 2. It speaks of source lines, so it outlives a restart, a machine and a Python version, but not an edit.
    """

    switches: tuple[Switch, ...] = ()

    @property
    def token(self) -> str:
        return f"{VERSION}:{','.join(map(str, self.switches))}"

    def __str__(self) -> str:
        return self.token

    def __repr__(self) -> str:
        return f"Schedule.parse({self.token!r})"

    @classmethod
    def parse(cls, token: Schedule | str) -> Schedule:
        """The schedule that a token stands for. Raises BadArgument for anything that is not a token."""
        if isinstance(token, Schedule):
            return token
        if not isinstance(token, str):
            raise BadArgument(
                f"{token!r} is not a schedule: pass a Schedule or its token, a text like 'rk1:1@14w.value>2'."
            )
        version, colon, switches = token.strip().partition(":")
        if not colon or version != VERSION:
            raise BadArgument(
                f"{token!r} is not a schedule token of this version: it has to start with '{VERSION}:'. "
                "Copy the whole token from the report, or find the failure again with this version."
            )
        return cls(tuple(_parse_switch(part, token) for part in switches.split(",") if part))


def _parse_switch(part: str, token: str) -> Switch:
    match = _SWITCH.match(part)
    if match is None:
        raise BadArgument(
            f"{part!r} in the schedule token {token!r} does not read like '1@14w.value>2' "
            "(thread, line, operation, next thread): copy the whole token from the report."
        )
    position = Position(int(match["line"]), match["letter"], match["name"] or "", int(match["occurrence"] or 1))
    return Switch(int(match["thread"]), position, int(match["to"]))
