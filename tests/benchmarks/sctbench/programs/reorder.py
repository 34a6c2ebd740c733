"""Setters write two variables, and checkers must see both or none; it fails only between the very first two writes."""

from __future__ import annotations

from ..threads import Check, must_hold, run


class Pair:
    def __init__(self) -> None:
        self.a = 0
        self.b = 0


def reorder(setters: int, checkers: int, check: Check = must_hold) -> None:
    pair = Pair()

    def set_both() -> None:
        pair.a = 1
        pair.b = -1

    def look() -> None:
        check((pair.a == 0 and pair.b == 0) or (pair.a == 1 and pair.b == -1))

    run(*[set_both] * setters, *[look] * checkers)
