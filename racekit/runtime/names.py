"""What the code calls a thing: looked up in the variables of the watched frames, without running any code of theirs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

from racekit.runtime.call_site import is_watched
from racekit.runtime.files import File
from racekit.runtime.reachable import module_of, own_attributes

DESCRIPTION = "racekit_description"
"""An attribute that says in words what it is that threads wait for."""

_ITEMS_LOOKED_AT = 100
_MISSING = object()


class Name(NamedTuple):
    """`base` and `suffix` together are the name, such as `Account` and `.lock`.

    Where several things have one name, `owner` tells them apart: the account, or the thing itself.
    """

    base: str
    owner: object
    suffix: str = ""

    def __str__(self) -> str:
        return self.base + self.suffix


def find_name(thing: object, frame: FrameType | None, body: FrameType | None = None) -> Name:
    """What `thing` is called in the watched code around `frame`; else what kind of thing it is.

    `Class.attribute` goes before a variable, and a variable of `body`, the innermost frame of the thread that called
    the body, before one of `frame`: two threads may know one thing by different names.
    """
    if is_described(thing):
        return Name(str(getattr(thing, DESCRIPTION)), thing)
    if issubclass(type(thing), File):
        return Name(str(thing), thing)
    own, callers = list(_watched(frame)), list(_watched(body))
    for each in own:
        for value in each.f_locals.values():
            found = _name_by_owner(value, thing, kind_of(value))
            if found is not None:
                return found
    for each in (*reversed(callers), *reversed(own)):
        found = _name_among(each.f_locals, thing)
        if found is not None:
            return found
    for each in (*own, *callers):
        found = _name_among_globals(each, thing)
        if found is not None:
            return found
    return Name(a_or_an(type(thing).__name__), thing)


def is_described(thing: object) -> bool:
    """Whether it says itself what it is, differently as time goes by."""
    return hasattr(type(thing), DESCRIPTION)


def a_or_an(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOU' else 'a'} {noun}"


def kind_of(obj: Any) -> str:
    """What the code calls the owner of attributes: its class, or the class or module that it is itself."""
    if issubclass(type(obj), type):
        return str(obj.__name__)
    if type(obj) is dict and type(obj.get("__name__")) is str and "__spec__" in obj:
        return str(obj["__name__"]).rpartition(".")[2]  # the variables of a module
    return type(obj).__name__


def _watched(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames of watched code, the innermost first."""
    while frame is not None:
        if is_watched(frame.f_code):
            yield frame
        frame = frame.f_back


def _name_among(variables: Mapping[str, object], thing: object) -> Name | None:
    """A variable that holds `thing`, or an item of one."""
    for name, value in variables.items():
        if _is(value, thing):
            return Name(name, value)
    for name, value in variables.items():
        for key, item in _items(value):
            if item is thing:
                return Name(name, value, f"[{key!r}]")
    return None


def _name_among_globals(frame: FrameType, thing: object) -> Name | None:
    variables = {name: frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals}
    found = _name_among(variables, thing)
    if found is not None:
        return found
    for name, value in variables.items():
        found = _name_by_owner(value, thing, name)
        if found is not None:
            return found
    return None


def _name_by_owner(owner: object, thing: object, base: str) -> Name | None:
    """`thing` as an attribute of `owner`, or as an item in such an attribute."""
    if is_of_standard_library(owner):
        return None
    for name, value in _attributes(owner):
        if _is(value, thing):
            return Name(base, owner, f".{name}")
    if issubclass(type(owner), ModuleType):
        return None
    for name, value in _attributes(owner):
        for key, item in _items(value):
            if item is thing:
                return Name(base, owner, f".{name}[{key!r}]")
    return None


def _is(value: object, thing: object) -> bool:
    if value is thing:
        return True
    return type(value) is threading.Condition and vars(value).get("_lock") is thing


def is_of_standard_library(owner: object) -> bool:
    """Whether it is an object that people know by a variable of theirs, rather than by its class."""
    kind: Any = owner if issubclass(type(owner), type) else type(owner)
    return not issubclass(type(owner), ModuleType) and module_of(kind).partition(".")[0] in sys.stdlib_module_names


def _attributes(owner: Any) -> Iterator[tuple[str, object]]:
    if issubclass(type(owner), type):
        classes: tuple[type, ...] = owner.__mro__
    else:
        classes = type(owner).__mro__
        yield from list((own_attributes(owner) or {}).items())
    for each in classes:
        for name, value in each.__dict__.items():
            if type(value) is MemberDescriptorType and not issubclass(type(owner), type):
                value = _slot(value, owner)
            yield name, value


def _slot(descriptor: MemberDescriptorType, owner: Any) -> object:
    try:
        return descriptor.__get__(owner)
    except AttributeError:
        return _MISSING


def _items(value: Any) -> Iterator[tuple[object, object]]:
    """The first items of a plain container, by keys that can be shown."""
    if issubclass(type(value), dict):
        for count, (key, item) in enumerate(dict.items(value)):
            if count == _ITEMS_LOOKED_AT:
                return
            if type(key) in (str, int):
                yield key, item
    elif type(value) in (list, tuple):
        yield from enumerate(value[:_ITEMS_LOOKED_AT])
