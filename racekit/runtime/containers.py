"""What the methods of the built-in containers, and the functions that take one, do to it."""

from __future__ import annotations

import array
import io
import os
import random
import weakref
from collections import ChainMap, Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Iterable
from gc import get_referents
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MappingProxyType, WrapperDescriptorType
from typing import Any

from racekit.dependence import WHOLE

_LIST_READS = ["copy", "count", "index", "__len__", "__contains__", "__iter__", "__getitem__"]
_LIST_WRITES = [
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
    "__setitem__",
    "__delitem__",
    "__iadd__",
]
_DEQUE_WRITES = ["appendleft", "extendleft", "popleft", "rotate"]
_ARRAY_READS = ["buffer_info", "tobytes", "tofile", "tolist", "tounicode"]
_ARRAY_WRITES = ["byteswap", "frombytes", "fromfile", "fromlist", "fromunicode"]
_DICT_READS = ["copy", "items", "keys", "values", "elements", "most_common", "total", "__len__", "__iter__"]
_DICT_KEY_READS = ["get", "__contains__", "__getitem__"]
_DICT_WRITES = ["clear", "popitem", "update", "subtract", "move_to_end"]
_DICT_KEY_WRITES = ["__setitem__", "__delitem__"]
_SET_READS = [
    "copy",
    "difference",
    "intersection",
    "isdisjoint",
    "issubset",
    "issuperset",
    "symmetric_difference",
    "union",
    "__len__",
    "__iter__",
]
_SET_WRITES = ["clear", "difference_update", "intersection_update", "pop", "symmetric_difference_update", "update"]

_SEQUENCE = dict.fromkeys((*_LIST_READS, *_ARRAY_READS), ("read", False)) | dict.fromkeys(
    (*_LIST_WRITES, *_DEQUE_WRITES, *_ARRAY_WRITES), ("write", False)
)
_MAPPING = (
    dict.fromkeys(_DICT_READS, ("read", False))
    | dict.fromkeys(_DICT_KEY_READS, ("read", True))
    | dict.fromkeys(_DICT_WRITES, ("write", False))
    | dict.fromkeys(_DICT_KEY_WRITES, ("write", True))
    | {"setdefault": ("add", True), "pop": ("remove", True)}
)
_SET = (
    dict.fromkeys(_SET_READS, ("read", False))
    | dict.fromkeys(_SET_WRITES, ("write", False))
    | {"__contains__": ("read", True), "add": ("add", True), "discard": ("remove", True), "remove": ("remove", True)}
)

IN_PYTHON: dict[type, dict[str, tuple[str, bool]]] = {
    type(os.environ): _MAPPING,
    Counter: _MAPPING,
    weakref.WeakKeyDictionary: _MAPPING,
    weakref.WeakValueDictionary: _MAPPING,
    weakref.WeakSet: _SET,
}
"""The same as METHODS, for containers of the standard library that are written in Python, which is not watched."""

METHODS: dict[type, dict[str, tuple[str, bool]]] = {
    **IN_PYTHON,
    array.array: _SEQUENCE,
    list: _SEQUENCE,
    deque: _SEQUENCE,
    bytearray: _SEQUENCE,
    dict: _MAPPING,
    defaultdict: {**_MAPPING, "__getitem__": ("add", True)},
    OrderedDict: _MAPPING,
    set: _SET,
}
"""type -> method -> (effect, whether only the key that is its first argument matters).

The effect is "read", "write", "add" (a write unless the key is there) or "remove" (a write if the key is there).
"""

_READERS: tuple[type, ...] = (
    bool,
    int,
    float,
    io.BytesIO,
    list,
    tuple,
    set,
    frozenset,
    dict,
    str,
    bytes,
    bytearray,
    array.array,
    memoryview,
)
READERS = frozenset(map(id, (*_READERS, deque, OrderedDict, defaultdict, Counter, ChainMap, UserDict, UserList)))
"""The ids of types that are made from the containers that are their arguments."""

BLIND_TO_ORDER = frozenset(
    {
        "__len__",
        "isdisjoint",
        "issubset",
        "issuperset",
        "len",
        "sum",
        "sorted",
        "min",
        "max",
        "any",
        "all",
        "set",
        "bool",
    }
    | {"frozenset", "clear", "update"}
)
"""Names of the methods and functions above to which the order of the keys is all one."""

_EMPTY: dict[object, object] = {}
_ITERATORS: tuple[object, ...] = (
    iter([]),
    reversed([]),
    iter(_EMPTY),
    iter(_EMPTY.values()),
    iter(_EMPTY.items()),
    reversed(_EMPTY),
    iter(set()),
    iter(deque()),
    iter(bytearray()),
)
ITERATORS: frozenset[type] = frozenset(map(type, _ITERATORS)).union(METHODS)
"""What reads a container at each turn of a loop: iterators, which refer to it alone, or since 3.15 the container."""

OF_ARGUMENTS: dict[Any, str] = {
    **dict.fromkeys((random.Random.choice, random.Random.choices, random.Random.sample), "read"),
    random.Random.shuffle: "write",
}
"""Methods written in Python of what is no container, and what they do to the container that is their argument."""

PYTHON_METHODS = frozenset(
    function
    for kind in IN_PYTHON
    for base in kind.__mro__
    for function in vars(base).values()
    if type(function) is FunctionType
).union(OF_ARGUMENTS, (method for method in vars(random.Random).values() if type(method) is FunctionType))
"""The functions of those containers, by which a call of one is known also where a subclass inherits it."""

BUILTIN_METHOD: type = type(array.array("i").extend)
"""The type of those methods that know the class which defines them; that of the others is BuiltinFunctionType."""

BUILT_IN = frozenset({BuiltinFunctionType, BUILTIN_METHOD})
"""The types of functions, and of methods with what they belong to, that are written in C."""

HEAP_TYPE = 1 << 9
"""The flag of types that may be subclasses of others (Py_TPFLAGS_HEAPTYPE)."""

_PLAIN_KEYS = frozenset({str, int, bool, float, bytes, type(None)})
_KEYS_LOOKED_AT = 100


class _Keys:
    """`have_methods`: whether watched code defines how objects are compared, so that it is worth looking for some."""

    have_methods = False


KEYS = _Keys()


def keys_with_methods(container: Any) -> list[object]:
    """The keys of a dict, or members of a set, that may have methods written in Python; of a large one, the first."""
    if not (KEYS.have_methods and issubclass(type(container), dict | set)):
        return []
    keys: Iterable[object] = dict.__iter__(container) if issubclass(type(container), dict) else set.__iter__(container)
    return [key for key in islice(keys, _KEYS_LOOKED_AT) if not is_without_methods(key)]


def is_without_methods(key: object) -> bool:
    """Whether nothing written in Python hashes or compares this key."""
    return type(key) in _PLAIN_KEYS or (type(key) is tuple and _PLAIN_KEYS.issuperset(map(type, key)))


def is_plain_key(key: object) -> bool:
    """Whether the key can be hashed and compared without running code of the user."""
    return type(key) in _PLAIN_KEYS


UNKNOWN: dict[str, tuple[str, bool]] = {}
"""Stands for the methods of a container that only C code knows, such as a `mmap`, or an array of `ctypes`."""

_tables: dict[type, dict[str, tuple[str, bool]] | None] = {**METHODS, memoryview: None}


def methods_of(container: object) -> dict[str, tuple[str, bool]] | None:
    """The methods of this kind of container; those of the nearest built-in type for an instance of a subclass."""
    kind = type(container)
    try:
        return _tables[kind]
    except KeyError:
        found = _methods_of_kind(kind)
        if not kind.__flags__ & HEAP_TYPE:
            _tables[kind] = found
        return found


def _methods_of_kind(kind: type) -> dict[str, tuple[str, bool]] | None:
    if not issubclass(kind, type):
        for base in kind.__mro__[1:-1]:
            if base in METHODS:
                return METHODS[base]
        if type(getattr(kind, "__setitem__", None)) is WrapperDescriptorType:
            return UNKNOWN
    return None


_VIEWS = frozenset(
    type(view)
    for table in (_EMPTY, OrderedDict[object, object]())
    for view in (table.keys(), table.values(), table.items(), MappingProxyType(table))
)


def of(obj: Any) -> Any:
    """The container that `obj` is, or shows as a view of it; None if it is none."""
    if methods_of(obj) is not None:
        return obj
    kind = type(obj)
    if kind in _VIEWS:
        return next((found for found in get_referents(obj) if methods_of(found) is not None), None)
    return obj.obj if kind is memoryview and methods_of(obj.obj) is not None else None


def part(container: Any, key: object) -> object:
    """What stands for the item with this key: a key that is equal for the same item, or WHOLE for any of them."""
    if not is_plain_key(key):
        return WHOLE
    if type(key) is int and key < 0 and not issubclass(type(container), dict | set):
        return key + len(container)
    return key


def effect(container: Any, what: str, key: object) -> str:
    """ "read" or "write": what an operation with this effect will do, now."""
    if what in ("add", "remove"):
        if not is_plain_key(key) or keys_with_methods(container):
            return "write"
        return "read" if (key in container) == (what == "add") else "write"
    return what


def is_new_key(container: Any, part: object) -> bool:
    """Whether writing this part adds a key, so that it also decides the order of the keys."""
    if not issubclass(type(container), dict | set) or part is WHOLE:
        return False
    return bool(keys_with_methods(container)) or part not in container
