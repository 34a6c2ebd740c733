"""The options of an exploration, checked once, at the door."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args, get_type_hints

from racekit.errors import BadArgument
from racekit.schedule import Schedule
from racekit.user_values import equal

STRATEGIES = ("auto", "bounded", "directed", "dpor", "pct", "pos", "random", "surw", "urw")
LIMITED = ("auto", "bounded")
"""The strategies that keep to a number of preemptions."""

GRANULARITIES = ("access", "gil", "sync")
TIMEOUTS = ("virtual", "any")
DATA_RACES = ("report", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to explore. Every field is a keyword of `racekit.explore`, where they are explained.

    Raises BadArgument for a value that means nothing.
    """

    executions: int | None = 1000
    seconds: float | None = None
    preemptions: int | None = None
    strategy: str = "auto"
    seed: int = 0
    depth: int = 3
    granularity: str = "access"
    timeouts: str = "virtual"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    steps: int = 100_000
    stop_on_failure: bool = True
    audit: bool = False
    data_races: str = "report"
    allowed_races: Mapping[str, str] = field(default_factory=dict)
    outcomes: Collection[object] | None = None
    replay: Schedule | str | None = None

    def __post_init__(self) -> None:
        check_number("executions", self.executions, int, least=1, may_be_none=True)
        check_number("seconds", self.seconds, (int, float), least=0, may_be_none=True)
        check_number("preemptions", self.preemptions, int, least=0, may_be_none=True)
        check_number("seed", self.seed, int, least=None)
        check_number("depth", self.depth, int, least=1)
        check_number("steps", self.steps, int, least=1)
        for name in ("stop_on_failure", "audit"):
            if not isinstance(getattr(self, name), bool):
                raise BadArgument(f"{name}={getattr(self, name)!r} is not a truth value: use True or False.")
        _check_choice("strategy", self.strategy, STRATEGIES)
        _check_choice("granularity", self.granularity, GRANULARITIES)
        _check_choice("timeouts", self.timeouts, TIMEOUTS)
        _check_choice("data_races", self.data_races, DATA_RACES)
        _check_reasons("allowed_races", self.allowed_races)
        if self.outcomes is not None and (isinstance(self.outcomes, str) or not isinstance(self.outcomes, Collection)):
            raise BadArgument(f"outcomes={self.outcomes!r} is not a collection of values: write outcomes={{...}}.")
        if self.preemptions is not None and self.strategy not in LIMITED:
            raise BadArgument(
                f"preemptions={self.preemptions} is not kept to by strategy={self.strategy!r}: "
                f"leave one of them out, or use {' or '.join(map(repr, LIMITED))}."
            )
        if self.replay is not None:
            object.__setattr__(self, "replay", Schedule.parse(self.replay))
        for name in ("include", "exclude"):
            object.__setattr__(self, name, _names(name, getattr(self, name)))

    @classmethod
    def of(cls, keywords: dict[str, Any]) -> Options:
        """Options from keywords that a user wrote; an unknown keyword raises BadArgument."""
        known = [each.name for each in fields(cls)]
        for keyword in keywords:
            if keyword not in known:
                near = get_close_matches(keyword, known, 1)
                meant = f"did you mean {near[0]}? The options" if near else "the options"
                raise BadArgument(f"There is no option {keyword!r}: {meant} are {', '.join(known)}.")
        return cls(**keywords)

    @property
    def pinned(self) -> Schedule | None:
        """The schedule to run before the search."""
        return None if self.replay is None else Schedule.parse(self.replay)

    def allows(self, outcome: object) -> bool | None:
        """Whether the body may return this; None if nobody said what it may return."""
        if self.outcomes is None:
            return None
        return any(outcome is allowed or equal(outcome, allowed) for allowed in self.outcomes)


def option_types() -> dict[str, type]:
    """For each option the type that its text on a command line is read as."""
    hints = get_type_hints(Options)
    return {
        name: next((part for part in (*get_args(hint), hint) if isinstance(part, type) and part is not NoneType), str)
        for name, hint in hints.items()
    }


def check_body(body: object) -> Callable[[], object]:
    """The body itself, if it can be explored; otherwise BadArgument says what to pass instead."""
    name = getattr(body, "__qualname__", repr(body))
    if not callable(body):
        raise BadArgument(
            f"The body to explore is {body!r}, which cannot be called: pass the function, not the result of calling it."
        )
    check_runs(body)
    try:
        inspect.signature(body).bind()
    except TypeError as error:
        raise BadArgument(
            f"{name} takes arguments ({error}), but a body is called without any: pass lambda: {name}(...) instead."
        ) from None
    except ValueError:
        pass  # a callable without a signature, such as some built-ins
    return body


def check_runs(function: Callable[..., object]) -> None:
    """Raises BadArgument for a function whose code does not run when it is called."""
    name = getattr(function, "__qualname__", repr(function))
    if inspect.iscoroutinefunction(function):
        raise BadArgument(
            f"{name} is a coroutine function, which only makes a coroutine when it is called: "
            f"pass lambda: asyncio.run({name}())."
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise BadArgument(
            f"{name} is a generator function, so calling it runs nothing: "
            f"pass lambda: list({name}()) or a plain function."
        )


def check_number(
    name: str, value: object, kinds: type | tuple[type, ...], *, least: int | None, may_be_none: bool = False
) -> None:
    """Raises BadArgument if `value` is no number of these kinds, or smaller than `least`."""
    if value is None and may_be_none:
        return
    if not isinstance(value, kinds) or isinstance(value, bool):
        kind = "a whole number" if kinds is int else "a number"
        raise BadArgument(f"{name}={value!r} is not {kind}{' or None' if may_be_none else ''}.")
    if least is not None and not value >= least:  # type: ignore[operator]
        raise BadArgument(f"{name}={value!r} is less than {least}, which means nothing: use {least} or more.")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise BadArgument(f"{name}={value!r} is not known: use one of {', '.join(map(repr, choices))}.")


def _check_reasons(name: str, reasons: object) -> None:
    if not isinstance(reasons, Mapping):
        raise BadArgument(
            f"{name}={reasons!r} is not a mapping: write {name}={{'Class.attribute': 'why that race is meant'}}."
        )
    for what, reason in reasons.items():
        if not (isinstance(what, str) and isinstance(reason, str) and what and reason.strip()):
            raise BadArgument(
                f"{name} maps {what!r} to {reason!r}, which gives no reason: "
                "name what may race, such as 'Class.attribute', and say in words why that is meant."
            )


def _names(option: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str | type) or not isinstance(value, Iterable):
        value = (value,)
    names = []
    for item in value:
        if inspect.ismodule(item):
            names.append(item.__name__)
        elif isinstance(item, str):
            names.append(item)
        elif hasattr(item, "__module__") and hasattr(item, "__qualname__"):
            names.append(f"{item.__module__}.{item.__qualname__}")
        else:
            raise BadArgument(
                f"{option} holds {item!r}, which names no code: use a module, class or function, or its dotted name."
            )
    return tuple(names)
