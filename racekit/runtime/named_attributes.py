"""`getattr`, `object.__setattr__` and the like in watched code: attributes whose names are found at run time."""

from __future__ import annotations

from collections.abc import Callable
from types import GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from racekit.runtime import originals
from racekit.runtime.attributes import access_attribute, store_class
from racekit.runtime.call_site import call_site
from racekit.runtime.places import PLACES
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_sites: dict[tuple[Site, str, str], Site] = {}


def site_of_caller(kind: str, name: str) -> Site | None:
    """The place in the nearest watched caller, for an access of this kind; None if no watched code is involved."""
    base = call_site()
    return None if base is None else site_at(base, kind, name)


def site_at(base: Site, kind: str, name: str) -> Site:
    """A place for an access of this kind where `base` is."""
    site = _sites.get((base, name, kind))
    if site is None:
        site = Site(kind, name, base.filename, base.line, base.function, base.namespace)
        _sites[base, name, kind] = site
        PLACES.add(site)
    return site


def replacements(note_store: Callable[[str], None]) -> dict[int, Any]:
    """By id, what is called instead of these functions; `note_store` is told of each name that is stored."""

    def announce(obj: object, name: object, operation: str) -> None:
        if originals.get_ident() != TURN.ident or not isinstance(name, str):
            return
        kind = "load_attribute" if operation == "read" else "store_attribute"
        site, born_at = site_of_caller(kind, name), TURN.thread.born_at
        if site is None and born_at is not None:
            site = site_at(born_at, kind, name)  # the thread was started to do just this
        if site is not None:
            if operation == "write":
                note_store(name)
            access_attribute(obj, site, operation)

    def reading(function: Callable[..., Any]) -> Callable[..., Any]:
        def read(obj: Any, name: Any, /, *default: Any) -> Any:
            announce(obj, name, "read")
            return function(obj, name, *default)

        return read

    def storing(function: Callable[..., Any]) -> Callable[..., Any]:
        def store(obj: Any, name: Any, /, *value: Any) -> None:
            announce(obj, name, "write")
            if name == "__class__" and value and call_site() is not None:
                store_class(*value, obj)
            function(obj, name, *value)

        return store

    def by_descriptor(function: Callable[..., Any], operation: str) -> Callable[..., Any]:
        def access(descriptor: Any, obj: Any = None, /, *value: Any) -> Any:
            if obj is not None:
                announce(obj, descriptor.__name__, operation)
            return function(descriptor, obj, *value)

        return access

    reads: tuple[Callable[..., Any], ...] = (getattr, hasattr, *_methods("__getattribute__"))
    stores: tuple[Callable[..., Any], ...] = (setattr, delattr, *_methods("__setattr__"), *_methods("__delattr__"))
    return (
        {id(function): reading(function) for function in reads}
        | {id(function): storing(function) for function in stores}
        | {
            id(vars(kind)[method]): by_descriptor(vars(kind)[method], "read" if method == "__get__" else "write")
            for kind in (MemberDescriptorType, GetSetDescriptorType)
            for method in ("__get__", "__set__", "__delete__")
        }
    )


def _methods(name: str) -> tuple[Callable[..., Any], ...]:
    return tuple(vars(owner)[name] for owner in (object, type, super, ModuleType) if name in vars(owner))
