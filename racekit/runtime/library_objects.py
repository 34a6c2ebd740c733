"""Objects of installed packages and the standard library, whose code is not watched: what is done to one is one step.

Nobody sees what a method does inside. So each call of one may change its object, and comes before or after what other
threads do to that. It is no data race, since the method may well lock. What code of a library is given it may read.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from gc import get_referents
from types import BuiltinFunctionType, CodeType, FunctionType, MethodDescriptorType, MethodType, WrapperDescriptorType
from typing import Any
from weakref import WeakKeyDictionary

from racekit.dependence import WHOLE
from racekit.runtime.call_site import is_watched
from racekit.runtime.containers import HEAP_TYPE
from racekit.runtime.reachable import Touch, has_attributes, is_namespace, module_of, own_attributes
from racekit.watch.scope import is_project_file
from racekit.watch.swap import is_forwarding

_KNOWN = frozenset(
    {
        # these synchronize, which is seen, or are known as containers, files and iterators
        *("threading", "queue", "concurrent", "asyncio", "selectors", "contextvars", "contextlib"),
        *("_thread", "_queue", "_asyncio", "_contextvars"),
        *("collections", "weakref", "_weakrefset", "random", "heapq", "io", "tempfile", "shutil", "os", "subprocess"),
        *("codecs", "gzip", "csv", "sqlite3", "shelve", "dbm", "json", "pickle", "copy", "racekit"),
        # these do not change
        *("abc", "enum", "typing", "types", "functools", "operator", "dataclasses", "inspect", "importlib", "re"),
        *("pathlib", "string", "datetime", "decimal", "fractions", "numbers", "statistics", "uuid", "ipaddress"),
        *("zoneinfo", "calendar", "urllib", "socket", "ssl", "attr", "attrs"),
        # these run the tests
        *("_pytest", "pytest", "pluggy", "hypothesis", "doctest"),
    }
)
"""Packages whose methods change nothing unseen."""

_READING = frozenset({"attr._funcs", "attr._next_gen"})
"""Modules in these packages whose functions read the attributes of what they are given."""

_KNOWN_MODULES = frozenset({"unittest.case", "logging.config"})
_LOGGING = frozenset(
    {
        *("debug", "info", "warning", "error", "exception", "critical", "log", "handle", "emit", "format"),
        *("isEnabledFor", "getEffectiveLevel", "getChild", "hasHandlers"),
    }
)
"""Methods of loggers and handlers that change neither."""


def effect(function: Any) -> str:
    """What a method does to its object: "use" if it may change it, "read"; nothing if it is watched, or known."""
    if type(function) is not FunctionType:
        return ""
    code = function.__code__
    known = _effects.get(id(code))
    if known is None or known[0] is not code:
        known = _effects[id(code)] = code, _effect(function, code)
    return known[1]


_effects: dict[int, tuple[CodeType, str]] = {}
"""By the id of its code, what a function does, and the code, which has that id as long as it is kept."""


def _effect(function: FunctionType, code: CodeType) -> str:
    module = function.__globals__.get("__name__")  # a decorator may have given it another one
    if is_watched(code) or is_forwarding(code) or not isinstance(module, str):
        return ""
    if not _is_library(code.co_filename, module):
        return ""
    return "read" if module == "logging" and code.co_name in _LOGGING else "use"


@functools.cache
def _is_library(filename: str, module: str) -> bool:
    known = (module.partition(".")[0] in _KNOWN and module not in _READING) or module in _KNOWN_MODULES
    return not (known or is_project_file(filename))


def used_with(owner: object, does: str) -> Iterator[Touch]:
    """What a method of `owner` that does this has to do with: itself, and what it is a part or a view of."""
    yield Touch(owner, WHOLE, does, named=True)
    parts = {id(each): each for each in (*get_referents(owner), *(own_attributes(owner) or {}).values())}
    for each in parts.values():
        if is_library_object(each):
            yield Touch(each, WHOLE, does, named=True)


def effect_of_special(obj: object, method: str) -> str:
    """The same for what an operation such as `obj[key]` calls."""
    return effect(getattr(type(obj), method, None))


def is_library_object(obj: object) -> bool:
    """Whether any of its methods may change it unseen."""
    return is_library_class(type(obj))


def is_library_class(kind: type) -> bool:
    return bool(kind.__flags__ & HEAP_TYPE) and _is_library(*_defined_in(kind))


def has_methods_of_library(obj: object) -> bool:
    """Whether it is such an object, or one of the project whose class is derived from such a class."""
    kind = type(obj)
    if not kind.__flags__ & HEAP_TYPE:
        return False
    found = _derived.get(kind)
    if found is None:
        found = _derived[kind] = any(map(is_library_class, kind.__mro__))
    return found


_derived: WeakKeyDictionary[type, bool] = WeakKeyDictionary()


def is_project_object(obj: object) -> bool:
    """Whether it has attributes that whoever is given it may read, though nobody sees how."""
    return is_namespace(obj) or (has_attributes(obj) and is_project_file(_defined_in(type(obj))[0]))


def attributes_of_class(kind: type) -> frozenset[str]:
    """The names of its attributes that an object may have without storing them, such as properties and defaults."""
    found = _of_class.get(kind)
    if found is None:
        found = _of_class[kind] = frozenset(
            name
            for base in kind.__mro__[:-1]
            for name, value in vars(base).items()
            if not (isinstance(value, _METHODS) or name.startswith("__"))
        )
    return found


_METHODS = (FunctionType, staticmethod, classmethod, MethodDescriptorType, WrapperDescriptorType, BuiltinFunctionType)
_of_class: WeakKeyDictionary[type, frozenset[str]] = WeakKeyDictionary()


def _defined_in(kind: type) -> tuple[str, str]:
    """The file and the name of the module that defines a class."""
    name = module_of(kind)
    return getattr(sys.modules.get(name), "__file__", None) or "<frozen>", name


def kept_by(callable: Any) -> Iterator[object]:
    """What a function has in the variables of enclosing functions, or an object that is called in its attributes."""
    if type(callable) is not FunctionType:
        owner = callable.__self__ if type(callable) is MethodType else callable
        yield from (own_attributes(owner) or {}).values()
        return
    for cell in callable.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:
            continue  # it is not set yet
