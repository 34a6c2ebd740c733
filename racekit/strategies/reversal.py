"""A race the other way round: the steps that lead to its second step without its first, for a wake-up tree."""

from __future__ import annotations

from racekit.dependence import Footprint, dependent, depends_on_any
from racekit.happens_before import Race, Step
from racekit.queue_items import touches_items, without


class Branch:
    """A step to be tried, and what has to follow it; `known` objects are the same in all executions that come here."""

    __slots__ = ("branches", "footprint", "known", "thread")

    def __init__(self, thread: int, footprint: Footprint, known: int) -> None:
        self.thread = thread
        self.footprint = footprint
        self.known = known
        self.branches: list[Branch] = []


class Reversal:
    """Steps that lead from the point before a race to its second step, without its first."""

    def __init__(self, steps: list[Step], race: Race, executed: int) -> None:
        self.steps = steps
        self.last = race.second
        first = steps[race.first].thread
        between = range(race.first + 1, min(race.second, executed))
        self.indices = [index for index in between if steps[index].before.get(first, -1) < race.first]
        self._of_last = self._footprint_of_last(race.first)
        touched = steps[race.second].footprint
        self.is_still_a_race = self._of_last is touched or dependent(steps[race.first].footprint, self._of_last)
        self._before_last = self._predecessors_of_last()
        self.indices = [*self._with_effect(), race.second]

    def _footprint_of_last(self, first: int) -> Footprint:
        """What the second step of the race touches here: of a queue, it may be another item than before."""
        touched = self.steps[self.last].footprint
        if not touches_items(touched):
            return touched
        kept = set(self.indices)
        left_out = [self.steps[index].footprint for index in range(first, self.last) if index not in kept]
        return without(touched, left_out)

    def _footprint(self, index: int) -> Footprint:
        return self._of_last if index == self.last else self.steps[index].footprint

    def _predecessors_of_last(self) -> set[int]:
        """What happens before the second step of the race, now that the first does not: not what came through it."""
        thread = self.steps[self.last].thread
        direct = [
            index
            for index in self.indices
            if self.steps[index].thread == thread or dependent(self.steps[index].footprint, self._of_last)
        ]
        return {
            index
            for index in self.indices
            if index in direct
            or any(self.steps[other].before.get(self.steps[index].thread, -1) >= index for other in direct)
        }

    def _with_effect(self) -> list[int]:
        """Without the steps that touch nothing, such as to begin and find a lock taken, and that no other follows."""
        kept: list[int] = []
        for index in reversed(self.indices):
            touched = self.steps[index].footprint
            if touched or index in self._before_last or any(self._precedes(index, later) for later in kept):
                kept.append(index)
        return kept[::-1]

    def _precedes(self, one: int, other: int) -> bool:
        if other == self.last:
            return one in self._before_last
        return self.steps[other].before.get(self.steps[one].thread, -1) >= one

    def without_first(
        self, thread: int, footprint: Footprint, known: int, indices: list[int] | None = None
    ) -> list[int] | None:
        """What remains if `thread` goes first, doing `footprint`; None if that changes what the sequence does."""
        indices = self.indices if indices is None else indices
        for at, index in enumerate(indices):
            if self.steps[index].thread == thread:
                if any(self._precedes(other, index) for other in indices[:at]):
                    return None
                return indices[:at] + indices[at + 1 :]
        if depends_on_any(footprint, map(self._footprint, indices), known):
            return None
        return indices

    def insert_into(self, branches: list[Branch], known: int) -> None:
        """Put the sequence into a wake-up tree, unless what is there covers it."""
        indices = self.indices
        while True:
            for branch in branches:
                rest = self.without_first(branch.thread, branch.footprint, branch.known, indices)
                if rest is not None:
                    if not branch.branches or not rest:
                        return
                    branches, indices = branch.branches, rest
                    break
            else:
                break
        for index in indices:
            branch = Branch(self.steps[index].thread, self._footprint(index), known)
            branches.append(branch)
            branches = branch.branches
