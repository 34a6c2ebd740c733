"""Which steps of an execution happen before which, and which pairs of them race.

A step is what a thread does between two scheduling points. It happens after what its thread did before, after the start
of its thread, after all that a thread did that it joins, and after each earlier step that it is dependent on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from racekit.dependence import WHOLE, Access, Footprint, writes

WAITING = frozenset({"acquire", "take", "look", "await"})
"""They could not have come before the release, put or end that they waited for; "acquire now" could have failed."""

MAY_WAIT = WAITING | {"get"}
"""While they waited they could not have come, so nothing in between tells that they could not have come before it."""

WAKING = frozenset({"sleep", "expire", "expired"})
"""They come in the order of their deadlines, but could have come before another thread began to sleep or to wait."""

Links = Sequence[tuple[str, int]]
"""("start", child), ("join", child) or ("all", 0).

A start happens before all of the child, all of a child before a join, and everything before a step with an "all".
"""


@dataclass(slots=True)
class Step:
    """A step of one execution. `before[thread]` is the index of that thread's last step that happens before it."""

    thread: int
    footprint: Footprint
    before: dict[int, int]


class Race(NamedTuple):
    """Indices of two dependent steps of different threads, with nothing in between that orders them."""

    first: int
    second: int


_Write = tuple[int, int, int, bool]
"""The index of a step that wrote, how many reads there were before; of a lock, the step that last took it, and whether
this one did.
"""

_NEVER: _Write = (-1, 0, -1, False)


class _History:
    """The steps that touched one part of one object."""

    __slots__ = ("reads", "writes")

    def __init__(self) -> None:
        self.reads: list[int] = []
        self.writes: list[_Write] = []

    def add(self, operation: str, index: int) -> None:
        if not writes(operation):
            self.reads.append(index)
        elif operation.startswith("acquire"):
            self.writes.append((index, len(self.reads), index, True))
        else:
            self.writes.append((index, len(self.reads), self.writes[-1][2] if self.writes else -1, False))


class HappensBefore:
    """The steps of one execution in their order. Those at the end can be taken back, so that others follow instead."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._of_thread: defaultdict[int, list[int]] = defaultdict(list)
        self._born: dict[int, int] = {}
        self._histories: defaultdict[int, dict[object, _History]] = defaultdict(dict)

    def add(self, thread: int, footprint: Footprint, links: Links) -> list[Race]:
        """The next step; returns the races of earlier steps with it that could be reversed."""
        index = len(self.steps)
        before = self._before(thread, links)
        raced: list[int] = []
        conflicting: list[int] = []
        awaited: list[Access] = []
        for access in footprint:
            racing, ordering = self._conflicts(access, thread, before)
            if racing:
                conflicting += racing
                between = () if access.operation in MAY_WAIT or access.operation in WAKING else racing
                raced += [step for step in racing if not self._is_ordered(step, before, between)]
            if ordering:
                conflicting += ordering
                awaited.append(access)
        if awaited and raced and not self._may_have_a_timeout(thread, footprint):
            raced = [step for step in raced if not self._is_kept_waiting(step, awaited)]
        if links and ("all", 0) in links:
            conflicting += [indices[-1] for indices in self._of_thread.values() if indices]
        for step in conflicting:
            self._join(before, step)
        for access in footprint:
            self._remember(access, index)
        self.steps.append(Step(thread, footprint, before))
        self._of_thread[thread].append(index)
        for link, child in links:
            if link == "start":
                self._born[child] = index
        return [Race(step, index) for step in sorted(set(raced))] if raced else []

    def _remember(self, access: Access, index: int) -> None:
        number, part, operation, _ = access
        parts = self._histories[number]
        history = parts.get(part)
        if history is None:
            history = parts[part] = _History()
        history.add(operation, index)

    def cut(self, length: int) -> None:
        """Take back all but the first `length` steps."""
        while len(self.steps) > length:
            step = self.steps.pop()
            self._of_thread[step.thread].pop()
            for number, part, operation, _ in step.footprint:
                parts = self._histories[number]
                history = parts[part]
                (history.writes if writes(operation) else history.reads).pop()
                if not (history.reads or history.writes):
                    del parts[part]
        if self._born and max(self._born.values()) >= length:
            self._born = {child: index for child, index in self._born.items() if index < length}

    def _before(self, thread: int, links: Links) -> dict[int, int]:
        own = self._of_thread.get(thread)
        if own:
            before = dict(self.steps[own[-1]].before)
            before[thread] = own[-1]
        else:
            before = {}
            if thread in self._born:
                self._join(before, self._born[thread])
        for link, child in links:
            if link == "join" and self._of_thread.get(child):
                self._join(before, self._of_thread[child][-1])
        return before

    def _join(self, before: dict[int, int], index: int) -> None:
        step = self.steps[index]
        if before.get(step.thread, -1) >= index:
            return  # and so is all that happens before it
        for thread, at in step.before.items():
            if before.get(thread, -1) < at:
                before[thread] = at
        before[step.thread] = index

    def _conflicts(self, access: Access, thread: int, before: dict[int, int]) -> tuple[list[int], list[int]]:
        """The earlier steps that `access` is dependent on: those that might have come later, and those that could not.

        An acquire that waited may have come before an earlier acquire of the lock, but not before its release.
        """
        racing: list[int] = []
        ordering: list[int] = []
        number, part, operation, _ = access
        parts = self._histories.get(number)
        if not parts:
            return racing, ordering
        steps = self.steps
        changes = writes(operation)
        for history in parts.values() if part is WHOLE else (parts.get(part), parts.get(WHOLE)):
            if history is None:
                continue
            last, reads_before, acquired, _ = history.writes[-1] if history.writes else _NEVER
            if changes and len(history.reads) > reads_before:
                since = {steps[read].thread: read for read in history.reads[reads_before:]}
                since.pop(thread, None)
                racing += since.values()
            if last < 0:
                continue
            waits = operation in WAITING
            if steps[last].thread != thread:
                (ordering if waits else racing).append(last)
                if operation in WAKING:
                    racing += self._sleep_before(last, history, before)
            if waits and acquired >= 0 and steps[acquired].thread != thread:
                racing.append(acquired)
        return racing, ordering

    def _sleep_before(self, waking: int, history: _History, before: dict[int, int]) -> Iterator[int]:
        """If `waking` is a step in which a thread wakes: those in which it fell asleep, and woke before, and so on.

        Up to those that are known to come `before` in any case: somebody may have slept thousands of times.
        """
        steps = self.steps
        thread = steps[waking].thread
        ordered = before.get(thread, -1)
        for step, _, _, _ in reversed(history.writes):
            if step <= ordered:
                return
            if step < waking and steps[step].thread == thread:
                if not any(access.operation in WAKING for access in steps[waking].footprint):
                    return
                yield step
                waking = step

    def _is_ordered(self, step: int, before: dict[int, int], between: Sequence[int]) -> bool:
        """Whether something orders `step` before the new one besides their own conflict.

        A release does not order two acquires for good, whoever released: the other thread could have had it first.
        """
        steps = self.steps
        thread = steps[step].thread
        if before.get(thread, -1) >= step:
            return True
        return len(between) > 1 and any(
            other != step and steps[other].before.get(thread, -1) >= step for other in between
        )

    def _is_kept_waiting(self, step: int, awaited: Iterable[Access]) -> bool:
        """Whether a new step could not have come before `step`: one of the locks that it `awaited` was held then, and
        is released only after `step`.
        """
        thread = self.steps[step].thread
        for access in awaited:
            history = self._histories[access.number].get(access.part)
            taken = history.writes if history is not None else []
            following = bisect_left(taken, (step,))
            if 0 < following < len(taken):
                is_held, release = taken[following - 1][3], taken[following][0]
                if is_held and (release == step or self.steps[release].before.get(thread, -1) >= step):
                    return True
        return False

    def _may_have_a_timeout(self, thread: int, footprint: Footprint) -> bool:
        """Whether the first wait in a new step may have one, which could have passed meanwhile: that sets the clock."""
        own = self._of_thread.get(thread)
        until_wait = takewhile(lambda access: access.operation not in WAITING, footprint)
        before = self.steps[own[-1]].footprint if own else ()
        return any(access.operation == "clock" for access in (*before, *until_wait))


def order(steps: Iterable[tuple[int, Footprint, Links]]) -> list[Step]:
    """Happens-before among the steps of one execution, each given as (thread, footprint, links)."""
    found = HappensBefore()
    for thread, footprint, links in steps:
        found.add(thread, footprint, links)
    return found.steps
