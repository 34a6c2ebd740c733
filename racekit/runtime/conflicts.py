"""The objects that threads touch, and which accesses to them conflict: those are made at places that are marked.

A location that only one thread touches, that nobody changes, or that every thread touches under one common lock cannot
be seen differently in another interleaving (every pair of accesses is ordered by happens-before, or both are reads).
So the accesses to it need no scheduling point: this is the reduction of Musuvathi and Qadeer ("Iterative context
bounding", PLDI 2007), with the lockset of Savage et al. ("Eraser", TOCS 1997) as a cautious race detector. When an
execution shows that a place does take part in a conflict, the place is marked and the search begins anew with it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable
from gc import get_referents
from types import CellType, ModuleType
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime.library_objects import attributes_of_class
from racekit.runtime.places import PLACES
from racekit.runtime.reachable import own_attributes
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_CONTAINERS_KEPT = 64
WEAK_CONTAINERS = frozenset[type]({weakref.WeakValueDictionary, weakref.WeakKeyDictionary, weakref.WeakSet})
_WITHOUT_WEAK_REFERENCES = frozenset[type]({dict, list, tuple, CellType})


ITEMS = WHOLE


class Location:
    """Who touched one location in this execution: `thread` is None once it was more than one.

    It is `contested`, and stays so, once several threads have touched it, one changed it, and no lock is common to all.
    """

    __slots__ = ("changed", "contested", "lockset", "sites", "thread")

    def __init__(self, thread: ControlledThread) -> None:
        self.thread: ControlledThread | None = thread
        self.changed = False
        self.contested = False
        self.lockset: frozenset[int] = thread.lockset
        self.sites: set[Site] = set()

    def touch(self, thread: ControlledThread, site: Site, changes: bool) -> None:
        """`thread` reads or changes it at `site`."""
        if self.contested:
            if not site.shared:
                PLACES.mark(site)
            return
        self.sites.add(site)
        if self.thread is not thread:
            self.thread = None
        if changes:
            self.changed = True
        if self.lockset is not thread.lockset:
            self.lockset &= thread.lockset
        if self.thread is None and self.changed and not self.lockset:
            self.contested = True
            for touched in self.sites:
                if not touched.shared:
                    PLACES.mark(touched)


class SharedObject:
    """The locations of one object that threads have touched; its `number` is the same in each execution."""

    __slots__ = ("has_named_items", "inserting", "locations", "number", "reference")

    def __init__(self, number: int, reference: object) -> None:
        self.number = number
        self.has_named_items = False
        self.reference = reference
        self.inserting: set[int] = set()
        self.locations: dict[object, Location] = {}


class Conflicts:
    """The objects that the threads of one execution touch, and the conflicts found among the accesses.

    `owners[number]` is what kind of object it is, in words. `unordered`: several threads have added keys to one
    container, so that the order of its keys depends on the schedule. `stores` is told of attributes that are stored as
    items, `finds_weak` of containers whose items may die. taken[id(queue)]: how many items were taken. `used`: the
    numbers of objects whose methods are not watched.
    """

    def __init__(self) -> None:
        self.objects: dict[int, SharedObject] = {}
        self.stores: Callable[[str], object] = str
        self.finds_weak: Callable[[Any], object] = id
        self._containers = 0
        self._sweep_at = _CONTAINERS_KEPT
        self._namespaces: list[dict[str, Any]] = []  # kept, so that nothing else can be taken for one of them
        self.owners: list[str] = []
        self.unordered = False
        self.taken: dict[int, int] = {}
        self.used: set[int] = set()

    def record(self, obj: Any, kind: str | None = None) -> SharedObject:
        """The record of `obj`, which keeps its identity: while it lives, no other object is taken for it.

        kind: its kind in words, if that tells more than its type.
        """
        identity = id(obj)
        record = self.objects.get(identity)
        if record is None:
            record = self.objects[identity] = SharedObject(len(self.owners), self._hold(obj, identity))
            if type(obj) in WEAK_CONTAINERS:
                self.finds_weak(obj)
            self.owners.append(kind or (obj.__name__ if issubclass(type(obj), type) else type(obj).__name__))
        return record

    def access(self, obj: object, name: object, site: Site, changes: bool) -> int:
        """`TURN.thread` accesses `name` of `obj` at `site`; returns the number of the object.

        `name` is an attribute's or a variable's, or the key of an item; but which keys there are is part of every key's
        state, so conflicts are looked for among all items of a container.
        """
        record = self.objects.get(id(obj))
        if record is None:
            record = self.record(obj)
        thread = TURN.thread
        thread.looked = True
        counts, position = thread.counts, site.position
        counts[position] = counts.get(position, 0) + 1
        if changes:
            thread.quiet_loops = thread.quiet_sleeps = 0
        if not TURN.several:
            return record.number  # whatever other threads do comes before or after
        if record.has_named_items:
            return self._access_named(record, name, site, changes)
        part = name if site.name else ITEMS
        location = record.locations.get(part)
        if location is None:
            location = record.locations[part] = Location(thread)
        if not location.contested:
            location.touch(thread, site, changes)
        elif not site.shared:
            PLACES.mark(site)
        return record.number

    def _access_named(self, record: SharedObject, name: object, site: Site, changes: bool) -> int:
        thread = TURN.thread
        for part in self._named_parts(record, name, site, changes):
            location = record.locations.get(part)
            if location is None:
                location = record.locations[part] = Location(thread)
            location.touch(thread, site, changes)
        return record.number

    def reads(self, containers: Iterable[object], site: Site) -> None:
        """`TURN.thread` reads all of these at `site`, which counts once."""
        thread = TURN.thread
        lockset, objects = thread.lockset, self.objects
        counts, position = thread.counts, site.position
        before = counts.get(position, 0)
        for container in containers:
            record = objects.get(id(container))
            location = None if record is None else record.locations.get(ITEMS)
            if (
                location is None
                or location.thread is not thread
                or location.lockset is not lockset
                or site not in location.sites
            ):
                self.access(container, ITEMS, site, False)
        thread.looked = True
        counts[position] = before + 1

    def _named_parts(self, record: SharedObject, name: object, site: Site, changes: bool) -> Iterable[object]:
        """The locations that an access to the attribute `name`, or to all of them, has to do with."""
        if type(name) is not str:
            if changes:
                self._store_all_of(record)
            return {ITEMS, *record.locations}
        if changes and not site.name and type(name) is str:
            self.stores(name)
        return (name, ITEMS) if ITEMS in record.locations else (name,)

    def uses(self, obj: Any) -> None:
        """A method that is not watched may change `obj`, and whatever attribute it has."""
        number = self.record(obj).number
        if number not in self.used:
            self.used.add(number)
            for name in attributes_of_class(type(obj)):
                self.stores(name)

    def _store_all_of(self, record: SharedObject) -> None:
        owner: Any = record.reference() if isinstance(record.reference, weakref.ref) else record.reference
        for name in list(owner if type(owner) is dict else own_attributes(owner) or ()):
            if type(name) is str:
                self.stores(name)

    def name_items(self, obj: Any) -> None:
        """From here on the items of the `__dict__` of `obj`, or of the dict that it is, are its attributes."""
        names = (
            obj if type(obj) is dict else _names_of_class(obj) if issubclass(type(obj), type) else own_attributes(obj)
        )
        if type(names) is dict:
            record = self.record(names if type(obj) is ModuleType else obj)
            record.has_named_items = True
            self.objects[id(names)] = record
            self._namespaces.append(names)
        else:
            self.record(obj).has_named_items = True  # a cell, too, which has one variable, known by name or not

    def inserts(self, container: object) -> None:
        """`TURN.thread` adds a key to `container`."""
        inserting = self.record(container).inserting
        inserting.add(TURN.thread.id)
        self.unordered = self.unordered or len(inserting) > 1

    def order_is_read(self, container: object) -> None:
        """Somebody looks at the keys of `container` in their order: if several threads added some, it is dependent."""
        record = self.objects.get(id(container))
        if record is not None and len(record.inserting) > 1 and not PLACES.order_matters:
            PLACES.order_matters = PLACES.grown = True

    def _hold(self, obj: object, identity: int) -> object:
        if type(obj) not in _WITHOUT_WEAK_REFERENCES:
            objects = self.objects
            try:
                return weakref.ref(obj, lambda _: objects.pop(identity, None))
            except TypeError:
                pass
        self._containers += 1
        if self._containers > self._sweep_at:
            self._sweep()
        return obj

    def _sweep(self) -> None:
        """Let go of the objects that nobody else holds any more."""
        kept = 0
        for identity, record in list(self.objects.items()):
            if isinstance(record.reference, weakref.ref):
                continue
            if _only_held_here(record):
                del self.objects[identity]
            else:
                kept += 1
        self._containers = kept
        self._sweep_at = max(_CONTAINERS_KEPT, 2 * kept)


def _names_of_class(kind: type) -> object:
    """The dict behind the view that the `__dict__` of a class is."""
    return next((found for found in get_referents(vars(kind)) if type(found) is dict), None)


def _only_held_here(record: SharedObject) -> bool:
    return sys.getrefcount(record.reference) <= 2
