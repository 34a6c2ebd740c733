"""The locks and semaphores of `multiprocessing` under control, which threads may use, too.

All of them are a `SemLock`, written in C. Other processes that share one are not under control: what they take and give
back shows when it is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from racekit.runtime import originals
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives.locks import given_up, nanoseconds, site_of, taken
from racekit.runtime.thread import Hold
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import wait

_RECURSIVE = 0
"""The `kind` of an RLock."""

_get_ident = originals.get_ident


def _is_lock(lock: Any) -> bool:
    """Whether it is a Lock or an RLock, which one thread holds at a time; others count."""
    return bool(lock.maxvalue == 1)


def process_lock_methods(kind: Any) -> dict[str, Any]:
    """What replaces the methods of `_multiprocessing.SemLock`."""
    take: Callable[..., bool] = kind.acquire
    give: Callable[[Any], None] = kind.release
    is_zero: Callable[[Any], bool] = kind._is_zero
    is_mine: Callable[[Any], bool] = kind._is_mine

    def acquire(self: Any, block: bool = True, timeout: float | None = None) -> bool:
        if self.kind == _RECURSIVE and is_mine(self):
            return take(self, False)
        if _get_ident() != TURN.ident:
            came = out_of_turn(self)
            if came is None:
                return take(self, block, timeout)
            if came.unwinding:
                if take(self, False):
                    if _is_lock(self):
                        TURN.scheduler.holds[id(self)] = Hold(came, self, None)
                    return True
                if not block or timeout is not None:
                    return False
                TURN.scheduler.leave(came)
        return obtain(self, block and (timeout is None or timeout > 0), timeout)

    def obtain(self: Any, waits: bool, timeout: float | None) -> bool:
        scheduler, thread = TURN.scheduler, TURN.thread
        is_step = not thread.atomic
        site = site_of(thread)
        thread.operation = "acquire"
        if not waits and is_step:
            scheduler.step(thread, site, "acquire", self)
        while waits or not take(self, False):
            thread.site = site
            if not waits or not wait_for(self, None if timeout is None else nanoseconds(timeout), is_step):
                scheduler.record(thread, site, "acquire failed", self, is_step)
                return False
            if take(self, False):
                break
        if _is_lock(self):
            taken(self, site, is_step, "acquire" if waits else "acquire now")
        else:
            scheduler.changed(id(self))
            scheduler.record(thread, site, "sem_wait", self, is_step)
        return True

    def wait_for(self: Any, limit: int | None, is_step: bool) -> bool:
        scheduler, thread = TURN.scheduler, TURN.thread
        thread.operation = "acquire"
        scheduler.polling += 1
        thread.polls = True
        try:
            return wait(scheduler, thread, self, (id(self),), lambda: not is_zero(self), limit, is_step)
        finally:
            thread.polls = False
            scheduler.polling -= 1

    def release(self: Any) -> None:
        if _get_ident() != TURN.ident and ((came := out_of_turn(self)) is None or came.unwinding):
            give(self)
            if came is not None and not (self.kind == _RECURSIVE and is_mine(self)):
                TURN.scheduler.holds.pop(id(self), None)
            return
        scheduler, thread = TURN.scheduler, TURN.thread
        is_step = not thread.atomic
        site = site_of(thread)
        if is_step:
            scheduler.step(thread, site, "release", self)
        try:
            give(self)
        except (ValueError, AssertionError):  # nobody holds it, or another thread does
            scheduler.record(thread, site, "release failed", self, is_step)
            raise
        if not _is_lock(self):
            scheduler.changed(id(self))
            scheduler.record(thread, site, "sem_post", self, is_step)
        elif not (self.kind == _RECURSIVE and is_mine(self)):
            given_up(self, site, is_step)

    def __enter__(self: Any) -> bool:
        return acquire(self)

    def __exit__(self: Any, *exception: object) -> None:
        release(self)

    return {"acquire": acquire, "release": release, "__enter__": __enter__, "__exit__": __exit__}
