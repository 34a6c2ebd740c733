"""The hooks for attributes, module globals and variables of enclosing functions."""

from __future__ import annotations

from types import CellType, FunctionType, MemberDescriptorType, ModuleType
from typing import Any
from weakref import CallableProxyType, ProxyType

from racekit.dependence import WHOLE
from racekit.runtime import originals
from racekit.runtime.announcing import alone, let_through, shared_access, touch
from racekit.runtime.footprints import attribute
from racekit.runtime.places import PLACES
from racekit.runtime.reachable import Touch, own_attributes
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_get_ident = originals.get_ident
_class_attributes_stored: set[str] = set()
"""Names of attributes that this exploration has seen stored in a class."""


def forget() -> None:
    """An exploration begins: nothing is known of what will be stored in classes, or instead of them."""
    _class_attributes_stored.clear()
    _replaced.clear()


_STANDING_FOR_OTHERS = frozenset({ModuleType, ProxyType, CallableProxyType})


def _referent(proxy: Any) -> Any:
    """What a weak proxy stands for."""
    try:
        return proxy.__reduce_ex__.__self__
    except ReferenceError:
        return proxy


def _attribute(obj: Any, site: Site, operation: str) -> None:
    name: Any = site.name
    if type(obj) is CellType:
        name = WHOLE
        TURN.scheduler.conflicts.name_items(obj)
    elif type(obj) in _STANDING_FOR_OTHERS:
        obj = obj.__dict__ if type(obj) is ModuleType else _referent(obj)
    elif operation == "read":
        if name in _class_attributes_stored:
            touch([Touch(each, name, "read") for each in _looked_through(obj, name)], site)
            if TURN.scheduler.after_calls:
                _may_run_code(obj, name)
            return
    elif issubclass(type(obj), type) and name not in _class_attributes_stored:
        _class_attributes_stored.add(name)
        PLACES.grown = True  # nobody has told so far which classes were looked through
    if site.shared:
        shared_access(obj, name, site, operation)
    else:
        TURN.scheduler.conflicts.access(obj, name, site, operation == "write")
    if TURN.scheduler.after_calls:
        _may_run_code(obj, name)


def _may_run_code(obj: Any, name: str) -> None:
    if _runs_code(obj, name):
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


def _looked_through(obj: Any, name: str) -> list[Any]:
    """The object, and the classes, in which an attribute is looked for, up to where it is found."""
    if name in (own_attributes(obj) or ()):
        return [obj]
    if issubclass(type(obj), type):
        looked, classes = [], (*obj.__mro__, *type(obj).__mro__)
    else:
        looked, classes = [obj], type(obj).__mro__
    for each in classes:
        looked.append(each)
        if name in vars(each):
            break
    return looked


def load_attribute(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(obj):
        return
    if TURN.several or site.shared:
        _attribute(obj, site, "read")
    else:
        alone(site)


def load_changing(obj: Any, site: Site) -> None:
    found = list(attribute(obj))
    if not found:
        load_attribute(obj, site)
    elif _get_ident() == TURN.ident or not let_through(obj):
        if TURN.several or site.shared:
            touch(found, site)
        else:
            alone(site)


def store_attribute(obj: Any, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(obj):
        return
    access_attribute(obj, site, "write")


_HOLDING_OTHERS = frozenset({"__dict__", "__class__"})
"""To store one of these is to store whatever it holds."""


_replaced: set[str] = set()
"""Which of them this exploration has seen stored."""


def ask_class(obj: Any, site: Site) -> None:
    """The thread with the baton is about to ask for the class of `obj` otherwise than as an attribute."""
    if "__class__" in _replaced:
        access_attribute(obj, site, "read")


def _store_names_of(kind: Any) -> None:
    for base in kind.__mro__[:-1]:
        for name in vars(base):
            if not name.startswith("__"):
                TURN.scheduler.conflicts.stores(name)


def store_class(kind: Any, *_: object) -> None:
    """Before the class of an object is replaced: what only the new one has is stored, too."""
    if _get_ident() == TURN.ident and isinstance(kind, type):
        _store_names_of(kind)


def _store_all(obj: Any, site: Site) -> None:
    if site.name not in _replaced:
        _replaced.add(site.name)
        PLACES.grown = True  # nobody has told so far that it is asked for
    conflicts = TURN.scheduler.conflicts
    conflicts.name_items(obj)
    _store_names_of(type(obj))
    if site.shared:
        shared_access(obj, WHOLE, site, "write")
    else:
        conflicts.access(obj, WHOLE, site, True)
    TURN.thread.counts[site.position] -= 1  # the attribute itself is part of the same access


def access_attribute(obj: Any, site: Site, operation: str) -> None:
    """The thread with the baton is about to "read" or "write" the attribute of `obj` that `site` names."""
    if operation == "write" and site.name in _HOLDING_OTHERS:
        _store_all(obj, site)
    if TURN.several or site.shared:
        _attribute(obj, site, operation)
        return
    alone(site)
    if operation == "write" and issubclass(type(obj), type):
        _class_attributes_stored.add(site.name)


def _variable(holder: object, name: str, site: Site, operation: str) -> None:
    if site.shared:
        shared_access(holder, name, site, operation)
    else:
        TURN.scheduler.conflicts.access(holder, name, site, operation == "write")


def load_global(site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(None):
        return
    if TURN.several or site.shared:
        _variable(site.namespace, site.name, site, "read")
    else:
        alone(site)


def store_global(site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(None):
        return
    if TURN.several or site.shared:
        _variable(site.namespace, site.name, site, "write")
    else:
        alone(site)


def load_cell(cell: CellType, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(None):
        return
    if TURN.several or site.shared:
        _variable(cell, site.name, site, "read")
    else:
        alone(site)


def store_cell(cell: CellType, site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(None):
        return
    if TURN.several or site.shared:
        _variable(cell, site.name, site, "write")
    else:
        alone(site)


def match_class(subject: Any, class_: Any, names: tuple[str, ...], site: Site) -> None:
    if _get_ident() != TURN.ident and let_through(subject):
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


def namespace(obj: Any, site: Site) -> None:
    if _get_ident() == TURN.ident:
        TURN.scheduler.conflicts.name_items(obj)
        if type(obj) is FunctionType:
            TURN.scheduler.conflicts.name_items(obj.__globals__)
