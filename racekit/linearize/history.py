"""A history: which calls overlapped, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from racekit.linearize.values import Identities
from racekit.user_values import text_of

NEVER = float("inf")
"""When a call returns that has not returned at the end."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Operation:
    """What is called: a name, and arguments by keyword. Each call in a program is an object of its own."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.arguments.values()))})"


class Returned(NamedTuple):
    """A call came to its end; `text` is the value as people read it."""

    value: Any
    text: str

    def __str__(self) -> str:
        return f"return {self.text}"


class Raised(NamedTuple):
    """A call raised an exception of this type, with these arguments."""

    type: type[BaseException]
    value: Any
    text: str

    def __str__(self) -> str:
        return f"raise {self.text}"


class Blocked(NamedTuple):
    """A call never came to its end: it waits for something that does not happen."""

    def __str__(self) -> str:
        return "block for ever"


BLOCKED = Blocked()
Outcome = Returned | Raised | Blocked


def outcome_of(result: object, identities: Identities) -> Returned:
    """A result as it is now; `identities` are those of the execution."""
    value = identities.copy(result)
    return Returned(value, text_of(value))


def raised(error: BaseException, identities: Identities) -> Raised:
    """An exception as the result of a call."""
    value = identities.copy(error.args)
    arguments = ", ".join(map(text_of, value))
    return Raised(type(error), value, f"{type(error).__name__}({arguments})" if arguments else type(error).__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call of `operation`, and what came of it. `called` and `returned` are moments: only their order means anything.

    One that blocked has returned NEVER.
    """

    operation: Operation
    outcome: Outcome
    called: float
    returned: float


@dataclass(frozen=True, slots=True)
class History:
    """The calls of each thread in the order in which it made them, after those of the `prefix`, which overlap nothing.

    `final` is what could be seen when all was over, if anything.
    """

    threads: Sequence[Sequence[Call]]
    prefix: Sequence[Call] = ()
    final: Outcome | None = None

    @property
    def calls(self) -> list[Call]:
        return [call for thread in self.threads for call in thread]
