"""What a step does with the items of a queue if some steps before it are left out.

A put and a get touch an item by its number, which is how many came before it at that end; whether a get finds one is up
to the puts. So a step that comes earlier than it did touches another item, or finds none.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from racekit.dependence import Access, Footprint

_GETS = {"take": "take failed", "take now": "take failed", "take failed": "take now"}
"""Operations on the next item to be taken, and what each is if the item is there though it was not, or vice versa."""

_AT_THE_HEAD = {"get": "get failed", "get failed": "get"}


def touches_items(footprint: Footprint) -> bool:
    return any(_is_put(access) or _is_get(access) for access in footprint)


def without(footprint: Footprint, left_out: Iterable[Footprint]) -> Footprint:
    """What a step touches if steps before it are left out: with a put or a get, all later ones at that end, too."""
    taken: Counter[int] = Counter()
    next_put: dict[int, int] = {}
    for access in (access for step in left_out for access in step):
        if _is_put(access):
            next_put[access.number] = min(next_put.get(access.number, sys.maxsize), _item(access))
        elif _is_get(access) and access.operation != "take failed":
            taken[access.number] += 1

    touched: list[Access] = []
    changed: set[int] = set()
    for access in footprint:
        end = next_put.get(access.number, sys.maxsize)
        if _is_put(access):
            access = access._replace(part=min(_item(access), end))
        elif _is_get(access):
            found = access.operation != "take failed"
            item = _item(access) - taken[access.number]
            if found != (item < end and (found or taken[access.number] > 0)):
                changed.add(access.number)
                access = access._replace(operation=_GETS[access.operation])
            access = access._replace(part=item)
        touched.append(access)
    return tuple(
        access._replace(operation=_AT_THE_HEAD[access.operation])
        if access.number in changed and access.operation in _AT_THE_HEAD
        else access
        for access in touched
    )


def _is_put(access: Access) -> bool:
    return access.operation == "put" and type(access.part) is int


def _is_get(access: Access) -> bool:
    return access.operation in _GETS


def _item(access: Access) -> int:
    assert isinstance(access.part, int)
    return access.part
