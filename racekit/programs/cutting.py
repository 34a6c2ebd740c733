"""Cutting a list of calls up into a program: who makes which of them, and which come first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from racekit.linearize import Operation
from racekit.programs.program import Program


@dataclass(frozen=True, slots=True)
class Cuts:
    """At most `prefix` calls come first, at most `operations` are made by each of at most so many `threads`.

    `group` says which group an operation belongs to, if any: one thread makes all the calls of it.
    """

    threads: int
    prefix: int
    operations: int
    group: Callable[[Operation], str | None]

    @property
    def most(self) -> int:
        """How many calls a program has at most."""
        return self.prefix + self.threads * self.operations

    def programs(self, calls: Sequence[Operation]) -> list[Program]:
        """Every way to cut these calls up, in their order; first those with the fewest calls in threads."""
        found = []
        for first in range(min(self.prefix, len(calls) - 2), -1, -1):
            for threads in range(2, self.threads + 1):
                for parts in self._parts(calls[first:], threads):
                    if self._keeps_groups_together(parts):
                        found.append(Program(calls[:first], parts))
        return found

    def _parts(self, calls: Sequence[Operation], number: int) -> Iterator[list[Sequence[Operation]]]:
        if number == 0:
            if not calls:
                yield []
            return
        for size in range(1, min(self.operations, len(calls)) + 1):
            for rest in self._parts(calls[size:], number - 1):
                yield [calls[:size], *rest]

    def _keeps_groups_together(self, threads: Sequence[Sequence[Operation]]) -> bool:
        owners: dict[str, int] = {}
        for number, operations in enumerate(threads):
            for operation in operations:
                group = self.group(operation)
                if group is not None and owners.setdefault(group, number) != number:
                    return False
        return True
