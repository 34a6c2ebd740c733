"""Fair schedules: a thread that gives way again and again must let the others have a step.

The algorithm of Musuvathi and Qadeer, "Fair stateless model checking" (PLDI 2008), without its refinement for threads
that the yielding thread disabled: when a thread yields, every thread that could have run since its last yield, but did
not, goes first.
"""

from __future__ import annotations

from collections.abc import Iterable


class Fairness:
    """Who has to wait for whom. Ids only."""

    def __init__(self) -> None:
        self._must_wait_for: dict[int, set[int]] = {}
        self._passed_over: dict[int, set[int]] = {}
        self.idle = True
        """Whether no thread has yielded so far, so that nothing needs to be told here."""

    def yields(self, thread: int, enabled: Iterable[int]) -> None:
        """`thread` gives way, while these threads are enabled."""
        self.idle = False
        passed_over = self._passed_over.get(thread)
        if passed_over:
            self._must_wait_for.setdefault(thread, set()).update(passed_over)
        self._passed_over[thread] = set(enabled) - {thread}

    def runs(self, thread: int) -> None:
        """`thread` takes a step."""
        for passed_over in self._passed_over.values():
            passed_over.discard(thread)
        for waits_for in self._must_wait_for.values():
            waits_for.discard(thread)

    def enabled(self, enabled: tuple[int, ...]) -> tuple[int, ...]:
        """Of the enabled threads those that may go now; `enabled` is what the set has just become."""
        for passed_over in self._passed_over.values():
            passed_over.intersection_update(enabled)
        if not any(self._must_wait_for.values()):
            return enabled
        allowed = tuple(
            thread for thread in enabled if self._must_wait_for.get(thread, set()).isdisjoint(set(enabled) - {thread})
        )
        return allowed or enabled
