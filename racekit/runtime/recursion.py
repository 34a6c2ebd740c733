"""Room on the stack: code that calls itself as deep as it may does not run out of it in the midst of racekit's work.

Where little is left, that code gets its RecursionError a few calls early, before anything is decided. The strategy has
more than the limit allows, since what it keeps has to be whole.
"""

from __future__ import annotations

from sys import getrecursionlimit, setrecursionlimit

_TO_HAND_OVER = 20
_TO_CHOOSE = 200


def ask_for_room() -> int:
    """Returns the limit of recursion. Raises RecursionError if the running thread is about to reach it."""
    limit = getrecursionlimit()
    try:
        setrecursionlimit(limit - _TO_HAND_OVER)
    except (RecursionError, ValueError):
        raise RecursionError("maximum recursion depth exceeded") from None
    setrecursionlimit(limit + _TO_CHOOSE)
    return limit


def give_room_back(limit: int) -> None:
    setrecursionlimit(limit)
