"""The hooks that watched code calls: shared accesses and calls, just before they happen.

This is the hot path. A hook first makes sure that its thread holds the baton; then an access at a place that takes part
in conflicts is a scheduling point, and any other one is only checked for a conflict.
"""

from __future__ import annotations

from collections import defaultdict
from functools import partial, reduce
from gc import get_referents
from operator import attrgetter
from sys import getrefcount
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GeneratorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

from racekit.runtime import containers, originals
from racekit.runtime.conflicts import ITEMS, PLACES
from racekit.runtime.files import PATH_FUNCTIONS
from racekit.runtime.footprints import ITERATORS, OF_CONSTANTS, SCALARS, Touch, reads, sources, touches, turn
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


def _step(site: Site, operation: str, obj: object, name: object) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access or (scheduler.after_calls and thread.breakable):
        thread.breakable = False
        scheduler.step(thread, site, operation, obj, name)
    else:
        thread.fresh = False


def _shared(obj: object, name: object, site: Site, operation: str) -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    if scheduler.every_access:
        scheduler.step(thread, site, operation, obj, name)
    else:
        _step(site, operation, obj, name)
    number = scheduler.conflicts.access(obj, name, site, operation == "write")
    scheduler.trace.append((thread.id, site, operation, (number, name)))


def touch(touched: list[Touch], site: Site) -> None:
    """One step that touches all of these: it counts once, however many they are."""
    if not touched:
        return
    scheduler, thread = TURN.scheduler, TURN.thread
    if site.shared:
        first = next((each for each in touched if each.what != "read"), touched[0])
        _step(site, "read" if first.what == "read" else "write", first.obj, first.part)
    for index, (obj, key, what, sees_order) in enumerate(touched):
        operation, part = (what, key) if containers.methods_of(obj) is None else _settled(obj, key, what)
        number = scheduler.conflicts.access(obj, part, site, operation == "write")
        if site.shared:
            scheduler.trace.append((thread.id, site, operation, (number, part)))
        if index:
            thread.counts[site.position] -= 1
        if sees_order and part is ITEMS:
            _order_is_read(obj)


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
    if TURN.scheduler.after_calls and _runs_code(obj, name):
        TURN.thread.breakable = True


def _runs_code(obj: Any, name: str) -> bool:
    """Whether an access to this attribute may run Python code: that of a property, or of the class's own methods."""
    kind = type(obj)
    for base in kind.__mro__[:-1]:
        found = vars(base)
        if any(type(found.get(method)) is FunctionType for method in _ATTRIBUTE_METHODS):
            return True
        if name in found:
            return type(found[name]) not in (FunctionType, MemberDescriptorType) and hasattr(found[name], "__get__")
    return False


_ATTRIBUTE_METHODS = ("__getattribute__", "__getattr__", "__setattr__", "__delattr__")


def _may_run_code(*operands: object) -> None:
    """An operator, a comparison or a loop calls methods of its operands: of classes that are written in Python, too."""
    if TURN.scheduler.after_calls:
        for operand in operands:
            if type(operand).__flags__ & containers.HEAP_TYPE or type(operand) is GeneratorType:
                TURN.thread.breakable = True


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
    if TURN.scheduler.after_calls:
        _may_run_code(container, key)
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
    _step(site, "read" if what == "read" else "write", container, containers.part(container, key))
    operation, part = _settled(container, key, what)
    number = TURN.scheduler.conflicts.access(container, part, site, operation == "write")
    TURN.scheduler.trace.append((TURN.thread.id, site, operation, (number, part)))


def _settled(container: Any, key: object, what: str) -> tuple[str, object]:
    """What is really done now, and to which part of the container."""
    operation, part = containers.effect(container, what, key), containers.part(container, key)
    if operation == "write" and containers.is_new_key(container, part):
        if PLACES.order_matters:
            part = ITEMS
        TURN.scheduler.conflicts.inserts(container)
    return operation, part


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
    if kind not in ITERATORS:
        if _get_ident() == TURN.ident:
            _may_run_code(iterator)
        return
    alone = kind not in containers.METHODS and getrefcount(iterator) <= _REFERENCES_OF_A_LOOP
    if alone and kind in OF_CONSTANTS:
        return
    if _get_ident() != TURN.ident and _let_through(iterator):
        return
    if kind is GeneratorType:
        _may_run_code(iterator)
        if alone:
            return
    if not (TURN.several or site.shared):
        _alone(site)
    elif kind in containers.METHODS:
        _item(iterator, ITEMS, site, "read")
    elif not alone:
        touch(list(turn(iterator)), site)
    elif kind in containers.ITERATORS:
        for container in get_referents(iterator):
            _item(container, ITEMS, site, "read")
    else:
        touch(list(sources(iterator)), site)


def _references(iterator: object) -> int:
    return getrefcount(iterator)


_REFERENCES_OF_A_LOOP = _references(iter([])) + 1
"""How many references a hook finds to an iterator that only the loop itself knows, so that nobody can share it."""


def truth(obj: Any, site: Site) -> None:
    if type(obj) is bool:
        return
    if containers.methods_of(obj) is None:
        if _get_ident() == TURN.ident:
            _may_run_code(obj)
        return
    if _get_ident() != TURN.ident and _let_through(obj):
        return
    if TURN.several or site.shared:
        _item(obj, ITEMS, site, "read")
    else:
        _alone(site)


def match_class(subject: Any, class_: Any, names: tuple[str, ...], site: Site) -> None:
    if _get_ident() != TURN.ident and _let_through(subject):
        return
    for name in (*getattr(class_, "__match_args__", ()), *names):
        found = _patterns.get((site, name))
        if found is None:
            found = Site("load_attribute", name, site.filename, site.line, site.function, site.namespace)
            _patterns[site, name] = found
            PLACES.add(found)
        access_attribute(subject, found, "read")


_patterns: dict[tuple[Site, str], Site] = {}
"""For each attribute that a class pattern was seen to read, a site of its own."""


def call(callable: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or (kind is MethodType and _is_watched_itself(callable)):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, (), site)


def call_with(callable: Any, first: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or (kind is MethodType and _is_watched_itself(callable)):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, (first,), site)


def call_many(callable: Any, arguments: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or (kind is MethodType and _is_watched_itself(callable)):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, arguments, site)


def call_unpacked(callable: Any, arguments: Any, site: Site) -> Any:
    kind = type(callable)
    if kind is FunctionType or (kind is MethodType and _is_watched_itself(callable)):
        if _get_ident() == TURN.ident:
            TURN.thread.breakable = True
        return callable
    return _call_built_in(callable, tuple(arguments) if type(arguments) in (tuple, list) else (), site)


def _is_watched_itself(method: Any) -> bool:
    """Whether a method is Python code of its own, and not that of a container of the standard library."""
    return type(method.__func__) is FunctionType and type(method.__self__) not in containers.IN_PYTHON


def _call_built_in(callable: Any, arguments: tuple[Any, ...], site: Site) -> Any:
    if _get_ident() != TURN.ident and _let_through(None):
        return callable
    TURN.thread.breakable = True
    kind = type(callable)
    if kind is BuiltinFunctionType:
        owner = callable.__self__
        methods = containers.METHODS.get(type(owner))
        if methods is None:
            replaced = REPLACED_METHODS.get(type(owner))
            if replaced is not None and callable.__name__ in replaced:
                return replaced[callable.__name__].__get__(owner)
            replacement = REPLACED_CALLABLES.get(id(callable))
            if replacement is not None:
                return replacement
            if (type(owner) is ModuleType or type(owner) in SCALARS) and _touches_nothing(callable, arguments):
                return callable
        elif not arguments or type(arguments[-1]) in SCALARS:
            name = callable.__name__
            method = methods.get(name)
            if method is not None:
                what, by_key = method
                if TURN.several or site.shared:
                    _item(owner, arguments[0] if by_key and arguments else ITEMS, site, what)
                if not by_key and name not in containers.BLIND_TO_ORDER:
                    _order_is_read(owner)
            return callable
    elif kind is partial:
        replacement = REPLACED_CALLABLES.get(id(callable.func))
        if replacement is not None:
            return partial(replacement, *callable.args, **callable.keywords)
    elif kind is attrgetter:
        return _attribute_getter(callable)
    elif isinstance(callable, type) and id(callable) not in containers.READERS:
        return callable
    if callable is vars and arguments:
        TURN.scheduler.conflicts.name_items(arguments[0])
    elif callable is globals:
        TURN.scheduler.conflicts.name_items(site.namespace)
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        touch(list(touches(callable, arguments)), site)
    return callable


def _touches_nothing(function: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether a function has only arguments that never change; a path is one that stands for a file, which does."""
    for argument in arguments:
        if type(argument) not in SCALARS:
            return False
    return id(function) not in PATH_FUNCTIONS and function is not globals


def _attribute_getter(getter: Any) -> Any:
    """What does the same as an `attrgetter`, and announces it."""
    load = REPLACED_CALLABLES[id(getattr)]
    names = [name.split(".") for name in getter.__reduce__()[1]]

    def get(obj: Any, /) -> Any:
        values = tuple(reduce(load, path, obj) for path in names)
        return values if len(values) > 1 else values[0]

    return get


def namespace(obj: Any, site: Site) -> None:
    if _get_ident() == TURN.ident:
        TURN.scheduler.conflicts.name_items(obj)


def operate(left: Any, right: Any, site: Site) -> None:
    if type(left) in SCALARS and type(right) in SCALARS:
        return
    if _get_ident() != TURN.ident and _let_through(left):
        return
    _may_run_code(left, right)
    if TURN.several or site.shared or TURN.scheduler.conflicts.unordered:
        touch([*reads(left), *reads(right)], site)


def operate_in_place(left: Any, right: Any, site: Site) -> None:
    if type(left) in SCALARS and type(right) in SCALARS:
        return
    if _get_ident() != TURN.ident and _let_through(left):
        return
    _may_run_code(left, right)
    if TURN.several or site.shared:
        changed = [] if containers.methods_of(left) is None else [Touch(left, ITEMS, "write")]
        touch([*changed, *reads(right)], site)


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
    match_class=match_class,
    call=call,
    call_with=call_with,
    call_many=call_many,
    call_unpacked=call_unpacked,
    loop=loop,
    operate=operate,
    operate_in_place=operate_in_place,
    namespace=namespace,
)
