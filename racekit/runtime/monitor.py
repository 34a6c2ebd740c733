"""Watching over an exploration in real time: calls that block outside control, and time limits.

The monitor is an OS thread of its own that looks at the thread with the baton a few times a second. If that thread
makes no progress, uses no processor time and waits for none, it is blocked in a call that racekit does not control (a
socket, a subprocess): the baton goes on without it. This is the one place where somebody without the baton changes a
scheduler; it does so only while the thread with the baton is blocked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from racekit.runtime import ending, originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.enabled import could_go_on, next_in_turn
from racekit.runtime.outside import interrupt_caller, lose_patience
from racekit.runtime.thread import ControlledThread, Parking
from racekit.runtime.turn import TURN
from racekit.runtime.waits import describe_outside, stand, waits

TICK = 0.05
TICK_AT_A_CALL_THAT_BLOCKS = 0.002
TICKS_TO_COUNT_AS_BLOCKED = 4
GRACE = 1.0


class Monitor:
    """Watches from `start` to `stop`. After `timeout` seconds it aborts the execution; `stuck` tells who was where.

    Whenever it looks, it first calls `on_look`, which must not raise. A thread that comes to where another one was
    blocked counts as blocked when it is seen there twice: so to find that out costs once, not for each thread.
    """

    def __init__(self, timeout: float | None, on_look: Callable[[], None] | None = None) -> None:
        self._on_look = on_look
        self._deadline = None if timeout is None else originals.monotonic() + timeout
        self._stop = Parking()
        self._stopped = Parking()
        self._stopping = False
        self._tick = TICK
        self._seen: object = None
        self._still = 0
        self._still_since = 0.0
        self._blocks_at: set[tuple[str, int | None]] = set()
        self._leaving: ControlledThread | None = None
        self._leaving_since = 0.0
        self.stuck = ""

    def start(self) -> None:
        originals.start_new_thread(self._run, ())

    def stop(self) -> None:
        self._stopping = True
        self._stop.wake()
        self._stopped.park()

    def _run(self) -> None:
        while not self._stop.park(True, self._tick):
            self._look()
        self._seen = self._leaving = None  # of an execution that is over
        self._stopped.wake()

    def _look(self) -> None:
        if self._on_look is not None:
            self._on_look()
        scheduler: Scheduler | None = TURN.scheduler
        if scheduler is None or self._stopping:
            return
        if scheduler.aborting:
            self._hurry(scheduler)
            return
        self._leaving = None
        if self._deadline is not None and originals.monotonic() > self._deadline:
            self.stuck = stand(scheduler)
            scheduler.abort()
        elif self._is_blocked(scheduler):
            self._let_others_go_on(scheduler, TURN.thread)

    def _is_blocked(self, scheduler: Scheduler) -> bool:
        thread = TURN.thread
        seen = scheduler, thread, scheduler.steps, scheduler.loops, len(scheduler.trace), _processor_time(thread.ident)
        if seen != self._seen:
            self._begin_to_stand(seen)
        else:
            self._still += 1
        blocks = bool(self._blocks_at) and _place_of(thread) in self._blocks_at
        self._tick = TICK_AT_A_CALL_THAT_BLOCKS if blocks else TICK
        if self._still < (1 if blocks else TICKS_TO_COUNT_AS_BLOCKED) or scheduler.waiting_outside:
            return False
        if _wait_for_processor(scheduler, thread):
            self._begin_to_stand(seen)
        return self._still > 0

    def _begin_to_stand(self, seen: object) -> None:
        self._seen = seen
        self._still = 0
        self._still_since = originals.monotonic()

    def _let_others_go_on(self, scheduler: Scheduler, thread: ControlledThread) -> None:
        frame = sys._current_frames().get(thread.ident)
        scheduler.outside_calls.setdefault(describe_outside(thread, frame))
        if thread.outside:
            return
        self._blocks_at.add(_place_of(thread))
        thread.outside = True
        scheduler.enabled = None
        others = could_go_on(scheduler)
        if others:
            scheduler.pass_on(scheduler.threads[next_in_turn(scheduler.threads, thread.id, others)])
            return
        if originals.monotonic() - self._still_since > scheduler.patience:
            lose_patience(scheduler)
            scheduler.on_blocked_outside(waits(scheduler))
            scheduler.abort()
        if thread.id == 0 or not scheduler.aborting:
            thread.outside = False

    def _hurry(self, scheduler: Scheduler) -> None:
        """Who leaves an aborted execution ought to do so at once; who is stuck outside control is left behind."""
        now, thread = originals.monotonic(), TURN.thread
        if thread is not self._leaving:
            self._leaving, self._leaving_since = thread, now
            return
        is_known_to_be_stuck = thread.outside
        if not is_known_to_be_stuck and (now - self._leaving_since < GRACE or _processor_time(thread.ident) is None):
            return
        self._leaving_since = now
        if thread.id == 0:
            interrupt_caller(scheduler)
        elif thread in scheduler.alive:
            ending.leave_behind(scheduler, thread)
            scheduler.pass_on(ending.next_to_unwind(scheduler, thread))


def _place_of(thread: ControlledThread) -> tuple[str, int | None]:
    """The file and the line where the thread is."""
    frame = sys._current_frames().get(thread.ident)
    return ("", None) if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def _processor_time(ident: int) -> float | None:
    """Seconds of processor time that the OS thread has used; None where the platform cannot tell."""
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(ident))
    except (AttributeError, OSError):
        return None


def _wait_for_processor(scheduler: Scheduler, thread: ControlledThread) -> bool:
    """Whether `thread` could go on, but others keep the processors busy, or the one that has just woken it could.

    That one still has the GIL, which `thread` waits for until then.
    """
    return any(_waits_for_processor(each.ident) for each in scheduler.threads if each is thread or not each.outside)


def _waits_for_processor(ident: int) -> bool:
    """Whether the OS thread is ready to run; False where the platform cannot tell."""
    try:
        task = ~(time.pthread_getcpuclockid(ident) >> 3)  # Linux makes the clock's number of the thread's
        with open(f"/proc/self/task/{task}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].startswith(b"R")
    except (AttributeError, OSError):
        return False
