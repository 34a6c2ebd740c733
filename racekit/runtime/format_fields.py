"""`str.format` reads attributes for fields such as `{0.name}`, whose names only the text has."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any

from racekit.runtime.attributes import access_attribute
from racekit.runtime.named_attributes import site_at
from racekit.runtime.reachable import SCALARS, own_attributes
from racekit.watch.site import Site

_STEP = re.compile(r"\.(\w+)|\[([^\]]*)\]")


def read_fields(text: str, arguments: tuple[Any, ...], site: Site) -> None:
    """`text` is about to be formatted with these arguments, of which each may be what a field speaks of."""
    for steps in _fields(text):
        for obj in arguments:
            for name, key in steps:
                if type(obj) in SCALARS:
                    break
                if name:
                    access_attribute(obj, site_at(site, "load_attribute", name), "read")
                    obj = (own_attributes(obj) or {}).get(name)
                else:
                    obj = _item(obj, key)


def _fields(text: str) -> Iterator[list[tuple[str, str]]]:
    """The attributes and items that each field leads to, if there are attributes among them."""
    try:
        for _, field, spec, _ in string.Formatter().parse(text):
            if field and "." in field:
                yield _STEP.findall(field)
            if spec:
                yield from _fields(spec)
    except ValueError:
        return  # which formatting tells, too


def _item(container: Any, key: str) -> object:
    if type(container) is dict:
        return container.get(int(key) if key.isdecimal() else key)
    if type(container) in (list, tuple) and key.isdecimal() and int(key) < len(container):
        return container[int(key)]
    return None
