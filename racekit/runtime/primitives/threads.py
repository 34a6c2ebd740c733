"""Threads under control: start, join, the end.

A start makes the new thread runnable and no more; the new thread's birth, up to its first line of user code, is part of
that step, so nothing of `threading`'s own bookkeeping is ever interleaved.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime import cpython, originals
from racekit.runtime.call_site import call_site
from racekit.runtime.numbering import number_reachable
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives.locks import nanoseconds
from racekit.runtime.scheduling_point import BEGINS
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import wait
from racekit.watch.site import Site

_get_ident = originals.get_ident


def start(original: Callable[..., Any], self: threading.Thread) -> None:
    """`Thread.start` under control."""
    if _get_ident() != TURN.ident:
        thread = out_of_turn()
        if thread is None:
            original(self)
            return
        if thread.unwinding:
            TURN.scheduler.leave(thread)
    scheduler, thread = TURN.scheduler, TURN.thread
    if not cpython.is_initialized(self) or cpython.is_started(self):
        scheduler.lives(thread, "start failed", WHOLE)
        _as_part_of_this_step(thread, lambda: original(self))  # raises what it has to raise
        return
    site = call_site()
    if not thread.atomic:
        scheduler.step(thread, site, "start")
    if scheduler.compares_events:
        number_reachable(scheduler.conflicts, self)
        scheduler.conflicts.record(scheduler)
    child = _spawn(cpython.what_runs(self), self, self.name, self.daemon)
    child.born_at = site
    cpython.register(self, child.ident)
    scheduler.by_object[id(self)] = child
    scheduler.record(thread, site, "start", child.id)
    scheduler.lives(thread, BEGINS, child.id)


def start_new_thread(function: Callable[..., object], args: tuple[Any, ...], kwargs: Any = None, /) -> int:
    """`_thread.start_new_thread` under control."""
    if _get_ident() != TURN.ident:
        thread = out_of_turn()
        if thread is None:
            return originals.start_new_thread(function, args, kwargs or {})
        if thread.unwinding:
            TURN.scheduler.leave(thread)
    scheduler, thread = TURN.scheduler, TURN.thread
    site = call_site()
    if not thread.atomic:
        scheduler.step(thread, site, "start")
    name = f"{getattr(function, '__name__', 'thread')} (start_new_thread)"
    child = _spawn(lambda: function(*args, **(kwargs or {})), None, name, True)
    child.born_at = site
    scheduler.record(thread, site, "start", child.id)
    scheduler.lives(thread, BEGINS, child.id)
    return child.ident


def thread_count() -> int:
    """`_thread._count` under control: the threads of this execution, and those that were there before."""
    if _get_ident() != TURN.ident:
        return originals.thread_count()
    _look_at_all()
    return TURN.scheduler.pool.threads_before + sum(each.id > 0 for each in TURN.scheduler.alive)


def _spawn(run: Callable[[], object], thread: threading.Thread | None, name: str, daemon: bool) -> ControlledThread:
    scheduler = TURN.scheduler

    def job() -> None:
        nonlocal run
        cpython.install_trace_and_profile()
        try:
            run()
        except SystemExit:
            pass
        except BaseException as error:
            if not scheduler.aborting:
                _report(error, child)
        finally:
            run = _nothing  # what only the thread's function refers to ends while it still has its turn

    child = scheduler.add(job, name, daemon, lambda: _ended(child))
    child.thread = thread
    TURN.thread.has_effect()
    return child


def _nothing() -> None:
    """Takes the place of a function that has run."""


def _report(error: BaseException, child: ControlledThread) -> None:
    scheduler = TURN.scheduler
    hook = threading.excepthook
    if child.thread is not None and hook is not scheduler.excepthook:
        child.thread._invoke_excepthook(child.thread)  # the code under test has its own way with such exceptions
        return
    scheduler.on_exception(error, child)


def _ended(child: ControlledThread) -> None:
    """The last thing that runs in a controlled thread, also if the execution was over before it began."""
    cpython.unregister(child.thread, child.ident)
    child.name, child.thread = child.label, None  # a Thread that nobody refers to ends with its thread


def join(original: Callable[..., Any], self: threading.Thread, timeout: float | None = None) -> None:
    """`Thread.join` under control."""
    if _get_ident() != TURN.ident:
        thread = out_of_turn()
        if thread is None:
            original(self, timeout)
            return
        if thread.unwinding:
            if find(self) is not None:
                TURN.scheduler.leave(thread)
            return
    joined = find(self)
    scheduler, thread = TURN.scheduler, TURN.thread
    if joined is None or joined is thread:
        if not cpython.is_started(self):
            scheduler.lives(thread, "join failed", WHOLE)
        _as_part_of_this_step(thread, lambda: original(self, timeout))
        ended = _find_ended(self)
        if ended is not None:
            scheduler.joined(ended)
        return
    site = call_site()
    if timeout is not None and timeout <= 0:
        _join_at_once(joined, site)
        return
    thread.site, thread.operation = site, "join"
    outermost = thread.doing is None
    if outermost:
        thread.doing = ("join", self)
    try:
        has_ended = wait(
            scheduler,
            thread,
            joined,
            (id(joined),),
            lambda: joined.finished,
            None if timeout is None else nanoseconds(max(timeout, 0)),
            not thread.atomic,
        )
    finally:
        if outermost:
            thread.doing = None
    scheduler.record(thread, site, "join" if has_ended else "join failed", joined.id)
    if has_ended:
        scheduler.joined(joined)


def _join_at_once(joined: ControlledThread, site: Site | None) -> None:
    """`Thread.join(0)` only looks, and waits for nobody."""
    scheduler, thread = TURN.scheduler, TURN.thread
    if not thread.atomic:
        scheduler.step(thread, site, "join")
    scheduler.record(thread, site, "join" if joined.finished else "join failed", joined.id)
    scheduler.lives(thread, "is_alive", joined.id)
    if joined.finished:
        scheduler.joined(joined)


def is_alive(original: Callable[..., bool], self: threading.Thread) -> bool:
    """`Thread.is_alive` under control."""
    asked = find(self)
    if _get_ident() != TURN.ident:
        return not asked.finished if asked is not None else original(self)
    scheduler, thread = TURN.scheduler, TURN.thread
    site = call_site()
    if not thread.atomic:
        scheduler.step(thread, site, "is_alive")
        asked = find(self)
    if asked is not None:
        scheduler.record(thread, site, "is_alive", asked.id)
    of = asked or _find_ended(self)
    scheduler.lives(thread, "is_alive", WHOLE if of is None else of.id)
    return asked is not None or bool(_as_part_of_this_step(thread, lambda: original(self)))


def counting(original: Callable[..., Any]) -> Any:
    """`threading.enumerate` and `threading.active_count` under control."""
    if _get_ident() != TURN.ident or TURN.thread.atomic:
        return original()
    TURN.scheduler.step(TURN.thread, call_site(), "is_alive")
    _look_at_all()
    return _as_part_of_this_step(TURN.thread, original)


def _look_at_all() -> None:
    scheduler, thread = TURN.scheduler, TURN.thread
    thread.looked = True
    scheduler.lives(thread, "is_alive", WHOLE)
    scheduler.workers_were_counted = scheduler.workers_were_counted or scheduler.counts_no_idle_workers


def _as_part_of_this_step(thread: ControlledThread, work: Callable[[], Any]) -> Any:
    before, thread.atomic = thread.atomic, 1
    try:
        return work()
    finally:
        thread.atomic = before


def _find_ended(thread: threading.Thread) -> ControlledThread | None:
    """The controlled thread of this execution that `thread` stood for, if it has ended."""
    controlled: ControlledThread | None = TURN.scheduler.by_object.get(id(thread))
    is_its = controlled is not None and controlled.finished and controlled.ident == thread.ident
    return controlled if is_its else None


def find(thread: threading.Thread) -> ControlledThread | None:
    """The controlled thread of this execution that `thread` stands for, as long as it has not ended."""
    scheduler: Any = TURN.scheduler
    if scheduler is None:
        return None
    controlled: ControlledThread | None = scheduler.by_ident.get(getattr(thread, "_ident", None))
    return controlled if controlled is not None and controlled.thread is thread and not controlled.finished else None
