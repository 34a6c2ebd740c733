"""Schedules have to be fair in the end: a thread that could go on, and never may, is not the program's fault."""

from __future__ import annotations

_ALLOWANCE = 1000


def goes_on_and_on(length: int, usual: int) -> bool:
    """Whether an execution of this `length` may never end because of a strategy that always prefers some threads.

    usual: the length of the longest execution so far. From here on the default schedule, which is fair, is to be
    followed: threads that produce and consume for ever may wait for a third to tell them to stop.
    """
    return length > 2 * usual + _ALLOWANCE
