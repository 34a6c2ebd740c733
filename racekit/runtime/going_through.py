"""What is read where an object is gone through as a whole: a container, an iterator and what it takes from, a file."""

from __future__ import annotations

import io
import itertools
import sqlite3
from collections import deque
from collections.abc import Iterator
from gc import get_referents
from types import GeneratorType, WrapperDescriptorType
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime import containers
from racekit.runtime.call_site import is_watched
from racekit.runtime.files import FILE_READS, File, file_of
from racekit.runtime.library_objects import (
    effect_of_special,
    has_methods_of_library,
    is_library_object,
    is_project_object,
    used_with,
)
from racekit.runtime.reachable import SCALARS, Touch, everything_in
from racekit.watch.swap import is_forwarding

Touches = Iterator[Touch]

FILE: type = io.IOBase.__mro__[1]
"""The base of all types of open files that is no abstract class, which would be asked in Python."""

_ITERATOR_TYPES: tuple[type, ...] = (
    map,
    filter,
    zip,
    enumerate,
    reversed,
    *(kind for kind in vars(itertools).values() if isinstance(kind, type)),
    type(iter(int, 0)),
    GeneratorType,
)
OF_CONSTANTS = frozenset(map(type, (iter(""), iter(b""), iter(()), iter(range(0)), iter(range(1 << 70)))))
"""The types of iterators over what never changes: only who shares the iterator itself has to be told of."""

ITERATORS = frozenset(_ITERATOR_TYPES) | OF_CONSTANTS | containers.ITERATORS
"""The types of iterators written in C: to advance one changes it, and reads what it goes through."""

ONLY_ITERATORS = ITERATORS - frozenset(containers.METHODS)


def is_iterator(kind: type) -> bool:
    """Whether to advance an iterator of this type runs C code."""
    return kind in ONLY_ITERATORS or type(getattr(kind, "__next__", None)) is WrapperDescriptorType


def turn(iterator: object) -> Touches:
    """What the next turn of this iterator touches: itself, and what it takes its items from."""
    if issubclass(type(iterator), FILE):
        yield from file_touches(iterator, "__next__")
        return
    if issubclass(type(iterator), sqlite3.Cursor):
        yield Touch(DATABASES, WHOLE, "read")
    yield Touch(iterator, WHOLE, "write")
    if not is_watched_generator(iterator):
        yield from sources(iterator)


def is_watched_generator(iterator: Any) -> bool:
    """Whether it is a generator that tells itself what it touches, unlike those of the standard library."""
    if type(iterator) is not GeneratorType:
        return False
    code = iterator.gi_code
    return is_watched(code) or is_forwarding(code)


def sources(iterator: object) -> Touches:
    """What an iterator goes through, and the methods of containers that it calls."""
    yield from _sources(iterator, 3, _goes_deeper(iterator))


def _goes_deeper(iterator: object) -> bool:
    """Whether it goes through what it gets from others, or asks whether that is empty."""
    kind = type(iterator)
    return kind in _GOING_DEEPER or (kind in _FILTERS and any(part is None for part in get_referents(iterator)))


_GOING_DEEPER = frozenset({itertools.chain, itertools.starmap})
_FILTERS = frozenset({filter, itertools.filterfalse})
"""Without a function, they ask for the truth of what they get."""


def _sources(iterator: object, depth: int, deeper: bool) -> Touches:
    for part in get_referents(iterator):
        kind = type(part)
        if kind in SCALARS or kind is type:
            continue
        if containers.of(part) is not None:
            if deeper:
                yield from everything_in(part)
                yield from _turns_in(part)
            else:
                yield Touch(containers.of(part), WHOLE, "read")
        elif kind is tuple and depth:
            yield from _sources(part, depth - 1, deeper)
        elif kind is GeneratorType or (kind in ITERATORS and depth):
            yield Touch(part, WHOLE, "write")
            if depth and not is_watched_generator(part):
                yield from _sources(part, depth - 1, deeper or _goes_deeper(part))
        elif kind in containers.BUILT_IN and containers.methods_of(part.__self__) is not None:
            yield Touch(containers.of(part.__self__), WHOLE, "write")
        elif kind not in ITERATORS and is_library_object(part):
            yield from used_with(part, "read")


def begins(obj: object) -> Touches:
    """What is read when an iterator over this is made: a size, which must not change until it ends."""
    container = containers.of(obj)
    if issubclass(type(container), dict | set | deque):
        yield Touch(container, WHOLE, "read", sees_order=False)
    elif container is None and has_methods_of_library(obj):
        yield from used_with(obj, "read")


def _turns_in(container: object) -> Touches:
    for item in container if type(container) in (list, deque) else ():  # type: ignore[attr-defined]
        if is_iterator(type(item)):
            yield from turn(item)


def reads(obj: object) -> Touches:
    """What it takes to read this object as a whole, but not what is in it: an iterator is used up."""
    kind = type(obj)
    if kind in SCALARS:
        return
    if (container := containers.of(obj)) is not None:
        yield Touch(container, WHOLE, "read")
    elif issubclass(type(obj), FILE):
        yield from file_touches(obj, "write")
    elif is_iterator(kind):
        yield from turn(obj)
    elif has_methods_of_library(obj):
        yield from read_by_its_methods(obj)


def read_by_its_methods(obj: object) -> Touches:
    """What an object of a library tells of itself to an operator or a built-in function: an iterator is used up."""
    yield from used_with(obj, effect_of_special(obj, "__next__") or "read")


def given_to_library(arguments: tuple[Any, ...]) -> Touches:
    """What code of a library may read or use of what it is given: also attributes of the project's objects."""
    for each in arguments:
        if type(each) in SCALARS:
            continue
        if issubclass(type(each), FILE) or is_iterator(type(each)):
            yield from reads(each)
        elif is_library_object(each):
            yield from used_with(each, "use")
        else:
            yield from everything_in(each, enters=is_project_object)


def reads_through(*objects: object) -> Touches:
    """The same for objects that are compared or shown, so that the containers inside of them are read, too."""
    for obj in objects:
        if type(obj) in SCALARS:
            continue
        if issubclass(type(obj), FILE):
            yield from file_touches(obj, "write")
        elif is_iterator(type(obj)):
            yield from turn(obj)
        elif has_methods_of_library(obj):
            yield from read_by_its_methods(obj)
        else:
            yield from everything_in(obj)


def file_touches(file: Any, name: str) -> Touches:
    """A method of an open file: also one that reads moves the position in it, which its users share."""
    location = file_of(file)
    if location is not None:
        if location is not file:
            yield Touch(location, WHOLE, "read" if name in FILE_READS else "write")
        yield Touch(file, WHOLE, "read" if name in _FILE_QUERIES else "write")


_FILE_QUERIES = frozenset({"getvalue", "tell", "readable", "writable", "seekable", "fileno", "isatty"})


class _Databases(File):
    """Stands for all databases: which file a connection has open cannot be asked without using it."""

    __slots__ = ()

    def __str__(self) -> str:
        return "the database"


DATABASES = _Databases("")
