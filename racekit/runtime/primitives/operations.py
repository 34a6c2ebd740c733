"""The public operations of the standard library's synchronization objects: one atomic step each, unless it blocks.

They are pure Python over locks, so nothing has to be emulated: the operation announces itself, then its own code runs,
within which a lock is a scheduling point only where the thread really has to wait for it.
"""

from __future__ import annotations

import concurrent.futures
import queue
import threading
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

from racekit.runtime import originals
from racekit.runtime.call_site import call_site
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives import threads
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import expire_at_once
from racekit.watch.swap import Swaps

_get_ident = originals.get_ident


ATOMIC: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (threading.Condition, ("notify", "notify_all")),
    (threading.Event, ("is_set", "set", "clear", "wait")),
    (threading.Semaphore, ("acquire", "release")),
    (threading.BoundedSemaphore, ("release",)),
    (threading.Barrier, ("wait", "reset", "abort")),
    (queue.Queue, ("put", "get", "task_done", "join", "qsize", "empty", "full", "shutdown")),
    (
        concurrent.futures.Future,
        (
            "cancel",
            "cancelled",
            "running",
            "done",
            "set_result",
            "set_exception",
        ),
    ),
)
"""(class or module, names of its functions)"""

_OF_BARRIERS = ("broken", "n_waiting")
_QUERIES = frozenset({"is_set", "qsize", "empty", "full", "cancelled", "running", "done", *_OF_BARRIERS})
"""Operations without effect: a loop around one of these alone is a spin."""


def atomic(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`original` as one step called `name`."""

    def operation(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _get_ident() != TURN.ident and ((came := out_of_turn(self)) is None or came.unwinding):
            return original(self, *args, **kwargs)
        thread = TURN.thread
        if thread.atomic:
            return original(self, *args, **kwargs)
        scheduler = TURN.scheduler
        site = call_site()
        scheduler.step(thread, site, name, self)
        scheduler.record(thread, site, name, self)
        thread.atomic = 1
        thread.doing = (name, self)
        try:
            result = original(self, *args, **kwargs)
            if result is not False and name not in _QUERIES:
                thread.has_effect()
            return result
        finally:
            thread.atomic = 0
            thread.doing = None

    return operation


def _looking(original: Callable[[Any], Any], name: str) -> Callable[..., Any]:
    """A query of a barrier: without its lock it reads what others change under that."""

    def look(self: Any) -> Any:
        if _get_ident() == TURN.ident:
            TURN.scheduler.record(TURN.thread, None, "locked", self._cond._lock, is_step=False)
        return original(self)

    return atomic(look, name)


def condition_wait(original: Callable[..., Any]) -> Callable[..., Any]:
    """`Condition.wait`: a thread that was notified goes on when it can have the condition's lock, too."""

    def operation(self: Any, *args: Any) -> Any:
        if _get_ident() != TURN.ident:
            return original(self, *args)
        thread = TURN.thread
        before, thread.reacquires = thread.reacquires, self._lock
        held_before = set(thread.held)
        try:
            notified = original(self, *args)
            if not notified and args and args[0] is not None and args[0] <= 0:
                expire_at_once(TURN.scheduler, thread)
            return notified
        finally:
            thread.reacquires = before
            for key in [key for key in thread.held if key not in held_before]:
                if key != id(self._lock):  # the lock of this one wait, which nobody will ever release
                    del thread.held[key]
                    TURN.scheduler.holds.pop(key, None)

    return operation


def not_atomic(original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, which calls functions of the code under test, outside of the operation that calls it."""

    def operation(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _get_ident() != TURN.ident:
            return original(self, *args, **kwargs)
        thread = TURN.thread
        before = thread.atomic, thread.doing
        thread.atomic, thread.doing = 0, None
        try:
            return original(self, *args, **kwargs)
        finally:
            thread.atomic, thread.doing = before

    return operation


def swap_method(swaps: Swaps, owner: Any, name: str, wrapper: Callable[[FunctionType], Callable[..., Any]]) -> None:
    """Have a function or property of this class or module, if it has one, do what `wrapper` makes of it."""
    found = vars(owner).get(name)
    function = found.fget if isinstance(found, property) else found
    if isinstance(function, FunctionType):
        swaps.wrap(function, wrapper)


def swap_operations(swaps: Swaps) -> None:
    """Give the standard library's functions the code that announces them."""
    for owner, names in ATOMIC:
        for name in names:
            swap_method(swaps, owner, name, partial(atomic, name=name))
    swap_method(swaps, threading.Condition, "wait", lambda original: atomic(condition_wait(original), "wait"))
    swap_method(swaps, threading.Barrier, "_release", not_atomic)
    for name in _OF_BARRIERS:
        swap_method(swaps, threading.Barrier, name, partial(_looking, name=name))
    for name, replacement in (("start", threads.start), ("join", threads.join), ("is_alive", threads.is_alive)):
        swap_method(swaps, threading.Thread, name, partial(partial, replacement))
    for name in ("enumerate", "active_count"):
        swap_method(swaps, threading, name, partial(partial, threads.counting))
