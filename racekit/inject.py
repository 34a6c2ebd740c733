"""Barriers, sleeps and other actions at chosen lines of functions, for as long as a test wants them there.

The function's code object is swapped for one that has a call at the chosen line, and swapped back at the end. What
happens there is ordinary synchronization, so it behaves alike for ordinary threads and under control, where it costs no
real time and an order that cannot happen is a deadlock at once.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import re
import threading
import time
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType, TracebackType
from typing import Any, Self

from racekit.errors import BadArgument, RacekitError
from racekit.runtime import originals
from racekit.runtime.control import WATCHER
from racekit.runtime.turn import TURN
from racekit.runtime.waits import DESCRIPTION
from racekit.watch.lines import Statement, find_statement, insert_call

Where = str | int | re.Pattern[str]


class InjectionTimeout(RacekitError, TimeoutError):
    """Threads that are not under control did not come together in time at an injected barrier or order."""


class Gate:
    """Where threads wait for one another: a condition, with words for what it waits for."""

    def __init__(self) -> None:
        self.condition = threading.Condition(threading.Lock())
        self.arrived = 0
        self.passed: list[str] = []
        self.open = False

    def wait(self, ready: Callable[[], bool], describe: Callable[[], str], timeout: float) -> None:
        """With the condition's lock held: wait until `ready()`. Under control there is no timeout: none is needed."""
        while not ready():
            setattr(self.condition, DESCRIPTION, describe())
            if not self.condition.wait(None if _under_control() else timeout):
                raise InjectionTimeout(
                    f"Nobody let {threading.current_thread().name} go on from {describe()} within {timeout:g} seconds: "
                    "what it waits for cannot happen, or needs a longer timeout=."
                )


def _under_control() -> bool:
    return originals.get_ident() == TURN.ident


class Place:
    """A line of a function, with what happens there."""

    def __init__(
        self, function: FunctionType, code: CodeType, statement: Statement, name: str, times: frozenset[int] | None
    ) -> None:
        self.function = function
        self.code = code
        self.statement = statement
        self.name = name
        self.times = times
        self.passages: dict[threading.Thread, int] = {}
        self.action: Callable[[], object] = lambda: None

    def __str__(self) -> str:
        word = "after" if self.statement.after else "before"
        return f"{word} `{self.statement.text}` ({self.code.co_qualname}, line {self.statement.first})"

    def reached(self) -> None:
        """A thread has come here."""
        thread = threading.current_thread()
        passage = self.passages[thread] = self.passages.get(thread, 0) + 1
        if self.times is None or passage in self.times:
            self.action()


class Injection:
    """Actions at chosen lines of functions; active inside `with`, or in a function that it decorates.

    Every method takes the function (plain, method, bound method, staticmethod, classmethod, property, or the dotted
    name of one, also of a nested one: "module.outer.<locals>.inner") and exactly one of `before=` and `after=`: a
    source fragment, a compiled regular expression, or a line number (of the file if it lies within the function, else
    counted from the `def` line). `times` says at which passages of each thread it happens (1 is the first; default: at
    all). They return the injection, so calls can be chained, and raise BadArgument for a place that does not exist or
    is not unique.

    `timeout`: how many real seconds threads outside control wait for one another before InjectionTimeout.
    """

    def __init__(self, timeout: float = 10.0) -> None:
        self.timeout = timeout
        self._places: list[Place] = []
        self._gates: dict[str, Gate] = {}
        self._order: tuple[str, ...] = ()
        self._run: object = None
        self._before: dict[int, tuple[FunctionType, CodeType]] | None = None

    # --- what can happen at a line -----------------------------------------------------------------------------------

    def barrier(
        self,
        function: Any,
        *,
        before: Where | None = None,
        after: Where | None = None,
        parties: int,
        times: int | Iterable[int] | None = None,
    ) -> Self:
        """`parties` threads wait here for one another, then all go on."""
        if parties < 1:
            raise BadArgument(f"parties={parties} can never come together: use 1 or more.")
        place = self._place(function, before, after, times)
        place.action = lambda: self._meet(f"barrier {id(place)}", place, parties)
        return self

    def sleep(
        self,
        function: Any,
        *,
        before: Where | None = None,
        after: Where | None = None,
        seconds: float,
        times: int | Iterable[int] | None = None,
    ) -> Self:
        """A thread sleeps here (in virtual time under control)."""
        self._place(function, before, after, times).action = lambda: time.sleep(seconds)
        return self

    def call(
        self,
        function: Any,
        action: Callable[[], object],
        *,
        before: Where | None = None,
        after: Where | None = None,
        times: int | Iterable[int] | None = None,
    ) -> Self:
        """`action()` is called here; what it raises is raised here."""
        self._place(function, before, after, times).action = action
        return self

    def pause(
        self,
        function: Any,
        *,
        before: Where | None = None,
        after: Where | None = None,
        name: str,
        times: int | Iterable[int] | None = None,
    ) -> Self:
        """A thread that comes here waits until somebody calls `resume(name)`."""
        place = self._place(function, before, after, times)
        place.action = lambda: self._wait_for_resume(name, place)
        return self

    def resume(self, name: str) -> None:
        """Let every thread go on that waits, or will wait, at the pause of this name."""
        gate = self._gate(f"pause {name}")
        with gate.condition:
            gate.open = True
            gate.condition.notify_all()

    def place(
        self,
        function: Any,
        *,
        before: Where | None = None,
        after: Where | None = None,
        name: str,
        times: int | Iterable[int] | None = None,
    ) -> Self:
        """Give a place a name, for `order`."""
        place = self._place(function, before, after, times, name)
        place.action = lambda: self._take_turn(place)
        return self

    def order(self, *names: str) -> Self:
        """The named places are passed in exactly this order, whoever passes them; after that they are free."""
        known = {place.name for place in self._places if place.name}
        for name in names:
            if name not in known:
                raise BadArgument(
                    f"There is no place {name!r} to put in order: name it first, with place(..., name={name!r})."
                )
        self._order = names
        return self

    # --- from a call to a line ---------------------------------------------------------------------------------------

    def _place(
        self,
        function: Any,
        before: Where | None,
        after: Where | None,
        times: int | Iterable[int] | None,
        name: str = "",
    ) -> Place:
        if (before is None) == (after is None):
            raise BadArgument("A place is either before or after a line: give exactly one of before= and after=.")
        where = before if before is not None else after
        assert where is not None
        target, inner = find_function(function)
        code = inner or WATCHER.own_code(target)
        passages = None if times is None else frozenset((times,) if isinstance(times, int) else times)
        place = Place(target, code, find_statement(code, where, after=after is not None), name, passages)
        self._places.append(place)
        if self._before is not None:
            self._insert()
        return place

    # --- from when until when ----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._before is not None:
            raise BadArgument("This injection is active already: enter it once, or make another.")
        self._before = {}
        self._insert()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for function, code in (self._before or {}).values():
            WATCHER.change_code(function, code)
        self._before = None

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def injected(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return injected

    def _insert(self) -> None:
        assert self._before is not None
        changed: dict[int, CodeType] = {}
        for place in self._places:
            function = place.function
            if id(function) not in self._before:
                self._before[id(function)] = function, WATCHER.own_code(function)
            code = changed.get(id(function), self._before[id(function)][1])
            changed[id(function)] = _insert_into(code, place)
        for identity, code in changed.items():
            WATCHER.change_code(self._before[identity][0], code)

    # --- what threads do there ---------------------------------------------------------------------------------------

    def _gate(self, key: str) -> Gate:
        scheduler: object = TURN.scheduler if _under_control() else None
        if scheduler is not self._run:
            self._run = scheduler
            self._gates.clear()
            for place in self._places:
                place.passages.clear()
        return self._gates.setdefault(key, Gate())

    def _meet(self, key: str, place: Place, parties: int) -> None:
        gate = self._gate(key)
        with gate.condition:
            gate.arrived += 1
            together = -(-gate.arrived // parties) * parties
            if gate.arrived == together:
                gate.condition.notify_all()
                return
            gate.wait(
                lambda: gate.arrived >= together,
                lambda: f"the barrier {place}, where {gate.arrived - together + parties} of {parties} have come",
                self.timeout,
            )

    def _wait_for_resume(self, name: str, place: Place) -> None:
        gate = self._gate(f"pause {name}")
        with gate.condition:
            gate.wait(lambda: gate.open, lambda: f"the pause {name!r} {place}, which nobody resumed", self.timeout)

    def _take_turn(self, place: Place) -> None:
        order = self._order
        gate = self._gate("order")
        with gate.condition:
            gate.wait(
                lambda: place.name not in order[len(gate.passed) :] or order[len(gate.passed)] == place.name,
                lambda: f"its turn at {place.name!r} {place}: next in order is {order[len(gate.passed)]!r}",
                self.timeout,
            )
            if len(gate.passed) < len(order) and order[len(gate.passed)] == place.name:
                gate.passed.append(place.name)
                gate.condition.notify_all()


def find_function(function: Any) -> tuple[FunctionType, CodeType | None]:
    """The function that a user means, and the code of a function nested in it if that is meant.

    Raises BadArgument for anything that has no Python code.
    """
    if isinstance(function, str):
        return _by_name(function)
    found = function
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(getattr(found, "__func__", found))
    if isinstance(found, functools.partial):
        found = getattr(found.func, "__func__", found.func)
    if not isinstance(found, FunctionType):
        raise BadArgument(f"{function!r} is no function written in Python, so it has no lines: pass one that is.")
    return found, None


def _by_name(name: str) -> tuple[FunctionType, CodeType | None]:
    outer, _, nested = name.partition(".<locals>.")
    parts = outer.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
            for part in parts[end:]:
                found = inspect.getattr_static(found, part)
        except (ImportError, AttributeError):
            continue
        function, _ = find_function(found)
        if not nested:
            return function, None
        code = _nested(WATCHER.own_code(function), f"{function.__qualname__}.<locals>.{nested}")
        if code is not None:
            return function, code
    raise BadArgument(f"There is no function {name!r}: write 'module.function', or 'module.outer.<locals>.inner'.")


def _nested(code: CodeType, qualified_name: str) -> CodeType | None:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found = constant if constant.co_qualname == qualified_name else _nested(constant, qualified_name)
            if found is not None:
                return found
    return None


def _insert_into(code: CodeType, place: Place) -> CodeType:
    """`code` with the place's call in it, or in the nested code that the place is in."""
    if code.co_qualname == place.code.co_qualname and code.co_firstlineno == place.code.co_firstlineno:
        return insert_call(code, place.statement, place.reached)
    constants = tuple(
        _insert_into(constant, place) if isinstance(constant, CodeType) else constant for constant in code.co_consts
    )
    return code.replace(co_consts=constants)
