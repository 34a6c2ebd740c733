"""What the methods of the built-in containers, and the functions that take one, do to it."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
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
_DICT_READS = ["copy", "items", "keys", "values", "__len__", "__iter__"]
_DICT_KEY_READS = ["get", "__contains__", "__getitem__"]
_DICT_WRITES = ["clear", "popitem", "update", "move_to_end"]
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

_SEQUENCE = dict.fromkeys(_LIST_READS, ("read", False)) | dict.fromkeys(
    (*_LIST_WRITES, *_DEQUE_WRITES), ("write", False)
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

METHODS: dict[type, dict[str, tuple[str, bool]]] = {
    list: _SEQUENCE,
    deque: _SEQUENCE,
    bytearray: _SEQUENCE,
    dict: _MAPPING,
    defaultdict: _MAPPING,
    OrderedDict: _MAPPING,
    Counter: _MAPPING,
    set: _SET,
}
"""type -> method -> (effect, whether only the key that is its first argument matters).

The effect is "read", "write", "add" (a write unless the key is there) or "remove" (a write if the key is there).
"""

_READERS = (len, sum, sorted, min, max, any, all, repr, iter, list, tuple, set, frozenset, dict, enumerate, reversed)
READERS = frozenset(map(id, _READERS))
"""The ids of functions and types that read the container that is their first argument."""

BLIND_TO_ORDER = frozenset(
    {"__len__", "isdisjoint", "issubset", "issuperset", "len", "sum", "sorted", "min", "max", "any", "all", "set"}
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

_PLAIN_KEYS = frozenset({str, int, bool, float, bytes, type(None)})


def is_plain_key(key: object) -> bool:
    """Whether the key can be hashed and compared without running code of the user."""
    return type(key) in _PLAIN_KEYS


def methods_of(container: object) -> dict[str, tuple[str, bool]] | None:
    """The methods of this kind of container; those of the nearest built-in type for an instance of a subclass."""
    kind = type(container)
    found = METHODS.get(kind)
    if found is None and not isinstance(container, type):
        for base in kind.__mro__[1:]:
            if base in METHODS:
                return METHODS[base]
    return found


def part(container: Any, key: object) -> object:
    """What stands for the item with this key: a key that is equal for the same item, or WHOLE for any of them."""
    if not is_plain_key(key):
        return WHOLE
    if type(key) is int and key < 0 and not isinstance(container, dict | set):
        return key + len(container)
    return key


def effect(container: Any, what: str, key: object) -> str:
    """ "read" or "write": what an operation with this effect will do, now."""
    if what == "add":
        return "read" if is_plain_key(key) and key in container else "write"
    if what == "remove":
        return "write" if not is_plain_key(key) or key in container else "read"
    return what


def is_new_key(container: Any, part: object) -> bool:
    """Whether writing this part adds a key, so that it also decides the order of the keys."""
    return isinstance(container, dict | set) and part is not WHOLE and part not in container
