"""`getattr`, `setattr`, `hasattr` and `delattr` in watched code: attributes whose names are found at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from racekit.runtime import originals
from racekit.runtime.accesses import access_attribute
from racekit.runtime.call_site import call_site
from racekit.runtime.conflicts import PLACES
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_sites: dict[tuple[Site, str, str], Site] = {}


def replacements(stores: Callable[[str], None]) -> dict[int, Any]:
    """By id, what is called instead of these functions; `stores` is told of each name that is stored."""

    def announce(obj: object, name: object, operation: str) -> None:
        if originals.get_ident() != TURN.ident or not isinstance(name, str):
            return
        base = call_site()
        if base is None:
            return
        if operation == "write":
            stores(name)
        site = _sites.get((base, name, operation))
        if site is None:
            kind = "load_attribute" if operation == "read" else "store_attribute"
            site = Site(kind, name, base.filename, base.line, base.function, base.namespace)
            _sites[base, name, operation] = site
            PLACES.add(site)
        access_attribute(obj, site, operation)

    def get(obj: Any, name: str, /, *default: Any) -> Any:
        announce(obj, name, "read")
        return getattr(obj, name, *default)

    def has(obj: Any, name: str, /) -> bool:
        announce(obj, name, "read")
        return hasattr(obj, name)

    def set(obj: Any, name: str, value: Any, /) -> None:
        announce(obj, name, "write")
        setattr(obj, name, value)

    def delete(obj: Any, name: str, /) -> None:
        announce(obj, name, "write")
        delattr(obj, name)

    return {id(getattr): get, id(hasattr): has, id(setattr): set, id(delattr): delete}
