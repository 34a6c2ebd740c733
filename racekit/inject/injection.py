"""What a test says about lines: who waits for whom there, what is called, and for how long that holds."""

from __future__ import annotations

import functools
import re
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from types import TracebackType
from typing import Any, Self

from racekit.errors import BadArgument, NeverReached
from racekit.inject.gates import AtBarrier, AtPause, Gate, InOrder, resume, under_control
from racekit.inject.places import Place, check, find_function, put, remove
from racekit.options import check_number
from racekit.runtime.turn import TURN
from racekit.watch.lines import find_statement

Where = str | int | re.Pattern[str]


class Run:
    """What has happened so far at the places of an injection, in one execution or among ordinary threads."""

    def __init__(self, resumed: Iterable[str] = ()) -> None:
        self.gates: dict[Hashable, Gate] = {("pause", name): Gate(is_open=True) for name in resumed}
        self.passages: dict[tuple[Place, threading.Thread], int] = {}

    def gate(self, key: Hashable) -> Gate:
        return self.gates.setdefault(key, Gate())


class Injection:
    """Actions at chosen lines of functions; active inside `with`, or in a function that it decorates.

    Every method takes the function (plain, method, bound method, staticmethod, classmethod, property, or the dotted
    name of one, also of a nested one: "module.outer.<locals>.inner") and exactly one of `before=` and `after=`: a
    source fragment, a compiled regular expression, or a line number (of the file if it lies within the function, else
    counted from the `def` line). Before a `for` or `with` is once, before a `while` is each time it looks whether to go
    on; after a line that opens a block is inside the block. `times` says at which passages of each thread it happens (1
    is the first; default: at all). They return the injection, so calls can be chained, and raise BadArgument for a
    place that does not exist or is not unique. At one line, things happen in the order in which they were asked for.

    What has happened so far (who has come to a barrier, what has passed in an order) counts for one execution, or one
    `together` of ordinary threads.

    At the end of `with` NeverReached is raised for a place where nothing has happened, as no thread came there, unless
    `allow_unreached` was called; but not inside an exploration, where that may be so in some executions.

    `timeout`: how many real seconds threads outside control wait for one another before InjectionTimeout.
    """

    def __init__(self, timeout: float = 10.0) -> None:
        self.timeout = timeout
        self._places: list[Place] = []
        self._unreached: dict[Place, None] = {}
        self._names: dict[Place, str] = {}
        self._order: tuple[str, ...] = ()
        self._resumed: set[str] = set()
        self._active = False
        self._live = Run()
        self._controlled = Run()
        self._controlled_by: object = None

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
        check_number("parties", parties, int, least=1)

        def meet() -> None:
            AtBarrier(self._run().gate(place), place, self.timeout, parties).pass_by()

        place = self._place(function, before, after, times, meet)
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
        check_number("seconds", seconds, (int, float), least=0)
        self._place(function, before, after, times, lambda: time.sleep(seconds))
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
        if not callable(action):
            raise BadArgument(f"{action!r} cannot be called: pass a function without arguments, such as a lambda.")
        self._place(function, before, after, times, action)
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

        def wait_for_resume() -> None:
            AtPause(self._run().gate(("pause", name)), place, self.timeout, name).pass_by()

        place = self._place(function, before, after, times, wait_for_resume)
        return self

    def resume(self, name: str) -> None:
        """Let every thread go on that waits, or will wait, at the pause of this name."""
        if not under_control():
            self._resumed.add(name)
        resume(self._run().gate(("pause", name)))

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

        def take_turn() -> None:
            if name in self._order:
                InOrder(self._run().gate("order"), place, self.timeout, name, self._order).pass_by()

        place = self._place(function, before, after, times, take_turn)
        self._names[place] = name
        return self

    def order(self, *names: str) -> Self:
        """The named places are passed in exactly this order, whoever passes them; after that they are free."""
        for name in names:
            if name not in self._names.values():
                raise BadArgument(
                    f"There is no place {name!r} to put in order: name it first, with place(..., name={name!r})."
                )
        self._order = names
        return self

    def _place(
        self,
        function: Any,
        before: Where | None,
        after: Where | None,
        times: int | Iterable[int] | None,
        action: Callable[[], object],
    ) -> Place:
        if (before is None) == (after is None):
            raise BadArgument("A place is either before or after a line: give exactly one of before= and after=.")
        where = before if before is not None else after
        assert where is not None
        target, code = find_function(function)
        place = Place(target, code, find_statement(code, where, after=after is not None), times, action, self._pass)
        check(place)
        self._places.append(place)
        if self._active:
            self._unreached[place] = None
            put(place)
        return place

    # --- from when until when ----------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._active:
            raise BadArgument("This injection is active already: enter it once, or make another.")
        self._active = True
        self._resumed.clear()
        self._live = Run()
        self._unreached = dict.fromkeys(self._places)
        for place in self._places:
            put(place)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self._active = False
        self._controlled_by = None
        for place in self._places:
            remove(place)
        if error is None and self._unreached and not under_control():
            raise NeverReached(_in_words(next(iter(self._unreached))))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def injected(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return injected

    def allow_unreached(self) -> None:
        """No thread has to come to the places that there are so far."""
        self._unreached.clear()

    # --- what threads do there ---------------------------------------------------------------------------------------

    def _begin_live(self) -> None:
        """Ordinary threads begin anew, except at pauses, where some may still wait for a `resume`."""
        pauses = {key: gate for key, gate in self._live.gates.items() if isinstance(key, tuple)}
        self._live = Run()
        self._live.gates.update(pauses)

    def _run(self) -> Run:
        """Each execution has a run of its own."""
        if not under_control():
            return self._live
        if self._controlled_by is not TURN.scheduler:
            self._controlled_by = TURN.scheduler
            self._controlled = Run(self._resumed)
        return self._controlled

    def _pass(self, place: Place) -> None:
        key = place, threading.current_thread()
        passages = self._run().passages
        passages[key] = passage = passages.get(key, 0) + 1
        if place.times is None or passage in place.times:
            self._unreached.pop(place, None)
            place.action()


def _in_words(unreached: Place) -> str:
    often = "" if unreached.times is None else " as often as times= says"
    return (
        f"No thread came to the place {unreached}{often}, so nothing happened there: "
        "choose a line that is run, or leave it out."
    )
