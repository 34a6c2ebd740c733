"""The places in the code that touch something that several threads change, and so have to be scheduling points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from racekit.watch.site import Site


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

    def positions_around(self, site: Site) -> tuple[set[int], set[int]]:
        """The numbers of all positions in the function of this site, and in its file."""
        same_file = [other for place, sites in self._sites.items() if place[0] == site.filename for other in sites]
        in_function = {other.position for other in same_file if other.function == site.function}
        return in_function, {other.position for other in same_file}

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
