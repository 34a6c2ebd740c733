"""Are two steps dependent? The one relation that the search asks.

A step is what a thread does between two scheduling points; its footprint is what it touched. Two steps are dependent if
they touch one location and one of them writes it, decided from what the operations did: a failed acquire is a read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

WAITS_FOR_RELEASE = "acquire"
"""It could not have come before the release that it waited for; "acquire now" could, and would have failed."""

READS = frozenset(
    {
        "read",
        "is_set",
        "qsize",
        "empty",
        "full",
        "cancelled",
        "running",
        "done",
        "is_alive",
        "join",
    }
)
"""Operations that change nothing that another thread could see; so is each that failed, such as "acquire failed"."""


@cache
def writes(operation: str) -> bool:
    """Whether an operation may change something that another thread can see."""
    return not (operation in READS or operation.endswith(" failed"))


WHOLE = object()
"""Stands for every key of a container."""


class Access(NamedTuple):
    """One access: the object's number in its execution, the part of it, and what was done.

    `kind` says in words what kind of object it is; it stands in for the number where that cannot be compared.
    """

    number: int
    part: object
    operation: str
    kind: str

    @property
    def writes(self) -> bool:
        return writes(self.operation)


Footprint = tuple[Access, ...]


def same_part(first: object, second: object) -> bool:
    return first is WHOLE or second is WHOLE or first == second


def dependent(first: Footprint, second: Footprint, known: int | None = None) -> bool:
    """Whether the two steps are dependent.

    known: the steps are from two executions that are alike only so far that objects up to this number are the same in
    both; of two objects beyond, those of one kind may be the same (None: both steps are from one execution).
    """
    for one in first:
        for other in second:
            if (one.writes or other.writes) and same_part(one.part, other.part) and _may_be_same(one, other, known):
                return True
    return False


def _may_be_same(one: Access, other: Access, known: int | None) -> bool:
    if known is None or (one.number < known and other.number < known):
        return one.number == other.number
    return one.number >= known and other.number >= known and one.kind == other.kind


def depends_on_any(footprint: Footprint, steps: Iterable[Footprint], known: int | None = None) -> bool:
    return any(dependent(footprint, step, known) for step in steps)


class Step(NamedTuple):
    """A step of one execution. `before[thread]` is the index of that thread's last step that happens before it."""

    thread: int
    footprint: Footprint
    before: dict[int, int]


class Race(NamedTuple):
    """Indices of two dependent steps of different threads, with nothing in between that orders them."""

    first: int
    second: int


class _History:
    """Who touched one part of one object, as far as later accesses can still race with it."""

    __slots__ = ("acquired", "reads", "write")

    def __init__(self) -> None:
        self.write: int | None = None
        self.reads: dict[int, int] = {}
        self.acquired: int | None = None


def order(steps: Sequence[tuple[int, Footprint, Sequence[tuple[str, int]]]]) -> tuple[list[Step], list[Race]]:
    """Happens-before among the steps of one execution, and its reversible races.

    Each step is (thread, footprint, links), a link being ("start", child), ("join", child) or ("all", 0): a start
    happens before all of the child, all of a child before a join, and everything before a step with an "all".
    """
    ordered: list[Step] = []
    races: list[Race] = []
    last: dict[int, int] = {}
    born: dict[int, int] = {}
    histories: dict[int, dict[object, _History]] = {}
    for index, (thread, footprint, links) in enumerate(steps):
        own = dict(ordered[last[thread]].before) if thread in last else {}
        if thread in last:
            own[thread] = last[thread]
        elif thread in born:
            _join(own, ordered, born[thread])
        for link, child in links:
            if link == "join" and child in last:
                _join(own, ordered, last[child])
            elif link == "all":
                for step in last.values():
                    _join(own, ordered, step)
        raced: set[int] = set()
        conflicting: set[int] = set()
        for access in footprint:
            racing: set[int] = set()
            ordering: set[int] = set()
            for part, history in histories.setdefault(access.number, {}).items():
                if same_part(part, access.part):
                    _conflicts(history, access, thread, ordered, racing, ordering)
            conflicting |= racing | ordering
            for step in racing:
                via = (racing | ordering) - {step} - _releases(step, ordering, ordered)
                is_ordered = own.get(ordered[step].thread, -1) >= step
                if not is_ordered and not any(ordered[it].before.get(ordered[step].thread, -1) >= step for it in via):
                    raced.add(step)
        races += [Race(step, index) for step in sorted(raced)]
        for step in conflicting:
            _join(own, ordered, step)
        ordered.append(Step(thread, footprint, own))
        last[thread] = index
        for access in footprint:
            _remember(histories[access.number].setdefault(access.part, _History()), access, thread, index)
        for link, child in links:
            if link == "start":
                born[child] = index
    return ordered, races


def _join(before: dict[int, int], ordered: Sequence[Step], index: int) -> None:
    step = ordered[index]
    for thread, at in step.before.items():
        if before.get(thread, -1) < at:
            before[thread] = at
    if before.get(step.thread, -1) < index:
        before[step.thread] = index


def _conflicts(
    history: _History, access: Access, thread: int, ordered: Sequence[Step], racing: set[int], ordering: set[int]
) -> None:
    """The earlier steps that `access` is dependent on: `racing` might have come later, `ordering` only orders."""
    if access.writes:
        racing.update(step for reader, step in history.reads.items() if reader != thread)
    if history.write is not None and ordered[history.write].thread != thread:
        (ordering if access.operation == WAITS_FOR_RELEASE else racing).add(history.write)
    if (
        access.operation == WAITS_FOR_RELEASE
        and history.acquired is not None
        and ordered[history.acquired].thread != thread
    ):
        racing.add(history.acquired)


def _releases(step: int, ordering: set[int], ordered: Sequence[Step]) -> set[int]:
    """The lock's own releases do not order two acquires for good: the other thread could have had it first."""
    return {other for other in ordering if ordered[other].thread == ordered[step].thread}


def _remember(history: _History, access: Access, thread: int, index: int) -> None:
    if access.writes:
        history.write = index
        history.reads.clear()
        if access.operation.startswith("acquire"):
            history.acquired = index
    else:
        history.reads[thread] = index
