"""Replacing methods of types that are written in C, for as long as an exploration lasts."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

_type_modified = ctypes.pythonapi.PyType_Modified
_type_modified.argtypes = [ctypes.py_object]
_type_modified.restype = None


class MethodReplacement:
    """Puts functions in the place of methods of a built-in type, and the methods back.

    Such a type refuses assignment to its attributes, so its dictionary is written directly, and CPython's method caches
    are told.
    """

    def __init__(self, type_: type, functions: dict[str, Any]) -> None:
        self._type = type_
        self._dictionary: dict[str, Any] = next(d for d in gc.get_referents(type_.__dict__) if type(d) is dict)
        self._functions = {name: function for name, function in functions.items() if name in self._dictionary}
        self._originals = {name: self._dictionary[name] for name in self._functions}

    def install(self) -> None:
        self._dictionary.update(self._functions)
        _type_modified(self._type)

    def remove(self) -> None:
        self._dictionary.update(self._originals)
        _type_modified(self._type)
