"""What is read and written, in words: gathered only when one schedule is replayed for people."""

from __future__ import annotations

import reprlib
from collections import deque
from types import CellType, MemberDescriptorType
from typing import Any

from racekit.runtime import containers
from racekit.runtime.conflicts import ITEMS

_UNKNOWN = object()
NOTHING = object()
"""In the place of an item that is not there."""
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)


class Values:
    """The values of the events of one execution, by their index.

    A write shows its value only once it is done, so it is looked up when the next event comes.
    """

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self._written: tuple[int, object, object, bool] | None = None

    def access(self, index: int, obj: object, name: object, *, is_item: bool, writes: bool) -> None:
        """The event `index` is about to read or write `name` of `obj`: a variable, an attribute or an item."""
        self.settle()
        if writes:
            self._written = index, obj, name, is_item
        else:
            self._put(index, obj, name, is_item)

    def settle(self) -> None:
        """Whatever was written last is written by now."""
        if self._written is not None:
            self._put(*self._written)
            self._written = None

    def _put(self, index: int, obj: object, name: object, is_item: bool) -> None:
        value = _item(obj, name) if is_item or type(obj) is dict else _attribute(obj, name)
        if value is NOTHING:
            self.texts[index] = "nothing"
        elif value is not _UNKNOWN:
            self.texts[index] = in_words(value)


def _item(container: Any, key: Any) -> object:
    if key is ITEMS:
        return container if containers.methods_of(container) is not None else _UNKNOWN
    if issubclass(type(container), dict):
        return dict.get(container, key, NOTHING) if containers.is_plain_key(key) else _UNKNOWN
    if issubclass(type(container), list) and type(key) is int and -len(container) <= key < len(container):
        return list.__getitem__(container, key)
    return _UNKNOWN


def _attribute(obj: Any, name: Any) -> object:
    """The value there, found without running code of the user."""
    if type(obj) is CellType:
        try:
            return obj.cell_contents
        except ValueError:
            return _UNKNOWN
    try:
        attributes = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        attributes = {}
    if name in attributes:
        return attributes[name]
    for found in (vars(each).get(name) for each in type(obj).__mro__):
        if type(found) is MemberDescriptorType:
            try:
                return found.__get__(obj)
            except AttributeError:
                return _UNKNOWN
        if type(found) in _PLAIN and found is not None:
            return found
    return _UNKNOWN


def in_words(value: object) -> str:
    """A short text for a value; objects of the user by their type, since their `repr` is code under test."""
    if type(value) in _PLAIN:
        return _SHORT.repr(value)
    if type(value) in _CONTAINERS and all(type(item) in _PLAIN for item in value):  # type: ignore[attr-defined]
        return _SHORT.repr(value)
    if type(value) in _CONTAINERS:
        return f"<{type(value).__name__} of {len(value)}>"  # type: ignore[arg-type]
    return f"<{type(value).__name__}>"


class _Short(reprlib.Repr):
    def repr1(self, x: Any, level: int) -> str:
        """As ever for what Python has; what stands in a dict may be anything."""
        return super().repr1(x, level) if type(x) in _PLAIN or type(x) in _CONTAINERS else f"<{type(x).__name__}>"


_SHORT = _Short()
