"""Whose turn it is: the one piece of state that every hook looks at first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler
    from racekit.runtime.thread import ControlledThread


class Turn:
    """The OS thread that holds the baton (`ident` 0: nobody), and whether others are alive, or were and are not joined.

    If there are no such others (`several` is False), all that happened so far comes before what its thread does next.
    """

    __slots__ = ("ident", "scheduler", "several", "thread")

    ident: int
    several: bool
    thread: ControlledThread
    scheduler: Scheduler

    def __init__(self) -> None:
        self.ident = 0
        self.several = False
        self.scheduler = None  # type: ignore[assignment]  # between executions


TURN = Turn()


def _leave_control() -> None:
    """A forked process has none of the threads that take turns, and nobody who watches over calls that block."""
    TURN.ident = 0
    TURN.several = False
    TURN.scheduler = None  # type: ignore[assignment]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_control)

CHOOSING = -1
"""The `ident` while a strategy is asked: whatever it calls, such as `random`, may be watched, but is no step."""

LEFT_BEHIND: dict[int, int] = {}
"""The idents of OS threads that did not end with their execution, and how often a hook has told them to since."""
