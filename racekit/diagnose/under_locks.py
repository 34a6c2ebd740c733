"""Looking for lost updates between critical sections, where each single access holds the lock.

The search itself need not switch at such accesses, since the lock orders them. But a thread that reads under the lock,
lets it go, and writes under it again may overwrite what another one has written in between.
"""

from __future__ import annotations

from racekit.runtime.conflicts import ITEMS, Conflicts, Location
from racekit.runtime.places import PLACES
from racekit.runtime.turn import TURN
from racekit.watch.site import Site


class ConflictsUnderLocks(Conflicts):
    """Marks the places where an update gets lost although a lock is held at each: so they come to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._writes: dict[Location, int] = {}
        self._read_at: dict[tuple[Location, int], int] = {}

    def access(self, obj: object, name: object, site: Site, changes: bool) -> int:
        number = super().access(obj, name, site, changes)
        if not TURN.several:
            return number
        record = self.objects[id(obj)]
        is_named = site.name or (record.has_named_items and type(name) is str)
        location = record.locations[name if is_named else ITEMS]
        writes = self._writes.get(location, 0)
        key = location, TURN.thread.id
        if not changes:
            self._read_at[key] = writes
            return number
        if self._read_at.pop(key, writes) != writes:
            for touched in location.sites:
                PLACES.mark(touched)
        self._writes[location] = writes + 1
        return number
