"""Are two steps dependent? The one relation that the search asks.

A step is what a thread does between two scheduling points; its footprint is what it touched. Two steps are dependent if
they touch one location and one of them writes it, decided from what the operations did: a failed acquire is a read.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

READS = frozenset(
    {
        "read",
        "daemon runs",
        "is_set",
        "locked",
        "qsize",
        "empty",
        "full",
        "cancelled",
        "running",
        "done",
        "broken",
        "n_waiting",
        "is_alive",
        "join",
        "look",
        "await",
        "result",
        "exception",
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


Footprint = tuple[Access, ...]

EVERYTHING: Footprint = (Access(-1, None, "everything", ""),)
"""Stands for a step that is dependent on every other, if it is the first of two that are compared."""


def same_part(first: object, second: object) -> bool:
    return first is WHOLE or second is WHOLE or first == second


def dependent(first: Footprint, second: Footprint, known: int | None = None) -> bool:
    """Whether the two steps are dependent.

    known: the steps are from two executions that are alike only so far that objects up to this number are the same in
    both; of two objects beyond, those of one kind may be the same (None: both steps are from one execution).
    """
    if first is EVERYTHING:
        return True
    for one in first:
        for other in second:
            if known is None or (one.number < known and other.number < known):
                if one.number != other.number:
                    continue
            elif one.number < known or other.number < known or one.kind != other.kind:
                continue
            if (writes(one.operation) or writes(other.operation)) and same_part(one.part, other.part):
                return True
    return False


def depends_on_any(footprint: Footprint, steps: Iterable[Footprint], known: int | None = None) -> bool:
    return any(dependent(footprint, step, known) for step in steps)
