"""`_thread.lock` and `_thread.RLock` under control.

The user's locks stay what they are: the methods of their types are replaced for as long as an exploration lasts, so
every lock of the process is under control, wherever it was made and whoever uses it. A thread that is not under control
passes straight through.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import thread as thread_pool
from types import FrameType
from typing import Any

from racekit.runtime import originals
from racekit.runtime.call_site import call_site, is_watched
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.outside import wait_for_outsider
from racekit.runtime.thread import ControlledThread, Hold
from racekit.runtime.tools import LOCKS
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import wait
from racekit.watch.site import Site

MODULES_WITHOUT_STEPS = frozenset({"importlib._bootstrap", "_frozen_importlib"})
"""Whether a module is already imported depends on the executions before: it must not change what the steps are."""

_WITHOUT_EVENTS = frozenset({id(logging._lock), id(thread_pool._global_shutdown_lock)})  # type: ignore[attr-defined]
"""Locks that are no events. Whether logging takes its own depends on which levels the executions before have looked up;
executors hold theirs for one step each, against the end of the interpreter."""

_ENTERS, _EXITS = threading.Condition.__enter__.__code__, threading.Condition.__exit__.__code__

_get_ident = originals.get_ident


def nanoseconds(seconds: float) -> int:
    """Seconds as whole virtual microseconds, so that no rounding decides which deadline is earlier."""
    return round(seconds * 1_000_000) * 1000


def taken(lock: object, site: Site | None, is_step: bool, operation: str) -> None:
    """`TURN.thread` has taken `lock`, after waiting for it ("acquire") or because it was free ("acquire now")."""
    scheduler, thread, key = TURN.scheduler, TURN.thread, id(lock)
    hold = scheduler.holds[key] = Hold(thread, lock, site)
    thread.held[key] = hold
    thread.lockset = frozenset(thread.held)
    if key in scheduler.waiters:
        scheduler.changed(key)
    _record(lock, site, operation, is_step)


def given_up(lock: object, site: Site | None, is_step: bool) -> None:
    """`TURN.thread` has released `lock`, whoever took it."""
    scheduler, thread, key = TURN.scheduler, TURN.thread, id(lock)
    hold = scheduler.holds.pop(key, None)
    if hold is None:
        if thread.atomic:  # it notifies a waiter that it did not see coming
            scheduler.outsiders.setdefault("a thread that waits for it")
    else:
        del hold.thread.held[key]
        hold.thread.lockset = frozenset(hold.thread.held)
    if key in scheduler.waiters:
        scheduler.changed(key)
    _record(lock, site, "release", is_step)


def _record(lock: object, site: Site | None, operation: str, is_step: bool) -> None:
    if id(lock) not in _WITHOUT_EVENTS:
        TURN.scheduler.record(TURN.thread, site, operation, lock, is_step)


def is_free(lock: Any) -> bool:
    """Whether a thread that does not hold `lock` could take it. (An RLock held outside shows only when tried.)"""
    if type(lock) is originals.RLockType:
        return id(lock) not in TURN.scheduler.holds
    return not originals.lock_locked(lock)


def _caller(frame: FrameType) -> FrameType:
    """Whose code calls: a condition only hands on what it is asked for."""
    code = frame.f_code  # to look it up in a set would cost more than all else: codes hash what is in them
    return frame.f_back or frame if code is _ENTERS or code is _EXITS else frame


def site_of(thread: ControlledThread) -> Site | None:
    """Where in the watched code `thread` is; inside an operation of the standard library, where that was called."""
    return thread.site if thread.atomic else call_site()


def _obtain(lock: Any, blocking: bool, timeout: float, take: Callable[..., bool], caller: FrameType) -> bool:
    """Take a lock that this thread does not hold, when the schedule lets it."""
    if timeout != -1 and (not blocking or not 0 <= timeout <= threading.TIMEOUT_MAX):
        return take(lock, blocking, timeout)  # raises what it has to raise
    scheduler, thread = TURN.scheduler, TURN.thread
    site = site_of(thread)
    is_step = (
        not thread.atomic
        and caller.f_globals.get("__name__") not in MODULES_WITHOUT_STEPS
        and id(lock) not in _WITHOUT_EVENTS
    )
    also = thread.reacquires
    if also is not None and also is not lock:
        scheduler.conflicts.record(lock, f"lock of a wait in thread {thread.id}")  # nobody else's in any execution
    if blocking and timeout != 0:
        if is_step or not is_free(lock):
            limit = None if timeout < 0 else nanoseconds(timeout)
            thread.site, thread.operation = site, "acquire"
            if also is None or also is lock:
                waited = wait(scheduler, thread, lock, (id(lock),), lambda: is_free(lock), limit, is_step)
            else:
                both = (id(lock), id(also))
                waited = wait(scheduler, thread, lock, both, lambda: is_free(lock) and is_free(also), limit, is_step)
            if not waited:
                _record(lock, site, "acquire failed", is_step)
                return False
        while not take(lock, False):
            if not wait_for_outsider(scheduler, thread, lock, timeout):
                return False
    else:
        if is_step:
            scheduler.step(thread, site, "acquire", lock)
        if not take(lock, False):
            _record(lock, site, "acquire failed", is_step)
            return False
    taken(lock, site, is_step, "acquire" if blocking and timeout != 0 else "acquire now")
    return True


def _obtain_while_unwinding(lock: Any, blocking: bool, timeout: float, take: Callable[..., bool]) -> bool:
    if take(lock, False):
        scheduler = TURN.scheduler
        scheduler.holds[id(lock)] = Hold(scheduler.by_ident[_get_ident()], lock, None)
        return True
    if not blocking or timeout >= 0:
        return False
    TURN.scheduler.leave(TURN.scheduler.by_ident[_get_ident()])


def methods(
    take: Callable[..., bool], give: Callable[[Any], None], owned: Callable[[Any], bool] | None
) -> dict[str, Any]:
    """The methods of a lock type under control; `owned` tells whether the calling thread holds a lock that counts."""

    def acquire(self: Any, blocking: bool = True, timeout: float = -1) -> bool:
        if id(self) in LOCKS:
            return take(self, blocking, timeout)
        if owned is not None and owned(self):
            return take(self, blocking, timeout)
        if _get_ident() != TURN.ident:
            thread = out_of_turn(self)
            if thread is None:
                return take(self, blocking, timeout)
            if thread.unwinding:
                return _obtain_while_unwinding(self, blocking, timeout, take)
        return _obtain(self, blocking, timeout, take, sys._getframe(1))

    def __enter__(self: Any) -> bool:
        if id(self) in LOCKS:
            return take(self)
        if owned is not None and owned(self):
            return take(self)
        if _get_ident() != TURN.ident:
            thread = out_of_turn(self)
            if thread is None:
                return take(self)
            if thread.unwinding:
                return _obtain_while_unwinding(self, True, -1, take)
        return _obtain(self, True, -1, take, _caller(sys._getframe(1)))

    def release_called_from(self: Any, caller: FrameType) -> None:
        thread = TURN.thread
        site = site_of(thread)
        is_step = not thread.atomic and is_watched(caller.f_code)
        if is_step:
            TURN.scheduler.step(thread, site, "release", self)
        try:
            give(self)
        except RuntimeError:  # nobody holds it, or another thread does
            _record(self, site, "release failed", is_step)
            raise
        if owned is None or not owned(self):
            given_up(self, site, is_step)

    def release(self: Any) -> None:
        if id(self) in LOCKS:
            give(self)
            return
        if _get_ident() != TURN.ident and ((thread := out_of_turn(self)) is None or thread.unwinding):
            give(self)
            if thread is not None and (owned is None or not owned(self)):
                TURN.scheduler.holds.pop(id(self), None)
            return
        release_called_from(self, sys._getframe(1))

    def __exit__(self: Any, *exception: object) -> None:
        if id(self) in LOCKS:
            give(self)
            return
        if _get_ident() != TURN.ident and ((thread := out_of_turn(self)) is None or thread.unwinding):
            give(self)
            if thread is not None and (owned is None or not owned(self)):
                TURN.scheduler.holds.pop(id(self), None)
            return
        release_called_from(self, _caller(sys._getframe(1)))

    return {"acquire": acquire, "release": release, "__enter__": __enter__, "__exit__": __exit__}


def locked(self: Any) -> bool:
    """`Lock.locked` under control."""
    if _get_ident() == TURN.ident or ((came := out_of_turn(self)) is not None and not came.unwinding):
        thread = TURN.thread
        site = call_site()
        is_step = not thread.atomic and is_watched(sys._getframe(1).f_code)
        if is_step:
            TURN.scheduler.step(thread, site, "locked", self)
        _record(self, site, "locked", is_step)
    return originals.lock_locked(self)


def _release_save(self: Any) -> Any:
    if _get_ident() != TURN.ident and ((thread := out_of_turn(self)) is None or thread.unwinding):
        return originals.rlock_release_save(self)
    state = originals.rlock_release_save(self)
    given_up(self, site_of(TURN.thread), False)
    return state


def _acquire_restore(self: Any, state: Any) -> None:
    if _get_ident() != TURN.ident:
        thread = out_of_turn(self)
        if thread is None:
            originals.rlock_acquire_restore(self, state)
            return
        if thread.unwinding:
            _obtain_while_unwinding(self, True, -1, originals.rlock_acquire)
            originals.rlock_release(self)
            originals.rlock_acquire_restore(self, state)
            return
    _obtain(self, True, -1, originals.rlock_acquire, sys._getframe(1))
    originals.rlock_release(self)
    originals.rlock_acquire_restore(self, state)


def lock_methods() -> dict[str, Any]:
    """What replaces the methods of `_thread.lock`."""
    replaced = methods(originals.lock_acquire, originals.lock_release, None)
    aliases = {"acquire_lock": replaced["acquire"], "release_lock": replaced["release"], "locked_lock": locked}
    return {**replaced, **aliases, "locked": locked}


def rlock_methods() -> dict[str, Any]:
    """What replaces the methods of `_thread.RLock`."""
    replaced = methods(originals.rlock_acquire, originals.rlock_release, originals.rlock_is_owned)
    return {**replaced, "_release_save": _release_save, "_acquire_restore": _acquire_restore}
