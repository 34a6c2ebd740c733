"""How threads and executions end: who goes on then, who is stopped, and what is left behind."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from racekit.errors import ExecutionAborted
from racekit.runtime import cpython, originals
from racekit.runtime.scheduling_point import BLOCKED, ENDS, HEAD, THE_END
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler

HOOKS_WHILE_UNWINDING = 10_000
TAKES_FROM_A_QUEUE = "a thread that takes from a queue"


def finish(scheduler: Scheduler, thread: ControlledThread) -> None:
    """`thread` has run to its end; the baton goes on, and the caller must not touch the scheduler again."""
    if thread not in scheduler.alive:
        return  # it was given up, and comes back from outside control only now
    thread.announced.clear()
    thread.finished = True
    scheduler.alive.remove(thread)
    scheduler.enabled = None
    scheduler.not_joined.add(thread)
    scheduler.changed(id(thread))
    if scheduler.aborting:
        if TURN.thread is thread:
            scheduler.pass_on(next_to_unwind(scheduler, thread))
        return
    scheduler.lives(thread, ENDS, thread.id)
    if scheduler.body_done and only_background_left(scheduler):
        note_the_end(scheduler, thread)
        scheduler.pass_on(scheduler.threads[0])
        return
    thread.site, thread.operation = None, "end"
    try:
        enabled = scheduler.enabled or scheduler.find_enabled(thread)
        alone = len(enabled) == 1 and not scheduler.compares_events
        following = scheduler.threads[enabled[0] if alone else scheduler.choose(thread, enabled)]
    except ExecutionAborted:
        following = next_to_unwind(scheduler, thread)
    scheduler.pass_on(following)


def close(scheduler: Scheduler) -> None:
    """The body has ended in thread 0: let the others finish, stop those that need not, take the baton back."""
    caller = scheduler.threads[0]
    take_turn_again(scheduler, caller)
    caller.outside = False  # also where it did not wait for its turn, since the execution is over
    if not scheduler.aborting and scheduler.alive != [caller]:
        try:
            scheduler.step(caller, None, "end")
        except ExecutionAborted:
            pass
    if not scheduler.aborting and only_background_left(scheduler, but=caller):
        note_the_end(scheduler, caller)
    scheduler.body_done = True
    caller.finished = True
    if caller in scheduler.alive:
        scheduler.alive.remove(caller)
    scheduler.enabled = None
    if not scheduler.aborting and not only_background_left(scheduler):
        caller.site, caller.operation = None, "end"
        try:
            enabled = scheduler.enabled or scheduler.find_enabled(caller)
            alone = len(enabled) == 1 and not scheduler.compares_events
            chosen = enabled[0] if alone else scheduler.choose(caller, enabled)
            scheduler.pass_on(scheduler.threads[chosen])
            scheduler.park(caller)
        except ExecutionAborted:
            pass
    if not scheduler.aborting:
        note_what_blocks(scheduler)
        if is_missing(scheduler):
            scheduler.outsiders.setdefault(TAKES_FROM_A_QUEUE)
    scheduler.abort()
    if any(thread is not caller for thread in scheduler.alive):
        if TURN.thread is caller:  # otherwise it came back from outside control, and another one is leaving
            scheduler.pass_on(next_to_unwind(scheduler, caller))
        scheduler.park(caller)
    TURN.several = False


def take_turn_again(scheduler: Scheduler, thread: ControlledThread) -> None:
    """If `thread` has just returned from a call outside control, and met no hook since, wait for its turn."""
    if thread.outside and not scheduler.aborting:
        try:
            scheduler.on_come_back(thread)
        except ExecutionAborted:
            pass


def only_background_left(scheduler: Scheduler, but: ControlledThread | None = None) -> bool:
    """Whether nobody has to finish, except perhaps `but`: only daemon threads and idle workers of executors."""
    return all(thread.daemon or _is_idle_worker(thread) for thread in scheduler.alive if thread is not but)


def note_the_end(scheduler: Scheduler, thread: ControlledThread) -> None:
    """This step of `thread` stops the daemon threads: each of their steps comes before it or never."""
    if scheduler.compares_events and any(other.daemon for other in scheduler.alive):
        scheduler.trace.append((thread.id, None, THE_END, scheduler.location(scheduler)))


def unwind_hook(scheduler: Scheduler, thread: ControlledThread) -> None:
    """A hook reached by a thread of an aborted execution: let it clean up, but not for ever."""
    if not thread.unwinding:
        scheduler.leave(thread)
    thread.hooks_while_unwinding += 1
    if thread.hooks_while_unwinding > HOOKS_WHILE_UNWINDING:
        raise ExecutionAborted  # at every hook from now on: one of them is outside of whatever catches it


def next_to_unwind(scheduler: Scheduler, finished: ControlledThread) -> ControlledThread:
    """Who leaves the aborted execution after `finished`; the caller of the body comes last."""
    for thread in scheduler.alive[:]:
        if thread.id != 0 and thread is not finished:
            if not thread.outside:
                return thread
            leave_behind(scheduler, thread)
    return scheduler.threads[0]


def give_up_on_the_others(scheduler: Scheduler) -> None:
    """Leave every thread but the caller's behind."""
    for thread in scheduler.alive[:]:
        if thread.id != 0:
            leave_behind(scheduler, thread)


def leave_behind(scheduler: Scheduler, thread: ControlledThread) -> None:
    """`thread` is stuck in a call outside control: the execution ends without it."""
    scheduler.alive.remove(thread)
    thread.finished = True
    cpython.unregister(thread.thread, thread.ident)
    scheduler.pool.abandon(thread.ident)


def is_missing(scheduler: Scheduler) -> bool:
    """Whether queues hold less than what controlled threads have put into them and not taken."""
    return any(originals.simple_queue_qsize(queue) < expected for queue, expected in scheduler.queued.values())


def note_what_blocks(scheduler: Scheduler) -> None:
    """Nobody will go on: what blocked threads wait for are the last events, as if they had begun."""
    if scheduler.compares_events:
        for thread in scheduler.alive:
            awaited = thread.awaited
            if thread.blocked and type(awaited) in (originals.LockType, originals.RLockType, originals.ProcessLockType):
                scheduler.trace.append((thread.id, None, f"acquire{BLOCKED}", scheduler.location(awaited)))
            elif thread.blocked and isinstance(awaited, queue.SimpleQueue):
                scheduler.trace.append((thread.id, None, f"get{BLOCKED}", scheduler.location(awaited, HEAD)))


def _is_idle_worker(thread: ControlledThread) -> bool:
    return thread.blocked and thread.thread is not None and cpython.waits_for_work(thread.thread, thread.awaited)
