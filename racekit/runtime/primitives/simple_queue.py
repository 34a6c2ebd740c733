"""`queue.SimpleQueue` under control: like a lock, it is a leaf of the standard library, written in C.

Its parts are the end where items are put, the one where they are taken, and each item, by how many came before it: a
put and a get are independent unless it is the item put that is taken.
"""

from __future__ import annotations

import queue
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime import cpython, originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import call_site
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives.locks import nanoseconds
from racekit.runtime.scheduling_point import HEAD, TAIL
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import wait
from racekit.watch.site import Site

_get_ident = originals.get_ident
_qsize = originals.simple_queue_qsize


def put(self: Any, item: Any, block: bool = True, timeout: float | None = None) -> None:
    if _get_ident() != TURN.ident and ((thread := out_of_turn(self)) is None or thread.unwinding):
        originals.simple_queue_put(self, item)
        return
    scheduler, thread = TURN.scheduler, TURN.thread
    site = call_site()
    if not thread.atomic:
        scheduler.step(thread, site, "put", self, WHOLE)
    scheduler.queued.setdefault(id(self), [self, _qsize(self)])[1] += 1
    originals.simple_queue_put(self, item)
    for worker in cpython.workers_waiting_for(self):
        if worker.ident not in scheduler.by_ident:
            scheduler.outsiders.setdefault(worker.name)
    scheduler.changed(id(self))
    scheduler.record(thread, site, "put", self, part=TAIL)
    if scheduler.compares_events:
        taken = scheduler.conflicts.taken.get(id(self), 0)
        scheduler.record(thread, site, "put", self, False, part=taken + _qsize(self) - 1)


def get(self: Any, block: bool = True, timeout: float | None = None) -> Any:
    if _get_ident() != TURN.ident:
        thread = out_of_turn(self)
        if thread is None:
            return originals.simple_queue_get(self, block, timeout)
        if thread.unwinding:
            if not block or timeout is not None or _qsize(self):
                return originals.simple_queue_get(self, False)
            TURN.scheduler.leave(thread)
    if timeout is not None and timeout < 0 and block:
        return originals.simple_queue_get(self, block, timeout)  # raises what it has to raise
    scheduler, thread = TURN.scheduler, TURN.thread
    site = call_site()
    if not block or timeout == 0:
        if not thread.atomic:
            scheduler.step(thread, site, "get", self, WHOLE)
    elif not _wait_for_item(scheduler, thread, site, self, timeout):
        _got_nothing(scheduler, thread, site, self)
        raise queue.Empty
    try:
        item = originals.simple_queue_get(self, False)
    except queue.Empty:
        _got_nothing(scheduler, thread, site, self)
        raise
    _took(scheduler, thread, site, self, "take" if block and timeout != 0 else "take now")
    return item


def get_task(self: Any) -> Any:
    """What a worker gets that waits for its next task; None, which ends the workers, stays there for the others."""
    scheduler, thread = TURN.scheduler, TURN.thread
    site = call_site()
    _wait_for_item(scheduler, thread, site, self, None)
    task = originals.simple_queue_get(self, False)
    if task is not None:
        _took(scheduler, thread, site, self, "take")
        return task
    originals.simple_queue_put(self, None)
    _got_nothing(scheduler, thread, site, self, "look")
    return None


def _wait_for_item(
    scheduler: Scheduler, thread: ControlledThread, site: Site | None, queue: Any, timeout: float | None
) -> bool:
    thread.site, thread.operation = site, "get"
    outermost = thread.doing is None
    if outermost:
        thread.doing = ("get", queue)
    limit = None if timeout is None else nanoseconds(timeout)
    try:
        return wait(scheduler, thread, queue, (id(queue),), lambda: _qsize(queue) > 0, limit, not thread.atomic)
    finally:
        if outermost:
            thread.doing = None


def _took(scheduler: Scheduler, thread: ControlledThread, site: Site | None, queue: object, how: str) -> None:
    scheduler.changed(id(queue))
    if id(queue) in scheduler.queued:
        scheduler.queued[id(queue)][1] -= 1
    scheduler.record(thread, site, "get", queue, part=HEAD)
    if scheduler.compares_events:
        taken = scheduler.conflicts.taken.get(id(queue), 0)
        scheduler.conflicts.taken[id(queue)] = taken + 1
        scheduler.record(thread, site, how, queue, False, part=taken)


def _got_nothing(
    scheduler: Scheduler, thread: ControlledThread, site: Site | None, queue: object, how: str = "take failed"
) -> None:
    scheduler.record(thread, site, "get failed", queue, part=HEAD)
    if scheduler.compares_events:
        taken = scheduler.conflicts.taken.get(id(queue), 0)
        scheduler.record(thread, site, how, queue, False, part=taken)


def put_nowait(self: Any, item: Any) -> None:
    put(self, item)


def get_nowait(self: Any) -> Any:
    return get(self, False)


def empty(self: Any) -> bool:
    return qsize(self) == 0


def qsize(self: Any) -> int:
    if _get_ident() == TURN.ident:
        scheduler, thread = TURN.scheduler, TURN.thread
        site = call_site()
        if not thread.atomic:
            scheduler.step(thread, site, "qsize", self, WHOLE)
        scheduler.record(thread, site, "qsize", self, part=WHOLE)
    return _qsize(self)


def simple_queue_methods() -> dict[str, Any]:
    """What replaces the methods of `queue.SimpleQueue`."""
    return {
        "put": put,
        "get": get,
        "put_nowait": put_nowait,
        "get_nowait": get_nowait,
        "empty": empty,
        "qsize": qsize,
    }
