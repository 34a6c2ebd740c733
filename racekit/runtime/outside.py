"""Threads and calls that are not under control: let through, waited for within limits, and never taken for control."""

from __future__ import annotations

import signal
import threading
from typing import Any

from racekit.runtime import cpython, ending, originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import give_way
from racekit.runtime.wakers import a_signal_is_due, only_this_process_can_wake

POLLING_INTERVAL = 0.002
PATIENCE_WITH_OUTSIDERS = 0.2
"""How many real seconds of a timed wait they have at most; in a search it may expire in each execution."""
PATIENCE_ANOTHER_TIME = 1.0
"""How many real seconds a call outside control has in an exploration in which one had all the time and never ended."""
PATIENCE_WITH_OWN_PIPES = 0.1
"""How many real seconds something may take to arrive that only this process can send: somebody may send it a signal."""


def interrupt_caller(scheduler: Scheduler) -> None:
    """Thread 0 is stuck in a call outside control: interrupt that call, if it is the main thread."""
    scheduler.interrupting_caller = True
    if threading.main_thread().ident == scheduler.threads[0].ident:
        signal.pthread_kill(scheduler.threads[0].ident, signal.SIGINT)


def note_outsider(scheduler: Scheduler, ident: int, touched: object, in_watched_code: bool) -> None:
    """A thread that is not under control came by; it matters if it can change what the others see."""
    key = id(touched)
    if in_watched_code or key in scheduler.waiters or key in scheduler.holds:
        thread = cpython.active_threads().get(ident)
        scheduler.outsiders.setdefault(thread.name if thread is not None else f"thread {ident}")


def come_back(scheduler: Scheduler, thread: ControlledThread) -> None:
    """`thread` returned from a call outside control, and waits here for its turn."""
    scheduler.returning.append(thread)
    scheduler.enabled = None
    scheduler.park(thread)
    if scheduler.aborting:
        scheduler.leave(thread)


def wait_for_outside(scheduler: Scheduler) -> bool:
    """Nobody under control can go on. True once somebody can, thanks to the world outside; False if hopeless."""
    hopeful = _outsiders_take_part(scheduler) or any(
        thread.outside or _held_outside(scheduler, thread) for thread in scheduler.alive
    )
    selectors: list[Any] = [thread.awaited for thread in scheduler.alive if thread.polls]
    if not (hopeful or selectors):
        return False
    is_up_to_us = not (hopeful or _others_run(scheduler)) and all(map(only_this_process_can_wake, selectors))
    patience = PATIENCE_WITH_OWN_PIPES if is_up_to_us and not a_signal_is_due() else scheduler.patience
    if _until_somebody_can(scheduler, patience):
        return True
    if not is_up_to_us:
        lose_patience(scheduler)
    return False


def lose_patience(scheduler: Scheduler) -> None:
    """Nothing came: to find that out again, as when the failure is replayed, takes less."""
    scheduler.patience = min(scheduler.patience, PATIENCE_ANOTHER_TIME)


def wait_for_outside_in_time(scheduler: Scheduler) -> bool:
    """Only time lets anybody go on: True once somebody can before that, in real time, thanks to threads outside."""
    if not _outsiders_take_part(scheduler):
        return False
    deadline = min(thread.deadline or 0 for thread in scheduler.alive if thread.blocked and thread.deadline is not None)
    seconds = (deadline - scheduler.now) / 1_000_000_000
    return _until_somebody_can(scheduler, min(seconds, PATIENCE_WITH_OUTSIDERS))


def _until_somebody_can(scheduler: Scheduler, seconds: float) -> bool:
    scheduler.waiting_outside = True
    until = originals.monotonic() + seconds
    try:
        while originals.monotonic() < until and not scheduler.aborting:
            originals.sleep(POLLING_INTERVAL)
            for thread in scheduler.alive:
                if thread.blocked and thread.ready():
                    thread.blocked = False
                    return True
            if scheduler.returning:
                return True
        return False
    finally:
        scheduler.waiting_outside = False


def _outsiders_take_part(scheduler: Scheduler) -> bool:
    """Whether some came by, or take what is in queues, which no hook sees of a thread that waited there before."""
    if any(expected for _, expected in scheduler.queued.values()) and _others_run(scheduler):
        originals.sleep(POLLING_INTERVAL)
    if ending.is_missing(scheduler):
        scheduler.outsiders.setdefault(ending.TAKES_FROM_A_QUEUE)
    return bool(scheduler.outsiders)


def _held_outside(scheduler: Scheduler, thread: ControlledThread) -> bool:
    """Whether `thread` waits for a lock that no controlled thread holds, while other threads might release it."""
    lock = thread.awaited
    if not thread.blocked or type(lock) is not originals.LockType or id(lock) in scheduler.holds:
        return False
    return _others_run(scheduler)


def _others_run(scheduler: Scheduler) -> bool:
    controlled = {thread.ident for thread in scheduler.threads}
    return any(ident not in controlled for ident in cpython.active_threads())


def wait_for_outsider(scheduler: Scheduler, thread: ControlledThread, lock: object, timeout: float) -> bool:
    """A thread outside control holds `lock`: let others go on, then try again; False when `timeout` is over."""
    scheduler.outsiders.setdefault("a thread that holds a lock")
    patience = scheduler.patience if timeout < 0 else min(timeout, scheduler.patience)
    scheduler.waited_for_outsiders += POLLING_INTERVAL
    originals.sleep(POLLING_INTERVAL)
    if scheduler.waited_for_outsiders > patience:
        if timeout >= 0:
            return False
        thread.awaited = lock
        lose_patience(scheduler)
        scheduler.on_deadlock()
        scheduler.abort()
        scheduler.leave(thread)
    if TURN.several:
        give_way(scheduler, thread, thread.site)
    return True
