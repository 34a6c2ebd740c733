"""What the programs share: threads, and assertions that may also only be noted."""

from __future__ import annotations

import threading
from collections.abc import Callable

Check = Callable[[bool], None]
"""What a program calls with each condition that it asserts."""


def must_hold(condition: bool) -> None:
    """An ordinary assertion."""
    assert condition


class Verdict:
    """Notes what was asserted and lets the program go on: published counts of interleavings are counted so."""

    def __init__(self) -> None:
        self.holds = True

    def check(self, condition: bool) -> None:
        if not condition:
            self.holds = False


def run(*functions: Callable[[], None]) -> None:
    """Each function in a thread of its own, started in this order; returns when all have ended."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
