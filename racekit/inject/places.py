"""Lines of functions, and what happens there as long as a place is put there."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType
from typing import Any, ClassVar

from racekit.errors import BadArgument
from racekit.runtime.call_site import is_watched, watch
from racekit.runtime.control import WATCHER
from racekit.watch.lines import Statement, insert_call

# --- from what a user writes to a function ---------------------------------------------------------------------------


def find_function(function: Any) -> tuple[FunctionType, CodeType]:
    """The function that a user means, and its own code, or that of a function nested in it if that is meant.

    Raises BadArgument for anything that has no Python code.
    """
    if isinstance(function, str):
        return _by_name(function)
    found = function
    while True:
        inner = getattr(found, "__func__", None) or getattr(found, "__wrapped__", None)
        if isinstance(found, property):
            inner = found.fget
        elif isinstance(found, functools.partial | functools.cached_property):
            inner = found.func
        if inner is None:
            break
        found = inner
    if not isinstance(found, FunctionType):
        raise BadArgument(f"{function!r} is no function written in Python, so it has no lines: pass one that is.")
    return found, WATCHER.own_code(found)


def _by_name(name: str) -> tuple[FunctionType, CodeType]:
    outer, _, nested = name.partition(".<locals>.")
    parts = outer.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
            for part in parts[end:]:
                found = inspect.getattr_static(found, part)
        except (ImportError, AttributeError):
            continue
        function, code = find_function(found)
        inner = _nested(code, f"{code.co_qualname}.<locals>.{nested}") if nested else code
        if inner is not None:
            return function, inner
    raise BadArgument(f"There is no function {name!r}: write 'module.function', or 'module.outer.<locals>.inner'.")


def _nested(code: CodeType, qualified_name: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found = constant if constant.co_qualname == qualified_name else _nested(constant, qualified_name)
            if found is not None:
                return found
    return None


# --- places ----------------------------------------------------------------------------------------------------------


class Place:
    """A line of a function, and what a thread does there; `times` says at which of its passages (None: at all)."""

    def __init__(
        self,
        function: FunctionType,
        code: CodeType,
        statement: Statement,
        times: int | Iterable[int] | None,
        action: Callable[[], object],
        reached: Callable[[Place], None],
    ) -> None:
        self.function = function
        self.code = code
        self.statement = statement
        self.times = None if times is None else frozenset((times,) if isinstance(times, int) else times)
        self.action = action
        self.reached = reached

    def __str__(self) -> str:
        word = "after" if self.statement.after else "before"
        return f"{word} `{self.statement.text}` ({self.code.co_qualname}, line {self.statement.line})"


class Line:
    """What the inserted call of a line calls: all the places that are there now, in the order they were put there."""

    def __init__(self) -> None:
        self.places: tuple[Place, ...] = ()

    def passed(self) -> None:
        for place in self.places:
            place.reached(place)


class Variant:
    """A function's code with calls at some of its lines.

    It is kept and used again: racekit gets to know code by watching it, and would have to begin anew with other code.
    """

    def __init__(self, code: CodeType, spots: tuple[Spot, ...]) -> None:
        self.original = code
        self.lines = {spot: Line() for spot in spots}
        self.code = code
        self.in_use = False
        for spot, line in self.lines.items():
            self.code = _insert_into(self.code, spot, line)

    def show(self, places: Iterable[Place]) -> None:
        for spot, line in self.lines.items():
            line.places = tuple(place for place in places if _spot(place) == spot)


Spot = tuple[str, int, Statement]
"""Which nested function (its qualified name and first line), and where in it."""


def _spot(place: Place) -> Spot:
    return place.code.co_qualname, place.code.co_firstlineno, place.statement


def _insert_into(code: CodeType, spot: Spot, line: Line) -> CodeType:
    """`code` with a call of the line in it, or in the code nested in it that is meant."""
    name, first, statement = spot
    if (code.co_qualname, code.co_firstlineno) == (name, first):
        inserted = insert_call(code, statement, line.passed)
    else:
        constants = tuple(
            _insert_into(part, spot, line) if isinstance(part, CodeType) else part for part in code.co_consts
        )
        if all(new is old for new, old in zip(constants, code.co_consts, strict=True)):
            return code
        inserted = code.replace(co_consts=constants)
    if is_watched(code):
        watch(inserted)
    return inserted


def check(place: Place) -> None:
    """Raises BadArgument if nothing can be put there."""
    insert_call(place.code, place.statement, lambda: None)


class Injected:
    """A function that has places now."""

    variants: ClassVar[dict[tuple[int, tuple[Spot, ...]], list[Variant]]] = {}

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.code = WATCHER.own_code(function)
        self.places: list[Place] = []
        self.variant: Variant | None = None

    def update(self) -> None:
        """Give the function the code that its places ask for."""
        before, self.variant = self.variant, None
        if before is not None:
            before.in_use = False
            before.show(())
        code = self.code
        if self.places:
            self.variant = self._variant(tuple(dict.fromkeys(map(_spot, self.places))))
            self.variant.in_use = True
            self.variant.show(self.places)
            code = self.variant.code
        if before is not self.variant:
            WATCHER.change_code(self.function, code)

    def _variant(self, spots: tuple[Spot, ...]) -> Variant:
        known = self.variants.setdefault((id(self.code), spots), [])
        for variant in known:
            if not variant.in_use:
                return variant
        known.append(Variant(self.code, spots))
        return known[-1]


_injected: dict[int, Injected] = {}


def put(place: Place) -> None:
    """From here on whoever comes to the place is told."""
    found = _injected.setdefault(id(place.function), Injected(place.function))
    found.places.append(place)
    found.update()


def remove(place: Place) -> None:
    """The end of `put`; without any place left, the function has its original code again."""
    found = _injected[id(place.function)]
    found.places.remove(place)
    found.update()
    if not found.places:
        del _injected[id(place.function)]
