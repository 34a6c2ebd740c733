"""Values as they were when a call returned, and whether two of them say the same.

What an operation returns may change afterwards, and the objects of one execution are not those of another. So a value
is kept as a copy, in which an object that is only equal to itself is a numbered stand-in. Two values are the same if
one can be had from the other by renumbering: one to one, and the same way throughout a history.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from racekit.user_values import equal

Renaming = Mapping["Opaque", "Opaque"]
"""Stand-ins of one execution by those of another, one to one."""

_ATOMS = (
    *(int, float, complex, str, bytes, bool, type(None), type(Ellipsis), type(NotImplemented), range),
    *(Enum, type, FunctionType, BuiltinFunctionType, ModuleType),
)
_CONTAINERS = (list, tuple, set, frozenset, deque)


class Opaque(NamedTuple):
    """Stands for an object that is only equal to itself: the `number`-th such object that was seen."""

    type: type
    number: int

    def __repr__(self) -> str:
        return f"<{self.type.__name__} {self.number}>"


class Identities:
    """The stand-ins of one execution. It keeps what they stand for alive, so that no two objects become one."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[object, Opaque]] = {}
        self.could_change = False

    def copy(self, value: Any) -> Any:
        """`value` as it is now, to be compared later; `could_change` says whether it may be something else then."""
        self.could_change = False
        return self._copy(value, ())

    def _copy(self, value: Any, inside: tuple[int, ...]) -> Any:
        kind: Any = type(value)
        if isinstance(value, _ATOMS):
            return value
        if id(value) in inside:
            return Opaque(kind, -1 - inside.index(id(value)))
        if kind.__eq__ is object.__eq__:
            return self._stand_in(value)
        inside = (*inside, id(value))
        self.could_change = self.could_change or kind not in (tuple, frozenset, MethodType)
        if kind is dict:
            return {self._copy(key, inside): self._copy(item, inside) for key, item in value.items()}
        if kind in _CONTAINERS:
            return kind(self._copy(item, inside) for item in value)
        if kind is MethodType:
            return (value.__func__, self._copy(value.__self__, inside))
        try:
            return copy.deepcopy(value)
        except Exception:
            return value  # such as one that holds a lock

    def _stand_in(self, value: object) -> Opaque:
        known = self._seen.get(id(value))
        if known is None:
            known = self._seen[id(value)] = value, Opaque(type(value), len(self._seen) + 1)
        return known[1]


def same(one: Any, other: Any, renaming: Renaming) -> Renaming | None:
    """The renaming by which `one` is `other`, an extension of the one that is given; None if there is none.

    Values whose comparison fails, or gives no truth value, are compared by their texts.
    """
    if isinstance(one, Opaque) or isinstance(other, Opaque):
        return _same_stand_in(one, other, renaming)
    kind = type(one)
    if kind is type(other) and (kind is dict or kind in (list, tuple, deque)):
        if len(one) != len(other):
            return None
        if kind is dict:
            if one.keys() != other.keys():
                return None
            pairs = [(item, other[key]) for key, item in one.items()]
        else:
            pairs = list(zip(one, other, strict=True))
        extended: Renaming | None = renaming
        for first, second in pairs:
            if extended is None:
                return None
            extended = same(first, second, extended)
        return extended
    return renaming if equal(one, other) else None


def _same_stand_in(one: object, other: object, renaming: Renaming) -> Renaming | None:
    if not (isinstance(one, Opaque) and isinstance(other, Opaque) and one.type is other.type):
        return None
    if one in renaming:
        return renaming if renaming[one] == other else None
    if other in renaming.values():
        return None
    return {**renaming, one: other}
