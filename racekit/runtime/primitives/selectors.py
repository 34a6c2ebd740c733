"""Waiting for files and sockets with a timeout, as event loops do: the timeout is virtual, the files are real.

What other threads ask an event loop to call, it sees after it has waited, so both touch what it waits with.
"""

from __future__ import annotations

import selectors
import sys
from collections.abc import Callable
from typing import Any

from racekit.runtime import originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import call_site
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives.locks import nanoseconds
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import PAST_A_DEADLINE, advance, wait
from racekit.watch.swap import Swaps

_SELECTORS = ("SelectSelector", "_PollLikeSelector", "EpollSelector", "KqueueSelector")


def _select(original: Callable[..., Any]) -> Callable[..., Any]:
    def select(self: Any, timeout: float | None = None) -> Any:
        if originals.get_ident() != TURN.ident:
            came = out_of_turn(self)
            if came is None:
                return original(self, timeout)
            if came.unwinding:
                return original(self, 0)
        scheduler, thread = TURN.scheduler, TURN.thread
        site = call_site()
        if timeout is not None and timeout <= 0:
            if not thread.atomic:
                scheduler.step(thread, site, "select")
            scheduler.record(thread, site, "select", self)
            there = original(self, 0)
            if not there:
                _polled_in_vain(scheduler, thread)
            return there
        found: list[Any] = []

        def ready() -> bool:
            found[:] = original(self, 0)
            return bool(found)

        thread.site, thread.operation = site, "select"
        thread.doing = ("select", self)
        scheduler.polling += 1
        thread.polls = True
        try:
            limit = None if timeout is None else nanoseconds(timeout)
            wait(scheduler, thread, self, (id(self),), ready, limit, not thread.atomic)
        finally:
            thread.polls = False
            scheduler.polling -= 1
            thread.doing = None
        scheduler.record(thread, site, "select", self)
        return found

    return select


def _polled_in_vain(scheduler: Scheduler, thread: ControlledThread) -> None:
    """Who polls again at once may do so until the clock is past a deadline: then it must move."""
    if scheduler.steps - thread.polled <= 1:
        advance(scheduler, scheduler.now + PAST_A_DEADLINE)
    thread.polled = scheduler.steps


def _call_soon(original: Callable[..., Any]) -> Callable[..., Any]:
    def call_soon_threadsafe(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        _announce(self, "call_soon_threadsafe")
        return original(self, *args, **kwargs)

    return call_soon_threadsafe


def _only_its_own_thread(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self._thread_id != originals.get_ident():  # the loop, if it waits, will not wake up for that
            _announce(self, original.__name__)
        return original(self, *args, **kwargs)

    return call


def _announce(loop: Any, operation: str) -> None:
    selector = getattr(loop, "_selector", None)
    if originals.get_ident() != TURN.ident and ((came := out_of_turn(selector)) is None or came.unwinding):
        return
    scheduler, thread = TURN.scheduler, TURN.thread
    if not thread.atomic:
        site = call_site()
        scheduler.step(thread, site, operation, selector)
        scheduler.record(thread, site, operation, selector)


def _initializing(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(self: Any, /, *args: Any, **kwargs: Any) -> None:
        if originals.get_ident() == TURN.ident:
            TURN.scheduler.made_event_loops += (self,)
        original(self, *args, **kwargs)

    return initialize


def swap_event_loops(swaps: Swaps) -> None:
    """The same for the event loops of `asyncio`, once that is imported."""
    loops = sys.modules.get("asyncio.base_events")
    if loops is not None:
        swaps.wrap(loops.BaseEventLoop.__init__, _initializing)
        swaps.wrap(loops.BaseEventLoop.call_soon_threadsafe, _call_soon)
        for call in (loops.BaseEventLoop.call_soon, loops.BaseEventLoop.call_at, loops.BaseEventLoop.stop):
            swaps.wrap(call, _only_its_own_thread)


def swap_selectors(swaps: Swaps) -> None:
    """Give the selectors of the standard library the code that waits under control."""
    for name in _SELECTORS:
        select: Any = vars(getattr(selectors, name, object)).get("select")
        if select is not None:
            swaps.wrap(select, _select)
