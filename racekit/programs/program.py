"""A program: what is done to one subject, first by one thread, then by several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from racekit.linearize import Operation


class Subject(Protocol):
    """What a program is run on. Each run has a `state` of its own, made by `begin`."""

    @property
    def has_view(self) -> bool:
        """Whether `view` says anything."""
        ...

    def begin(self) -> Any:
        """A new state."""
        ...

    def allows(self, state: Any, operation: Operation) -> bool:
        """Whether the operation is meant to be called in this state. Nothing else is going on meanwhile."""
        ...

    def perform(self, state: Any, operation: Operation) -> object:
        """Carry out one operation; what it returns is its result."""
        ...

    def check(self, state: Any) -> None:
        """Raise what the invariants raise. Nothing else is going on meanwhile."""
        ...

    def view(self, state: Any) -> object:
        """What can be seen of the state when all is over."""
        ...

    def end(self, state: Any) -> None:
        """Let go of what the state holds."""
        ...

    def failed(self, error: BaseException) -> bool:
        """Whether an operation that raised this has failed; otherwise it is a result like any other."""
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """The operations of the `prefix`, then those of each of the `threads`, side by side."""

    prefix: Sequence[Operation]
    threads: Sequence[Sequence[Operation]]

    @property
    def names(self) -> list[str]:
        """What the threads are called."""
        return [f"thread {index + 1}" for index in range(len(self.threads))]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for programs that do the same, whichever thread is the first."""
        return (tuple(map(str, self.prefix)), *sorted(tuple(map(str, thread)) for thread in self.threads))

    def without(self, *left_out: Operation) -> Program:
        """The program without some of its calls, and without the threads that have nothing left to do."""
        omitted = set(left_out)
        prefix, *threads = (
            [operation for operation in operations if operation not in omitted]
            for operations in (self.prefix, *self.threads)
        )
        return Program(prefix, [operations for operations in threads if operations])

    @property
    def calls(self) -> list[Operation]:
        """All its calls: those of the prefix, and then thread by thread."""
        return [operation for operations in (self.prefix, *self.threads) for operation in operations]

    def lines(self) -> list[str]:
        """The program, for people."""
        listed = [("first", self.prefix)] if self.prefix else []
        listed += list(zip(self.names, self.threads, strict=True))
        width = max(len(name) for name, _ in listed)
        return [f"{name:<{width}}  {', '.join(map(str, operations))}" for name, operations in listed]

    def __repr__(self) -> str:
        return "; ".join(" ".join(line.split()) for line in self.lines())
