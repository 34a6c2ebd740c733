"""What is read by whoever goes through a whole structure, as `json.dumps`, `==` and `copy.deepcopy` do in C.

Every container inside of it is read, however deep it lies; where objects are gone through as well, all their attributes
are, as always those of a `SimpleNamespace`. Nothing of the user's code is run to find out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, MemberDescriptorType, MethodType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from racekit.dependence import WHOLE
from racekit.runtime import containers

SCALARS = frozenset({int, float, complex, str, bytes, bool, type(None), slice, range})
"""The commonest types whose objects never change, and hold none that do."""

_NOT_GONE_THROUGH = (type, ModuleType, FunctionType, MethodType)


class Touch(NamedTuple):
    """One access of a call: the object, the key of it (WHOLE for any), and what is done, as in `containers.METHODS`.

    `sees_order`: what comes of it may depend on the order of the items. `named`: the parts of the object are its
    attributes, by name.
    """

    obj: object
    part: object
    what: str
    sees_order: bool = True
    named: bool = False


def is_namespace(obj: object) -> bool:
    return type(obj) is SimpleNamespace


def has_attributes(obj: object) -> bool:
    kind = type(obj)
    return is_namespace(obj) or (
        bool(kind.__flags__ & containers.HEAP_TYPE) and not issubclass(kind, _NOT_GONE_THROUGH)
    )


def everything_in(*roots: object, enters: Callable[[object], bool] = is_namespace) -> Iterator[Touch]:
    """All that can be reached from `roots` through containers, and through the attributes of objects that it enters."""
    found, owners = gone_through(roots, enters)
    for container in found:
        yield Touch(container, WHOLE, "read")
    for owner in owners:
        yield Touch(owner, WHOLE, "read", named=True)


def gone_through(
    roots: Iterable[object], enters: Callable[[object], bool] = is_namespace
) -> tuple[list[object], list[object]]:
    """The containers, and the objects with attributes, that can be reached from `roots`."""
    found: list[object] = []
    owners: list[object] = []
    seen: set[int] = set()
    waiting = [root for root in roots if type(root) not in SCALARS]
    for obj in waiting:  # which grows meanwhile
        identity = id(obj)
        if identity in seen:
            continue
        seen.add(identity)
        kind = type(obj)
        parts: Iterable[object]
        if kind is dict:
            found.append(obj)
            parts = obj.values()  # type: ignore[attr-defined]
        elif kind is list:
            found.append(obj)
            parts = obj  # type: ignore[assignment]
        elif issubclass(kind, tuple):
            parts = tuple.__iter__(obj)  # type: ignore[arg-type]
        elif (container := containers.of(obj)) is not None:
            if container is not obj:
                waiting.append(container)
                continue
            found.append(obj)
            parts = _items(obj)
        elif enters(obj):
            owners.append(obj)
            parts = _attributes(obj)
        else:
            continue
        waiting += [part for part in parts if type(part) not in SCALARS]
    return found, owners


def _items(container: Any) -> Iterable[object]:
    """What may be another container: the keys of a dict and the members of a set never change."""
    if issubclass(type(container), dict):
        return dict.values(container)
    if issubclass(type(container), list):
        return list.__iter__(container)
    return deque.__iter__(container) if issubclass(type(container), deque) else ()


def _attributes(obj: Any) -> Iterable[object]:
    for base in type(obj).__mro__:
        for descriptor in vars(base).values():
            if type(descriptor) is MemberDescriptorType:
                try:
                    yield descriptor.__get__(obj)
                except AttributeError:
                    continue
    yield from (own_attributes(obj) or {}).values()


def own_attributes(obj: object) -> dict[str, Any] | None:
    """The `__dict__` of an object, if it has one, without running code of its class."""
    try:
        attributes = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None
    return attributes if type(attributes) is dict else None


_MODULE: Any = vars(type)["__module__"]


def module_of(kind: type) -> str:
    """The name of the module that defines a class, also of one whose objects have a property for theirs."""
    for base in kind.__mro__:
        is_heap_type = base.__flags__ & containers.HEAP_TYPE
        name = vars(base).get("__module__") if is_heap_type else _MODULE.__get__(base)
        if isinstance(name, str):
            return name
    return "builtins"
