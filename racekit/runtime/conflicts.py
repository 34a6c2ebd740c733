"""Which places in the code touch something that several threads change, and so have to be scheduling points.

A location that only one thread touches, that nobody changes, or that every thread touches under one common lock cannot
be seen differently in another interleaving (every pair of accesses is ordered by happens-before, or both are reads).
So the accesses to it need no scheduling point: this is the reduction of Musuvathi and Qadeer ("Iterative context
bounding", PLDI 2007), with the lockset of Savage et al. ("Eraser", TOCS 1997) as a cautious race detector. When an
execution shows that a place does take part in a conflict, the place is marked and the search begins anew with it.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any, cast

from racekit.dependence import WHOLE
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

_CONTAINERS_KEPT = 64
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


class SharedPlaces:
    """The places found so far to take part in conflicts: by file, position and kind of access. It outlives executions.

    Code that is made anew in each execution, by `exec`, has new sites but the same places. `order_matters` once the
    keys of a container were looked at in their order, after several threads had added some.
    """

    def __init__(self) -> None:
        self._sites: defaultdict[tuple[str, int], list[Site]] = defaultdict(list)
        self._marked: set[tuple[str, int]] = set()
        self._wanted: set[tuple[int, str]] = set()
        self._wants_all = False
        self.grown = False
        self.order_matters = False

    def add(self, site: Site) -> None:
        """A site has come into being."""
        place = site.filename, site.position
        self._sites[place].append(site)
        if self._wants_all or (site.line, site.name) in self._wanted:
            self.mark(site)
        site.shared = place in self._marked

    def mark(self, site: Site) -> None:
        """Accesses at this place have to be scheduling points from now on."""
        place = site.filename, site.position
        if place not in self._marked:
            self._marked.add(place)
            self.grown = True
            for same in self._sites[place]:
                same.shared = True

    def want(self, line: int, name: str) -> None:
        """Accesses to `name` on `line` have to be scheduling points: a schedule speaks of them."""
        self._wanted.add((line, name))
        for sites in list(self._sites.values()):
            if (sites[0].line, sites[0].name) == (line, name):
                self.mark(sites[0])

    def want_all(self) -> None:
        """All accesses have to be scheduling points, as there is no other execution to learn from."""
        self._wants_all = True
        for sites in list(self._sites.values()):
            self.mark(sites[0])

    def sites(self, position: int) -> list[Site]:
        """The sites at the position with this number."""
        return [site for place, sites in self._sites.items() if place[1] == position for site in sites]

    def positions_in(self, site: Site) -> set[int]:
        """The numbers of all positions in the function of this site."""
        same_file = (sites for place, sites in self._sites.items() if place[0] == site.filename)
        return {other.position for sites in same_file for other in sites if other.function == site.function}

    @property
    def known(self) -> frozenset[tuple[str, int]]:
        """The places that are marked, for another exploration of similar code in this process."""
        return frozenset(self._marked)

    def know(self, places: Iterable[tuple[str, int]]) -> None:
        """Mark places that were marked in another exploration."""
        for place in places:
            self._marked.add(place)
            for site in self._sites[place]:
                site.shared = True

    @contextmanager
    def every_access(self) -> Iterator[None]:
        """Meanwhile all accesses are scheduling points; what is found out meanwhile is forgotten."""
        marked, wants_all, grown = self._marked.copy(), self._wants_all, self.grown
        self.want_all()
        try:
            yield
        finally:
            for place in self._marked - marked:
                for site in self._sites[place]:
                    site.shared = False
            self._marked, self._wants_all, self.grown = marked, wants_all, grown

    def forget(self) -> None:
        """An exploration begins: no place is known to be shared."""
        for place in self._marked:
            for site in self._sites[place]:
                site.shared = False
        self._marked.clear()
        self._wanted.clear()
        self._wants_all = False
        self.grown = False
        self.order_matters = False


PLACES = SharedPlaces()


class Conflicts:
    """The objects that the threads of one execution touch, and the conflicts found among the accesses.

    `owners[number]` is what kind of object it is, in words. `unordered`: several threads have added keys to one
    container, so that the order of its keys depends on the schedule. `stores` is told of attributes that are stored as
    items. taken[id(queue)]: how many items were taken.
    """

    def __init__(self) -> None:
        self.objects: dict[int, SharedObject] = {}
        self.stores: Callable[[str], object] = str
        self._containers = 0
        self._sweep_at = _CONTAINERS_KEPT
        self._namespaces: list[dict[str, Any]] = []  # kept, so that nothing else can be taken for one of them
        self.owners: list[str] = []
        self.unordered = False
        self.taken: dict[int, int] = {}

    def record(self, obj: object, kind: str | None = None) -> SharedObject:
        """The record of `obj`, which keeps its identity: while it lives, no other object is taken for it.

        kind: its kind in words, if that tells more than its type.
        """
        identity = id(obj)
        record = self.objects.get(identity)
        if record is None:
            record = self.objects[identity] = SharedObject(len(self.owners), self._hold(obj, identity))
            self.owners.append(kind or (obj.__name__ if isinstance(obj, type) else type(obj).__name__))
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

    def _store_all_of(self, record: SharedObject) -> None:
        owner: Any = record.reference() if isinstance(record.reference, weakref.ref) else record.reference
        for name in list(owner if type(owner) is dict else getattr(owner, "__dict__", ())):
            if type(name) is str:
                self.stores(name)

    def name_items(self, obj: Any) -> None:
        """From here on the items of the `__dict__` of `obj`, or of the dict that it is, are its attributes."""
        names = obj if type(obj) is dict else getattr(obj, "__dict__", None)
        if type(names) is dict:
            record = self.record(names if type(obj) is ModuleType else obj)
            record.has_named_items = True
            self.objects[id(names)] = record
            self._namespaces.append(names)
        elif not isinstance(obj, type):
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


def _only_held_here(record: SharedObject) -> bool:
    return sys.getrefcount(record.reference) <= 2


def number_reachable(conflicts: Conflicts, thread: threading.Thread) -> None:
    """Number what can be reached from a thread that is about to start, in an order that no schedule changes.

    So the objects that it shares have the same numbers in all executions that are alike up to here.
    """
    seen: set[int] = set()
    level: list[object] = [value for name, value in thread.__dict__.items() if name not in _OWN_ATTRIBUTES_OF_THREADS]
    for _ in range(_DEPTH_NUMBERED):
        following: list[object] = []
        for found in level:
            kind, identity = type(found), id(found)
            if kind in _ATOMS or identity in seen:
                continue
            if len(seen) >= _REACHABLE_NUMBERED:
                return
            seen.add(identity)
            if kind not in _NEVER_CHANGED and identity not in conflicts.objects:
                conflicts.record(found)
            following += _parts(found)
        level = following


def _parts(obj: Any) -> Iterable[object]:
    kind = type(obj)
    if kind is list or kind is tuple:
        return cast(Iterable[object], obj)
    if kind is FunctionType:
        return obj.__closure__ or ()
    if kind is MethodType:
        return (obj.__self__, *(obj.__func__.__closure__ or ()))
    if kind is CellType:
        try:
            return (obj.cell_contents,)
        except ValueError:
            return ()
    if isinstance(obj, dict):
        return dict.values(obj)
    if isinstance(obj, _SEQUENCES):
        return cast(Iterable[object], obj)
    attributes = getattr(obj, "__dict__", None)
    return attributes.values() if type(attributes) is dict else ()


_SEQUENCES = (list, tuple)
_ATOMS = frozenset({int, float, str, bytes, bool, type(None), BuiltinFunctionType, ModuleType, type})
_NEVER_CHANGED = frozenset({FunctionType, MethodType, tuple})
_OWN_ATTRIBUTES_OF_THREADS = frozenset(vars(threading.Thread(name="any"))) - {"_target", "_args", "_kwargs"}
_DEPTH_NUMBERED = 5
_REACHABLE_NUMBERED = 300
