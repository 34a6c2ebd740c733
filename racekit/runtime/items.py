"""The hooks for items, iteration, truth and operators."""

from __future__ import annotations

import sys
from collections import defaultdict
from gc import get_referents
from sys import getrefcount
from types import GeneratorType
from typing import Any
from weakref import WeakSet

from racekit.runtime import containers, originals
from racekit.runtime.announcing import access_item, alone, let_through, may_run_code, order_is_read, touch
from racekit.runtime.conflicts import ITEMS
from racekit.runtime.going_through import (
    ITERATORS,
    OF_CONSTANTS,
    is_iterator,
    is_watched_generator,
    reads,
    reads_through,
    sources,
    turn,
)
from racekit.runtime.library_objects import effect_of_special, is_library_object, used_with
from racekit.runtime.midst import calls_in_midst, load_default, stores_slice
from racekit.runtime.reachable import SCALARS, Touch
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_get_ident = originals.get_ident


def load_item(container: Any, key: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(container):
        return
    if not (TURN.several or site.shared):
        alone(site)
    elif issubclass(type(container), defaultdict):
        load_default(container, key, site, sys._getframe(1))
    else:
        if site.shared:
            _looks_for(container, key, "read", site)
        access_item(container, key, site, "read")


def _looks_for(container: Any, key: object, what: str, site: Site) -> None:
    """What is done to this item may run methods of its key, and of keys that are there, before."""
    compared = containers.keys_with_methods(container)
    if not containers.is_without_methods(key):
        compared.append(key)
    if compared:
        calls_in_midst(compared, [Touch(container, key, what)], site, sys._getframe(2))


def contains(container: Any, key: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(container):
        return
    if not (TURN.several or site.shared):
        alone(site)
    elif issubclass(type(container), dict | set) or containers.methods_of(container) is containers.METHODS[WeakSet]:
        if site.shared:
            _looks_for(container, key, "read", site)
        access_item(container, key, site, "read")
    else:
        may_run_code(container, key)
        _touch(list(reads_through(container, key)), (container, key), site)


def _touch(touched: list[Touch], objects: tuple[object, ...], site: Site) -> None:
    """The next instruction of the hook's caller touches these, and may call methods of `objects`."""
    if site.shared and touched:
        calls_in_midst(objects, touched, site, sys._getframe(2))
    touch(touched, site)


def store_item(container: Any, key: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(container):
        return
    if TURN.several or site.shared:
        if site.shared:
            _looks_for(container, key, "write", site)
            if type(key) is slice:
                stores_slice([Touch(container, ITEMS, "write")], sys._getframe(1))
        access_item(container, key, site, "write")
    else:
        alone(site)


def iterate(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(obj):
        return
    if TURN.several or site.shared:
        access_item(obj, ITEMS, site, "read")
    else:
        alone(site)
    order_is_read(obj)


def unpack(obj: Any, site: Site) -> None:
    kind = type(obj)
    if kind in _COMMONLY_UNPACKED or not is_iterator(kind):
        iterate(obj, site)
        return
    if _get_ident() != TURN.ident and let_through(obj):
        return
    if TURN.several or site.shared:
        _touch(list(turn(obj)), (obj,), site)
    else:
        alone(site)


_COMMONLY_UNPACKED = frozenset({tuple, list, dict, set, str})


def advance(iterator: Any, site: Site) -> None:
    kind = type(iterator)
    if kind not in ITERATORS and not is_iterator(kind):
        if _get_ident() == TURN.ident:
            may_run_code(iterator)
            if does := TURN.several and effect_of_special(iterator, "__next__"):
                touch(list(used_with(iterator, does)), site)
        return
    unshared = kind not in containers.METHODS and getrefcount(iterator) <= _REFERENCES_OF_A_LOOP
    if unshared and kind in OF_CONSTANTS:
        return
    if _get_ident() != TURN.ident and let_through(iterator):
        return
    if kind is GeneratorType:
        may_run_code(iterator)
        if unshared and is_watched_generator(iterator):
            return
    if not (TURN.several or site.shared):
        alone(site)
    elif kind in containers.METHODS:
        access_item(iterator, ITEMS, site, "read")
    elif not unshared or kind not in ITERATORS:
        _touch(list(turn(iterator)), (iterator,), site)
    elif kind in containers.ITERATORS:
        for container in get_referents(iterator):
            access_item(container, ITEMS, site, "read")
    else:
        _touch(list(sources(iterator)), (iterator,), site)


def _references(iterator: object) -> int:
    return getrefcount(iterator)


_REFERENCES_OF_A_LOOP = _references(iter([])) + 1
"""How many references a hook finds to an iterator that only the loop itself knows, so that nobody can share it."""


def truth(obj: Any, site: Site) -> None:
    if type(obj) is bool:
        return
    if containers.of(obj) is None:
        if _get_ident() == TURN.ident:
            may_run_code(obj)
            if TURN.several and (effect_of_special(obj, "__bool__") or effect_of_special(obj, "__len__")):
                touch(list(used_with(obj, "read")), site)
        return
    if _get_ident() != TURN.ident and let_through(obj):
        return
    if TURN.several or site.shared:
        access_item(obj, ITEMS, site, "read")
    else:
        alone(site)


def operate(left: Any, right: Any, site: Site) -> None:
    if type(left) in SCALARS and type(right) in SCALARS:
        return
    if _get_ident() != TURN.ident and let_through(left):
        return
    may_run_code(left, right)
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        read = reads_through if type(left) in (str, bytes, bytearray) else reads
        _touch([*read(left), *read(right)], (left, right), site)


def compare(left: Any, right: Any, site: Site) -> None:
    if type(left) in SCALARS and type(right) in SCALARS:
        return
    if _get_ident() != TURN.ident and let_through(left):
        return
    may_run_code(left, right)
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        _touch([*reads_through(left), *reads_through(right)], (left, right), site)


def show(obj: Any, site: Site) -> None:
    if type(obj) in SCALARS:
        return
    if _get_ident() != TURN.ident and let_through(obj):
        return
    may_run_code(obj)
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        _touch(list(reads_through(obj)), (obj,), site)


def operate_in_place(left: Any, right: Any, site: Site) -> None:
    if type(left) in SCALARS and type(right) in SCALARS:
        return
    if _get_ident() != TURN.ident and let_through(left):
        return
    may_run_code(left, right)
    if TURN.several or site.shared:
        if containers.methods_of(left) is not None:
            changed = [Touch(left, ITEMS, "write")]
        else:
            changed = list(used_with(left, "use")) if is_library_object(left) else []
        _touch([*changed, *reads(right)], (left, right), site)
