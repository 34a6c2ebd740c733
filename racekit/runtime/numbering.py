"""The numbers of what a new thread shares are the same in each execution."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, cast

from racekit.runtime.conflicts import Conflicts
from racekit.runtime.reachable import own_attributes


def number_reachable(conflicts: Conflicts, thread: threading.Thread) -> None:
    """Number what can be reached from a thread that is about to start, in an order that no schedule changes.

    So the objects that it shares have the same numbers in all executions that are alike up to here.
    """
    seen: set[int] = set()
    level: list[object] = [value for name, value in thread.__dict__.items() if name not in _OWN_ATTRIBUTES_OF_THREADS]
    for _ in range(_DEPTH_NUMBERED):
        following: list[object] = []
        for found in level:
            kind, identity = type(found), id(found)
            if kind in _ATOMS or identity in seen:
                continue
            if len(seen) >= _REACHABLE_NUMBERED:
                return
            seen.add(identity)
            if kind not in _NEVER_CHANGED and identity not in conflicts.objects:
                conflicts.record(found)
            following += _parts(found, kind)
        if not following:
            return
        level = following


def _parts(obj: Any, kind: type) -> Iterable[object]:
    if kind is list or kind is tuple:
        return cast(Iterable[object], obj)
    if kind is FunctionType:
        return obj.__closure__ or ()
    if kind is MethodType:
        return (obj.__self__, *(obj.__func__.__closure__ or ()))
    if kind is CellType:
        try:
            return (obj.cell_contents,)
        except ValueError:
            return ()
    if issubclass(kind, dict):
        return dict.values(obj)
    if issubclass(kind, list):
        return list.__iter__(obj)
    if issubclass(kind, tuple):
        return tuple.__iter__(obj)
    return (own_attributes(obj) or {}).values()


_ATOMS = frozenset({int, float, str, bytes, bool, type(None), BuiltinFunctionType, ModuleType, type})
_NEVER_CHANGED = frozenset({FunctionType, MethodType, tuple})
_OWN_ATTRIBUTES_OF_THREADS = frozenset(vars(threading.Thread(name="any"))) - {"_target", "_args", "_kwargs"}
_DEPTH_NUMBERED = 5
_REACHABLE_NUMBERED = 300
