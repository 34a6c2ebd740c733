"""The hooks that watched code calls: shared accesses and calls, just before they happen.

This is the hot path. A hook first makes sure that its thread holds the baton; then an access at a place that takes part
in conflicts is a scheduling point, and any other one is only checked for a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from gc import get_referents
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

from racekit.runtime import containers, originals
from racekit.runtime.conflicts import ITEMS, PLACES
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import turn_back
from racekit.watch.rewrite import Hooks
from racekit.watch.site import Site

_get_ident = originals.get_ident
_class_attributes_stored: set[str] = set()

REPLACED_CALLABLES: dict[int, Any] = {}
"""By the id of a built-in function that is under control, what is called instead: what its modules hold meanwhile."""

REPLACED_METHODS: dict[type, dict[str, Any]] = {}
"""Methods of built-in types that are under control, for bound methods that were made before."""


def _let_through(touched: object) -> bool:
    thread = out_of_turn(touched, in_watched_code=True)
    return thread is None or thread.unwinding


def _shared(obj: object, name: object, site: Site, operation: str) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access or (scheduler.after_calls and thread.breakable):
        thread.breakable = False
        scheduler.step(thread, site, operation, obj, name)
    else:
        thread.fresh = False
    number = scheduler.conflicts.access(obj, name, site, operation == "write")
    scheduler.trace.append((thread.id, site, operation, (number, name)))


def _alone(site: Site) -> None:
    """An access while no other thread could run: it only counts, so that positions are the same in each schedule."""
    thread = TURN.thread
    thread.looked = True
    counts, position = thread.counts, site.position
    counts[position] = counts.get(position, 0) + 1


def _attribute(obj: Any, site: Site, operation: str) -> None:
    name = site.name
    if type(obj) is ModuleType:
        obj = obj.__dict__
    elif isinstance(obj, type):
        if operation == "write":
            _class_attributes_stored.add(name)
    elif operation == "read" and name in _class_attributes_stored:
        obj = _where_found(obj, name)
    if site.shared:
        _shared(obj, name, site, operation)
    else:
        TURN.scheduler.conflicts.access(obj, name, site, operation == "write")


def _where_found(obj: Any, name: str) -> Any:
    if name in getattr(obj, "__dict__", ()):
        return obj
    return next((base for base in type(obj).__mro__ if name in base.__dict__), obj)


def load_attribute(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(obj):
        return
    if TURN.several or site.shared:
        _attribute(obj, site, "read")
    else:
        _alone(site)


def store_attribute(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(obj):
        return
    access_attribute(obj, site, "write")


def access_attribute(obj: Any, site: Site, operation: str) -> None:
    """The thread with the baton is about to "read" or "write" the attribute of `obj` that `site` names."""
    if TURN.several or site.shared:
        _attribute(obj, site, operation)
        return
    _alone(site)
    if operation == "write" and isinstance(obj, type):
        _class_attributes_stored.add(site.name)


def _variable(holder: object, name: str, site: Site, operation: str) -> None:
    if site.shared:
        _shared(holder, name, site, operation)
    else:
        TURN.scheduler.conflicts.access(holder, name, site, operation == "write")


def load_global(site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(None):
        return
    if TURN.several or site.shared:
        _variable(site.namespace, site.name, site, "read")
    else:
        _alone(site)


def store_global(site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(None):
        return
    if TURN.several or site.shared:
        _variable(site.namespace, site.name, site, "write")
    else:
        _alone(site)


def load_cell(cell: CellType, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(None):
        return
    if TURN.several or site.shared:
        _variable(cell, site.name, site, "read")
    else:
        _alone(site)


def store_cell(cell: CellType, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(None):
        return
    if TURN.several or site.shared:
        _variable(cell, site.name, site, "write")
    else:
        _alone(site)


def _item(container: Any, key: object, site: Site, what: str) -> None:
    """`what`, as in `containers.METHODS`, is about to be done to an item, or to all of them."""
    if containers.methods_of(container) is None:
        if not TURN.several and site.kind != "call":
            _alone(site)  # as where the site is not shared
        return
    if site.shared:
        _shared_item(container, key, site, what)
    else:
        TURN.scheduler.conflicts.access(container, key, site, containers.effect(container, what, key) == "write")


def _shared_item(container: Any, key: object, site: Site, what: str) -> None:
    """Which item that is, and whether it is changed, is known when the thread has its turn again."""
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access or (scheduler.after_calls and thread.breakable):
        thread.breakable = False
        announced = "read" if what == "read" else "write"
        scheduler.step(thread, site, announced, container, containers.part(container, key))
    else:
        thread.fresh = False
    operation, part = containers.effect(container, what, key), containers.part(container, key)
    if operation == "write" and containers.is_new_key(container, part):
        if PLACES.order_matters:
            part = ITEMS
        scheduler.conflicts.inserts(container)
    number = scheduler.conflicts.access(container, part, site, operation == "write")
    scheduler.trace.append((thread.id, site, operation, (number, part)))


def _order_is_read(container: object) -> None:
    conflicts = TURN.scheduler.conflicts
    if conflicts.unordered:
        conflicts.order_is_read(container)


def load_item(container: Any, key: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(container):
        return
    if TURN.several or site.shared:
        _item(container, key, site, "add" if isinstance(container, defaultdict) else "read")
    else:
        _alone(site)


def store_item(container: Any, key: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(container):
        return
    if TURN.several or site.shared:
        _item(container, key, site, "write")
    else:
        _alone(site)


def iterate(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(obj):
        return
    if TURN.several or site.shared:
        _item(obj, ITEMS, site, "read")
    else:
        _alone(site)
    _order_is_read(obj)


def advance(iterator: Any, site: Site) -> None:
    kind = type(iterator)
    if kind not in containers.ITERATORS:
        return
    if _get_ident() != TURN.ident and _let_through(iterator):
        return
    if TURN.several or site.shared:
        for container in (iterator,) if kind in containers.METHODS else get_referents(iterator):
            _item(container, ITEMS, site, "read")
    else:
        _alone(site)


def truth(obj: Any, site: Site) -> None:
    if type(obj) is bool or containers.methods_of(obj) is None:
        return
    if _get_ident() != TURN.ident and _let_through(obj):
        return
    if TURN.several or site.shared:
        _item(obj, ITEMS, site, "read")
    else:
        _alone(site)


def call(callable: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or kind is MethodType:
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, ITEMS, site)


def call_with(callable: Any, first: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or kind is MethodType:
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, first, site)


def call_unpacked(callable: Any, arguments: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or kind is MethodType:
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    first = arguments[0] if type(arguments) is tuple and arguments else ITEMS
    return _call_built_in(callable, first, site)


def _call_built_in(callable: Any, first: Any, site: Site) -> Any:
    if _get_ident() != TURN.ident and _let_through(None):
        return callable
    TURN.thread.breakable = True
    if type(callable) is BuiltinFunctionType:
        owner = callable.__self__
        methods = containers.methods_of(owner)
        if methods is not None:
            name = callable.__name__
            method = methods.get(name)
            if method is not None:
                what, by_key = method
                if TURN.several or site.shared:
                    _item(owner, first if by_key else ITEMS, site, what)
                if not by_key and name not in containers.BLIND_TO_ORDER:
                    _order_is_read(owner)
            return callable
        replaced = REPLACED_METHODS.get(type(owner))
        if replaced is not None and callable.__name__ in replaced:
            return replaced[callable.__name__].__get__(owner)
        replacement = REPLACED_CALLABLES.get(id(callable))
        if replacement is not None:
            return replacement
    elif type(callable) is partial:
        replacement = REPLACED_CALLABLES.get(id(callable.func))
        return callable if replacement is None else partial(replacement, *callable.args, **callable.keywords)
    elif not isinstance(callable, type):
        return callable
    if first is not ITEMS and id(callable) in containers.READERS:
        if TURN.several or site.shared:
            _item(first, ITEMS, site, "read")
        if callable.__name__ not in containers.BLIND_TO_ORDER:
            _order_is_read(first)
    return callable


def loop(site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(None):
        return
    thread = TURN.thread
    thread.breakable = True
    turn_back(TURN.scheduler, thread, site)


HOOKS = Hooks(
    load_attribute=load_attribute,
    store_attribute=store_attribute,
    delete_attribute=store_attribute,
    load_global=load_global,
    store_global=store_global,
    delete_global=store_global,
    load_cell=load_cell,
    store_cell=store_cell,
    delete_cell=store_cell,
    load_item=load_item,
    store_item=store_item,
    delete_item=store_item,
    contains=load_item,
    iterate=iterate,
    advance=advance,
    truth=truth,
    call=call,
    call_with=call_with,
    call_unpacked=call_unpacked,
    loop=loop,
)
