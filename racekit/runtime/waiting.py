"""What threads wait for: each other, time, and the chance of a fair schedule."""

from __future__ import annotations

from collections.abc import Callable

from racekit.dependence import WHOLE
from racekit.runtime.baton import Scheduler
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.watch.site import Site

LOOPS_PER_STEP = 100
"""Loops that only compute may be long; the limit on steps is for those that wait."""
SPINNING_LOOPS_COUNT = 10
QUIET_LOOPS_BEFORE_GIVING_WAY = 25
QUIET_SLEEPS_BEFORE_GIVING_WAY = 4
PAST_A_DEADLINE = 1000
"""Virtual nanoseconds: a wait that expired must find the clock past its deadline, not at it."""

SPINNING_CLOCK_TICK = 1_000_000
"""Virtual nanoseconds: a loop that looks at the clock until it is late must come to an end."""


def wait(
    scheduler: Scheduler,
    thread: ControlledThread,
    awaited: object,
    keys: tuple[int, ...],
    ready: Callable[[], bool],
    timeout: int | None,
    is_step: bool,
) -> bool:
    """Park `thread` until `ready()` and it is chosen; False if `timeout` (virtual nanoseconds) passed before that.

    `is_step`: it is a scheduling point also when there is nothing to wait for. Whoever changes what `ready` depends
    on calls `changed` with one of `keys`.
    """
    scheduler.steps += 1
    if scheduler.steps > scheduler.step_limit:
        scheduler.count_repetition(thread.site)
    thread.awaited = awaited
    thread.ready = ready
    thread.deadline = None if timeout is None else scheduler.now + timeout
    thread.expired = False
    if timeout is not None:
        _touch_clock(scheduler, thread)
        _look(scheduler, thread, awaited)
    for key in keys:
        scheduler.waiters.setdefault(key, []).append(thread)
    try:
        while True:
            was_blocked, thread.blocked = thread.blocked, not ready()
            if not thread.blocked and (thread.fresh or not is_step):
                return True
            if thread.blocked is not was_blocked or timeout is not None:
                scheduler.enabled = None
            if not is_step:
                thread.operation = "resume"
            scheduler.reschedule(thread)
            if not is_step:
                scheduler.count(thread, thread.site, "resume")
            if thread.expired:
                _touch_clock(scheduler, thread, "expired")
                return False
            if ready():
                return True
            if thread.deadline is not None:
                advance(scheduler, thread.deadline + PAST_A_DEADLINE)
                _touch_clock(scheduler, thread, "expire")
                return False
    finally:
        thread.fresh = False
        if thread.blocked or timeout is not None:
            scheduler.enabled = None
        thread.blocked = False
        thread.awaited = None
        thread.deadline = None
        for key in keys:
            waiters = scheduler.waiters[key]
            waiters.remove(thread)
            if not waiters:
                del scheduler.waiters[key]


def sleep(scheduler: Scheduler, thread: ControlledThread, duration: int, site: Site | None) -> None:
    """Let `duration` virtual nanoseconds pass for `thread`; everybody else may run meanwhile."""
    scheduler.steps += 1
    if scheduler.steps > scheduler.step_limit:
        scheduler.count_repetition(site)
    thread.site, thread.operation, thread.touches = site, "sleep", None
    thread.fresh = False
    thread.quiet_sleeps += 1
    if duration > 0:
        thread.deadline = scheduler.now + duration
        thread.asleep = True
    else:
        thread.yielding = True
    scheduler.enabled = None
    _touch_clock(scheduler, thread)
    if thread.quiet_sleeps > QUIET_SLEEPS_BEFORE_GIVING_WAY:
        _make_way(scheduler, thread)
    try:
        scheduler.reschedule(thread)
    finally:
        thread.asleep = thread.yielding = False
        scheduler.enabled = None
        if thread.deadline is not None:
            advance(scheduler, thread.deadline)
            thread.deadline = None


def advance(scheduler: Scheduler, now: int) -> None:
    """The clock moves on; timed waits whose deadline it passes have expired."""
    if now <= scheduler.now:
        return
    scheduler.now = now
    for thread in scheduler.alive:
        if thread.blocked and thread.deadline is not None and thread.deadline < now:
            thread.expired = True
            thread.blocked = False
            scheduler.enabled = None


def expire_at_once(scheduler: Scheduler, thread: ControlledThread) -> None:
    """A wait of no length was in vain: as after each wait that expired, the clock is past its deadline."""
    advance(scheduler, scheduler.now + PAST_A_DEADLINE)
    _touch_clock(scheduler, thread)


def turn_back(scheduler: Scheduler, thread: ControlledThread, site: Site) -> None:
    """`thread` is at a loop's back-edge: a loop that goes round without effect gives way, and ends in a livelock."""
    scheduler.loops += SPINNING_LOOPS_COUNT if thread.looked else 1
    if scheduler.loops >= LOOPS_PER_STEP:
        scheduler.loops -= LOOPS_PER_STEP
        scheduler.steps += 1
    if scheduler.steps > scheduler.step_limit:
        scheduler.count_repetition(site)
    if not thread.looked:
        return  # it computes; only what looks at something again and again may be waiting for somebody
    thread.looked = False
    thread.quiet_loops += 1
    if thread.quiet_loops % QUIET_LOOPS_BEFORE_GIVING_WAY == 0:
        advance(scheduler, scheduler.now + SPINNING_CLOCK_TICK)
        if TURN.several:
            give_way(scheduler, thread, site)


def give_way(scheduler: Scheduler, thread: ControlledThread, site: Site | None) -> None:
    thread.site, thread.operation, thread.touches = site, "spin", None
    thread.yielding = True
    scheduler.enabled = None
    _make_way(scheduler, thread)
    try:
        scheduler.reschedule(thread)
        scheduler.count(thread, site, "spin")
    finally:
        thread.yielding = False
        scheduler.enabled = None


def _make_way(scheduler: Scheduler, thread: ControlledThread) -> None:
    awake = [other.id for other in scheduler.alive if not (other.blocked or other.asleep)]
    scheduler.fairness.yields(thread.id, awake)


def _look(scheduler: Scheduler, thread: ControlledThread, awaited: object) -> None:
    """A wait that ends some time begins here: whether there is anything to wait for depends on what others did."""
    if scheduler.compares_events and type(awaited) is not ControlledThread:
        scheduler.trace.append((thread.id, None, "read", scheduler.location(awaited, WHOLE)))


def _touch_clock(scheduler: Scheduler, thread: ControlledThread, operation: str = "clock") -> None:
    if scheduler.compares_events:
        scheduler.trace.append((thread.id, None, operation, scheduler.location(scheduler.epoch)))
