"""What a call into C touches: one atomic step, whose footprint follows from the callable and its arguments.

Known are the methods of the built-in containers, the functions of the standard library that take or change one,
iterators, files and databases. Whatever else takes a mutable container may write it.
"""

from __future__ import annotations

import bisect
import builtins
import functools
import heapq
import io
import itertools
import operator
import os
import random
import sqlite3
import struct
import sys
from collections import defaultdict
from contextvars import Context
from gc import get_referents
from types import (
    FunctionType,
    GenericAlias,
    MethodDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any
from weakref import ReferenceType

from racekit.dependence import WHOLE
from racekit.runtime import containers
from racekit.runtime.files import (
    DESCRIPTOR_FUNCTIONS,
    PATH_FUNCTIONS,
    WORKING_DIRECTORY,
    descriptor_touches,
    path_touches,
)
from racekit.runtime.going_through import (
    DATABASES,
    FILE,
    ITERATORS,
    ONLY_ITERATORS,
    Touches,
    begins,
    file_touches,
    given_to_library,
    is_iterator,
    reads,
    reads_through,
    turn,
)
from racekit.runtime.library_objects import (
    effect,
    effect_of_special,
    is_library_class,
    is_library_object,
    is_project_object,
    kept_by,
    used_with,
)
from racekit.runtime.reachable import SCALARS, Touch, everything_in, has_attributes, module_of

Arguments = tuple[Any, ...]

_CONTAINER_FUNCTIONS: dict[int, str] = {
    id(struct.pack_into): "write",
    **dict.fromkeys(map(id, (heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace)), "write"),
    **dict.fromkeys(map(id, (heapq.heappushpop, bisect.insort_left, bisect.insort_right)), "write"),
    **dict.fromkeys(map(id, (operator.iadd, operator.ior, operator.iand, operator.isub, operator.ixor)), "write"),
    **dict.fromkeys(map(id, (operator.imul, operator.iconcat)), "write"),
    **dict.fromkeys(map(id, (bisect.bisect_left, bisect.bisect_right)), "read"),
}
_ITEM_FUNCTIONS: dict[int, str] = {
    id(operator.getitem): "read",
    id(operator.contains): "read",
    id(operator.setitem): "write",
    id(operator.delitem): "write",
}
_HARMLESS_FUNCTIONS = frozenset(
    map(
        id,
        (
            *(isinstance, issubclass, id, callable, hash, input, globals, locals, vars, dir, eval, exec, compile),
            *(getattr, setattr, hasattr, delattr, __import__, breakpoint, sys.getrefcount, sys.intern),
            *(sys.getsizeof, sys._getframe, operator.is_, operator.is_not),
        ),
    )
)
_READING_MODULES = frozenset({"builtins", "math", "operator", "_operator", "time", "_functools", "_json", "_struct"})
"""Modules whose functions written in C change no argument, but for those named above."""

_GOES_THROUGH_OBJECTS = frozenset({"_pickle", "marshal"})
"""Modules whose functions written in C read all that can be reached from their arguments, attributes too."""

_SHALLOW = frozenset(
    {
        *("len", "bool", "iter", "enumerate", "zip", "join", "extend", "fromkeys", "append", "add", "array"),
        *("list", "tuple", "set", "frozenset", "bytes", "bytearray", "deque", "Counter"),
    }
)
"""Names of functions and types that read a container, but not the containers that are in it."""

_IMMUTABLE = (
    *(str, bytes, int, float, complex, tuple, frozenset, range, slice, type(None), type, ModuleType),
    *(memoryview, type(Ellipsis), type(NotImplemented)),
)
_IMMUTABLE_MODULES = frozenset(
    {"re", "datetime", "decimal", "_decimal", "_contextvars", "_struct", "zoneinfo", "_thread"}
)


def touches(callable: Any, arguments: Arguments) -> Touches:
    """What `callable(*arguments)` will touch; nothing for Python code, which is watched itself."""
    kind: Any = type(callable)
    if kind in containers.BUILT_IN or kind is MethodWrapperType:
        owner = callable.__self__
        if owner is None or type(owner) is ModuleType:
            yield from _function(callable, arguments)
        else:
            yield from _method(owner, callable.__name__, arguments)
    elif kind is MethodDescriptorType or kind is WrapperDescriptorType:
        if arguments:
            yield from _method(arguments[0], callable.__name__, arguments[1:])
    elif kind is MethodType:
        owner, function = callable.__self__, callable.__func__
        if issubclass(type(owner), random.Random):
            yield Touch(owner, WHOLE, "write")
            if function in containers.OF_ARGUMENTS:
                yield from _all(arguments, containers.OF_ARGUMENTS[function])
        elif function in containers.PYTHON_METHODS and containers.methods_of(owner) is not None:
            yield from _method(owner, callable.__name__, arguments)
        elif type(function) is not FunctionType:
            yield from touches(function, (owner, *arguments))
        elif does := effect(function):
            if not issubclass(type(owner), type):
                yield from used_with(owner, does)
            yield from given_to_library(arguments)
    elif kind is functools.partial:
        yield from touches(callable.func, (*callable.args, *arguments))
    elif kind is operator.itemgetter:
        for key in callable.__reduce__()[1] if arguments else ():
            yield from _item(arguments[0], key, "read")
    elif issubclass(kind, ReferenceType):
        yield Touch(callable, WHOLE, "read")
    elif kind is Cached:
        yield Touch(callable, "cache", "write")
        yield from _all(arguments, "read")
    elif kind is GenericAlias:
        yield from touches(callable.__origin__, arguments)
    elif issubclass(kind, type):
        if callable in ONLY_ITERATORS:
            yield from _begun(callable, arguments)
        elif is_library_class(callable):
            yield from given_to_library(arguments)
        elif reads_arguments(callable):
            yield from _all(arguments, "read", callable.__name__)
    elif kind is FunctionType:
        if effect(callable):
            yield from _kept_by(callable)
            yield from given_to_library(arguments)
    elif type(kind.__call__) is WrapperDescriptorType:
        yield from _all(arguments, "write")
    elif does := effect_of_special(callable, "__call__"):
        yield from used_with(callable, does)
        yield from given_to_library(arguments)


def _begun(kind: type, arguments: Arguments) -> Touches:
    """What an iterator of this type reads of its arguments when it is made."""
    for argument in arguments:
        if kind in _READING_AT_ONCE:
            yield from reads(argument)
        else:
            yield from begins(argument)


_READING_AT_ONCE = frozenset(
    {
        *(reversed, itertools.product, itertools.permutations),
        *(itertools.combinations, itertools.combinations_with_replacement),
    }
)


def reads_arguments(kind: type) -> bool:
    """Whether an object of this type is made of what is in the arguments; so is one of a class that inherits this."""
    if id(kind) in containers.READERS:
        return True
    return bool(kind.__flags__ & containers.HEAP_TYPE) and not containers.READERS.isdisjoint(map(id, kind.__mro__))


def _kept_by(function: Any) -> Touches:
    """What a function of a library keeps for itself, as a decorator's wrapper does."""
    for kept in kept_by(function):
        if (container := containers.of(kept)) is not None:
            yield Touch(container, WHOLE, "use")
        elif is_library_object(kept):
            yield Touch(kept, WHOLE, "use", named=True)


def attribute(obj: object) -> Touches:
    """What is read with an attribute that methods of a file or a database change."""
    if issubclass(type(obj), sqlite3.Connection | sqlite3.Cursor):
        yield Touch(DATABASES, WHOLE, "read")
    elif issubclass(type(obj), FILE):
        yield Touch(obj, WHOLE, "read")


Cached = type(functools.lru_cache(lambda: None))


def _all(arguments: Arguments, operation: str, name: str = "") -> Touches:
    for argument in arguments:
        if type(argument) in SCALARS:
            continue
        if operation == "read":
            for touch in reads(argument) if name in _SHALLOW else reads_through(argument):
                yield touch._replace(sees_order=False) if name in containers.BLIND_TO_ORDER else touch
        elif (container := containers.of(argument)) is not None:
            yield Touch(container, WHOLE, "write")
        else:
            yield from reads(argument)


def _function(function: Any, arguments: Arguments) -> Touches:
    identity = id(function)
    if function is dir and arguments:
        names = arguments[0]
        yield Touch(vars(names) if type(names) is ModuleType else names, WHOLE, "read", named=True)
    elif function is print and type(sys.stdout) is io.StringIO:
        yield Touch(sys.stdout, WHOLE, "write")
    elif function is os.getcwd:
        yield Touch(WORKING_DIRECTORY, WHOLE, "read")
    if identity in _HARMLESS_FUNCTIONS:
        return
    if identity in _CONTAINER_FUNCTIONS:
        changed = 1 if function is struct.pack_into else 0
        yield from _all(arguments[changed : changed + 1], _CONTAINER_FUNCTIONS[identity])
        yield from _all(arguments[changed + 1 :], "read")
    elif identity in _ITEM_FUNCTIONS:
        if len(arguments) > 1:
            yield from _item(arguments[0], arguments[1], _ITEM_FUNCTIONS[identity])
    elif function is builtins.iter:
        for iterated in arguments[:1]:
            yield from begins(iterated)
    elif function is builtins.next:
        for iterator in arguments[:1]:
            if is_iterator(type(iterator)):
                yield from turn(iterator)
            elif does := effect_of_special(iterator, "__next__"):
                yield from used_with(iterator, does)
    elif identity in PATH_FUNCTIONS:
        yield from path_touches(PATH_FUNCTIONS[identity], arguments)
    elif identity in DESCRIPTOR_FUNCTIONS:
        yield from descriptor_touches(DESCRIPTOR_FUNCTIONS[identity], arguments[0] if arguments else None)
        yield from _all(arguments[1:], "read")
    elif function.__module__ in _GOES_THROUGH_OBJECTS:
        files = [each for each in arguments if issubclass(type(each), FILE)]
        for file in files:
            yield from file_touches(file, "read" if function.__name__ == "load" else "write")
        yield from everything_in(*(each for each in arguments if each not in files), enters=has_attributes)
    else:
        does = "read" if function.__module__ in _READING_MODULES else "write"
        yield from _all(arguments, does, function.__name__)
        if str(function.__module__).partition(".")[0] not in sys.stdlib_module_names:
            yield from everything_in(*arguments, enters=is_project_object)


def _method(owner: Any, name: str, arguments: Arguments) -> Touches:
    container = containers.of(owner)
    methods = containers.methods_of(container)
    kind = type(owner)
    if methods and kind is memoryview:
        yield Touch(container, WHOLE, "write" if name in ("__setitem__", "release") else "read")
    elif methods:
        if name in _COMPARING:
            yield from reads_through(container, *arguments)
        if name in methods:
            what, by_key = methods[name]
            key = arguments[0] if by_key and arguments else WHOLE
            yield Touch(container, key, what, name not in containers.BLIND_TO_ORDER)
            yield from _all(arguments[1:] if by_key else arguments, "read", name)
        elif name in _CHANGING:
            yield Touch(container, WHOLE, "write")
            yield from reads_through(*arguments)
        else:  # an operator, or what shows it
            yield from reads_through(container, *arguments)
    elif kind in ITERATORS or name == "__next__":
        if name in ("__next__", "send", "throw", "close", "__setstate__"):
            yield from turn(owner)
    elif issubclass(kind, FILE):
        yield from file_touches(owner, name)
        yield from _all(arguments, "write" if name.startswith("readinto") else "read")
    elif issubclass(kind, sqlite3.Connection | sqlite3.Cursor):
        yield Touch(DATABASES, WHOLE, "read" if name in _QUERIES or _only_selects(arguments) else "write")
        if isinstance(owner, sqlite3.Cursor):
            yield Touch(owner, WHOLE, "write")
    elif kind is os.DirEntry:
        yield from path_touches(PATH_FUNCTIONS[id(os.stat)], (owner,))
    elif kind is Context:
        yield Touch(owner, WHOLE, "write" if name == "run" else "read")
        if name == "run" and arguments:
            yield from touches(arguments[0], arguments[1:])
    elif name in ("__reduce_ex__", "__reduce__", "__getstate__"):
        yield from everything_in(owner, enters=has_attributes)
    elif name == "pack_into":
        yield from _all(arguments[:1], "write")
    elif issubclass(kind, _IMMUTABLE) or module_of(kind) in _IMMUTABLE_MODULES:
        yield from _all(arguments, "read")
    else:
        yield Touch(owner, WHOLE, "read" if name in ("getvalue", "__len__", "copy", "digest", "hexdigest") else "write")
        for part in get_referents(owner):  # such as the file that a writer of tables writes to, or its method
            file = part.__self__ if type(part) in containers.BUILT_IN else part
            if issubclass(type(file), FILE):
                yield from file_touches(file, "write")
        yield from _all(arguments, "write")
        if module_of(kind).partition(".")[0] not in sys.stdlib_module_names:
            yield from everything_in(*arguments, enters=is_project_object)


_COMPARING = frozenset({"index", "count", "remove", "sort", "__contains__"})
"""Methods of containers that compare what is in them."""
_CHANGING = frozenset(
    {
        *("__init__", "__setstate__", "__missing__"),
        *("__iadd__", "__imul__", "__ior__", "__iand__", "__isub__", "__ixor__"),
    }
)
"""Further methods that change a container."""


_QUERIES = frozenset({"cursor", "fetchone", "fetchmany", "fetchall"})
"""Methods of connections and cursors that change nothing in a database."""


def _only_selects(arguments: Arguments) -> bool:
    return bool(arguments) and isinstance(arguments[0], str) and arguments[0].lstrip()[:6].lower() == "select"


def _item(container: Any, key: object, operation: str) -> Touches:
    if containers.methods_of(container) is not None:
        makes = operation == "read" and issubclass(type(container), defaultdict)
        yield Touch(container, key, "add" if makes else operation)
