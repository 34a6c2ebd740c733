"""What is read and written, in words: gathered only when one schedule is replayed for people."""

from __future__ import annotations

import reprlib
from types import CellType, MemberDescriptorType
from typing import Any

from racekit.runtime import containers

_MISSING = object()
_PLAIN = (int, float, complex, str, bytes, bool, type(None))
_CONTAINERS = (list, tuple, dict, set, frozenset)


class Values:
    """The values of the events of one execution, by their index in the trace.

    A write shows its value only once it is done, so it is looked up when the next event comes.
    """

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self._written: tuple[int, object, object] | None = None

    def access(self, index: int, obj: object, name: object, operation: str) -> None:
        """The event `index` is about to read or write `name` of `obj`."""
        self.settle()
        if operation == "read":
            self._put(index, obj, name)
        else:
            self._written = index, obj, name

    def settle(self) -> None:
        """Whatever was written last is written by now."""
        if self._written is not None:
            self._put(*self._written)
            self._written = None

    def _put(self, index: int, obj: object, name: object) -> None:
        value = _peek(obj, name)
        if value is not _MISSING:
            self.texts[index] = in_words(value)


def _peek(obj: Any, name: Any) -> object:
    """The value there, found without running code of the user."""
    if isinstance(obj, CellType):
        try:
            return obj.cell_contents
        except ValueError:
            return _MISSING
    if containers.methods_of(obj) is not None:
        if isinstance(obj, dict):
            return dict.get(obj, name, _MISSING) if containers.is_plain_key(name) else _MISSING
        if isinstance(obj, list) and type(name) is int and -len(obj) <= name < len(obj):
            return list.__getitem__(obj, name)
        return _MISSING
    attributes = getattr(obj, "__dict__", None)
    if attributes is not None and isinstance(name, str) and name in attributes:
        return attributes[name]
    slot = getattr(type(obj), str(name), None)
    if isinstance(slot, MemberDescriptorType):
        try:
            return slot.__get__(obj)
        except AttributeError:
            return _MISSING
    return _MISSING


def in_words(value: object) -> str:
    """A short text for a value; objects of the user by their type, since their `repr` is code under test."""
    if type(value) in _PLAIN:
        return reprlib.repr(value)
    if type(value) in _CONTAINERS and all(type(item) in _PLAIN for item in value):  # type: ignore[attr-defined]
        return reprlib.repr(value)
    return f"<{type(value).__name__}>"
