"""The code, written in Python, that C code may run when it is given some objects: functions, generators and methods."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import partial
from gc import get_referents
from types import CodeType, FunctionType, GeneratorType, MethodType
from typing import Any

from racekit.runtime.containers import HEAP_TYPE
from racekit.runtime.going_through import ONLY_ITERATORS
from racekit.runtime.reachable import SCALARS


def code_called_from_c(objects: Iterable[Any]) -> list[CodeType]:
    """The code of these objects and of those in them: of functions, of generators, and of their classes' methods."""
    codes: list[CodeType] = []
    kinds: set[type] = set()
    seen: set[int] = set()
    waiting = list(objects)
    for obj in waiting:  # which grows meanwhile
        kind = type(obj)
        if kind is slice:
            waiting += (obj.start, obj.stop, obj.step)
        if kind in SCALARS or id(obj) in seen:
            continue
        seen.add(id(obj))
        if kind is FunctionType:
            codes.append(obj.__code__)
        elif kind is GeneratorType:
            codes.append(obj.gi_code)
        elif kind is MethodType:
            waiting.append(obj.__func__)
        elif kind is partial:
            waiting += (obj.func, *obj.args)
        elif kind in ONLY_ITERATORS:
            waiting += get_referents(obj)
        else:
            if kind.__flags__ & HEAP_TYPE:
                kinds.add(kind)
            if issubclass(kind, type) and obj.__flags__ & HEAP_TYPE:
                codes += _functions_of(obj, _MAKERS)
            for items in _items(obj):
                inside = set(map(type, items)).difference(SCALARS)
                kinds.update(each for each in inside if each.__flags__ & HEAP_TYPE)
                if not _HOLDERS.isdisjoint(inside):
                    waiting += [each for each in items if type(each) in _HOLDERS]
    for kind in kinds:
        codes += _functions_of(kind, None)
    return codes


def _functions_of(kind: type, names: frozenset[str] | None) -> list[CodeType]:
    """The code of the methods with these names, or without any of those that C code calls by itself."""
    return [
        value.__code__
        for base in kind.__mro__[:-1]
        for name, value in vars(base).items()
        if type(value) is FunctionType
        and (name in names if names is not None else name.startswith("__") and name not in _BESIDES)
    ]


def _items(obj: Any) -> Iterable[Iterable[object]]:
    kind = type(obj)
    if issubclass(kind, dict):
        return dict.keys(obj), dict.values(obj)
    for container in (list, tuple, set, frozenset, deque):
        if issubclass(kind, container):
            return (container.__iter__(obj),) if kind is not container else (obj,)
    return ()


_MAKERS = frozenset({"__init__", "__new__"})
_BESIDES = _MAKERS | {"__init_subclass__", "__set_name__", "__class_getitem__", "__del__", "__getattribute__"}
"""Special methods that are called where an object or a class is made or ends, or in any case."""

_HOLDERS = (
    ONLY_ITERATORS
    | {FunctionType, GeneratorType, MethodType, partial, type, slice}
    | {list, tuple, dict, set, frozenset, deque}
)
"""The types of what may be called, or hold something that may be."""
