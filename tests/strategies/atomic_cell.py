"""A compare-and-set that is one atomic step, which Python itself does not have."""

from __future__ import annotations

from racekit.runtime.turn import TURN


class AtomicCell:
    """It announces its operations as a built-in type under racekit's control would; it is to be excluded itself."""

    def __init__(self, value: int) -> None:
        self._value = value

    def set(self, value: int) -> None:
        scheduler, thread = TURN.scheduler, TURN.thread
        scheduler.step(thread, None, "set")
        scheduler.record(thread, None, "set", self)
        self._value = value

    def compare_and_set(self, expected: int, value: int) -> bool:
        scheduler, thread = TURN.scheduler, TURN.thread
        scheduler.step(thread, None, "compare_and_set")
        succeeds = self._value == expected
        scheduler.record(thread, None, "compare_and_set" if succeeds else "compare_and_set failed", self)
        if succeeds:
            self._value = value
        return succeeds
