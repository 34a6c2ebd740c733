"""Threads in turn: exactly one holds the baton, and every hand-over is a choice of the strategy.

Invariants, for whoever changes this file:

- Only the thread that holds the baton touches the scheduler's state (the monitor is the one exception, see there).
- `find_enabled` is the only place that decides who could run; whoever changes what it looks at sets `enabled = None`.
- A thread that was handed the baton while the execution is being aborted leaves with ExecutionAborted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakSet

from racekit.errors import ExecutionAborted
from racekit.runtime import ending, originals
from racekit.runtime.enabled import could_go_on, next_in_turn
from racekit.runtime.events import Events
from racekit.runtime.fairness import Fairness
from racekit.runtime.pool import Pool
from racekit.runtime.recursion import ask_for_room, give_room_back
from racekit.runtime.scheduling_point import (
    BEFORE_THE_END,
    Chooser,
    SchedulingPoint,
    foresee_of,
)
from racekit.runtime.thread import ControlledThread, Hold, InMidst, Parking
from racekit.runtime.turn import CHOOSING, TURN
from racekit.trace import Wait
from racekit.watch.site import Site

if TYPE_CHECKING:
    from racekit.runtime.clock import Epoch

INTERRUPTED_THREADS_END_WITHIN = 2.0
STEPS_TO_SHOW_A_LIVELOCK = 300
PATIENCE_WITH_CALLS_OUTSIDE = 10.0


def _nothing(*args: object) -> Any:
    """What a scheduler tells when nobody listens."""


class Scheduler(Events):
    """The threads of one execution and whose turn it is."""

    # Defaults of the class: to set them for each execution costs more than all its hand-overs.
    merge_first_operations = True
    now = 0
    steps = 0
    preemptions = 0
    loops = 0
    gave_way = False
    aborting = False
    body_done = False
    interruption: BaseException | None = None
    objects_numbered = 0
    every_access = True
    after_calls = False
    polling = 0
    waiting_outside = False
    waited_for_outsiders = 0.0
    interrupting_caller = False
    processes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    deaths: tuple[tuple[Any, str], ...] = ()
    counts_no_idle_workers = False
    workers_were_counted = False
    workers_differ = False
    executors: WeakSet[Any] | None = None
    made_event_loops: tuple[Any, ...] = ()
    borrowed: tuple[tuple[Any, dict[str, Any]], ...] = ()

    def __init__(
        self, chooser: Chooser, pool: Pool, *, steps: int, any_timeout: bool, keeps_trace: bool = True
    ) -> None:
        self.chooser = chooser
        self.pool = pool
        self.step_limit = steps
        self.any_timeout = any_timeout
        self.threads: list[ControlledThread] = []
        self.alive: list[ControlledThread] = []
        self.by_ident: dict[int, ControlledThread] = {}
        self.by_object: dict[int, ControlledThread] = {}
        self.not_joined: set[ControlledThread] = set()
        self.enabled: tuple[int, ...] | None = None
        self.waiters: dict[int, list[ControlledThread]] = {}
        self.holds: dict[int, Hold] = {}
        self.queued: dict[int, list[Any]] = {}
        self.generators: dict[int, InMidst] = {}
        self.weakly_known: dict[int, tuple[object, list[object]]] = {}
        self.dead: dict[int, object] = {}
        super().__init__(compares_events=chooser.compares_events, keeps_trace=keeps_trace)
        self.departures: list[tuple[int, int, int, int]] = []
        self.fairness = Fairness()
        self.point = SchedulingPoint(self)
        self.repeated: list[Site | None] = []
        self.excepthook: object = threading.excepthook
        self.epoch: Epoch
        self.foresee = foresee_of(chooser)
        self.outside_calls: dict[str, None] = {}
        self.outsiders: dict[str, None] = {}
        self.returning: list[ControlledThread] = []
        self.patience = PATIENCE_WITH_CALLS_OUTSIDE
        self.on_blocked_outside: Callable[[tuple[Wait, ...]], None] = _nothing
        self.on_come_back: Callable[[ControlledThread], None] = _nothing
        self.on_stuck: Callable[[], bool] = _nothing
        self.on_expiry: Callable[[], bool] = _nothing
        self.on_deadlock: Callable[[], None] = _nothing
        self.on_livelock: Callable[[], None] = _nothing
        self.on_exception: Callable[[BaseException, ControlledThread], None] = _nothing

    # --- threads come and go -----------------------------------------------------------------------------------------

    def add_caller(self, caller: threading.Thread) -> ControlledThread:
        """The calling OS thread becomes thread 0 and holds the baton."""
        thread = ControlledThread(0, originals.get_ident(), Parking(), caller.name, daemon=False)
        thread.fresh = False
        self._add(thread)
        TURN.scheduler = self
        TURN.thread = thread
        TURN.several = False
        TURN.ident = thread.ident
        return thread

    def add(self, job: Callable[[], None], name: str, daemon: bool, ended: Callable[[], None]) -> ControlledThread:
        """A new thread that will run `job` when it is first chosen, and `ended` when it has ended in any way.

        Neither may let an exception out.
        """
        worker = self.pool.take()
        thread = ControlledThread(len(self.threads), worker.ident, worker.parking, name, daemon)

        def run() -> None:
            if not self.aborting:
                job()
            ending.take_turn_again(self, thread)
            ended()
            worker.state.scrub()
            ending.finish(self, thread)

        thread.fresh = self.merge_first_operations
        worker.job = run
        self._add(thread)
        TURN.several = True
        return thread

    def _add(self, thread: ControlledThread) -> None:
        self.threads.append(thread)
        self.alive.append(thread)
        self.by_ident[thread.ident] = thread
        self.enabled = None

    def joined(self, thread: ControlledThread) -> None:
        """All that `thread` did comes before what follows; once that goes for all that ended, who is left is alone."""
        self.not_joined.discard(thread)
        if not self.not_joined and len(self.alive) == 1:
            TURN.several = False

    def pass_on(self, to: ControlledThread) -> None:
        if not self.fairness.idle:
            self.fairness.runs(to.id)
            self.enabled = None
        TURN.thread = to
        TURN.ident = 0 if self.aborting else to.ident
        to.wake()

    def park(self, thread: ControlledThread) -> None:
        """Wait until the baton comes back. If a signal handler raises meanwhile, the execution ends with that."""
        try:
            thread.park()
        except BaseException as interruption:
            self.interrupt(interruption)
            if not thread.park(True, INTERRUPTED_THREADS_END_WITHIN):
                ending.give_up_on_the_others(self)

    # --- who goes on -------------------------------------------------------------------------------------------------

    def reschedule(self, thread: ControlledThread) -> None:
        """`thread`, which holds the baton, is at a scheduling point. Returns when it is its turn again."""
        enabled = self.enabled
        if enabled is None or self.polling:
            enabled = self.find_enabled(thread)
        chosen = enabled[0] if len(enabled) == 1 and not self.compares_events else self.choose(thread, enabled)
        if chosen != thread.id:
            self.hand_over(thread, self.threads[chosen])

    def step(
        self, thread: ControlledThread, site: Site | None, operation: str, touched: object = None, part: object = None
    ) -> None:
        """A scheduling point just before `operation`; the first operation of a thread belongs to its first step.

        It will touch this `part` of what it `touched`.
        """
        self.steps += 1
        if self.steps > self.step_limit:
            self.count_repetition(site)
        thread.site = site
        thread.operation = operation
        if self.compares_events:
            thread.touches = None if touched is None else (touched, part)
        if thread.fresh:
            thread.fresh = False
        elif TURN.several:
            self.reschedule(thread)
        thread.touches = None

    def choose(self, thread: ControlledThread, enabled: tuple[int, ...]) -> int:
        foreseen = None if self.foresee is None else self.foresee(enabled, self.trace)
        if foreseen is not None:
            chosen, default, preemptive = foreseen.chosen, foreseen.default, foreseen.preemptive
        else:
            chosen = self.ask(thread, enabled)
            default, preemptive = self.point.default, self.point.preemptive
        if self.compares_events and self.threads[chosen].daemon:
            self.trace.append((chosen, None, BEFORE_THE_END, self.location(self)))
        if chosen != default:
            self.preemptions += preemptive
            position = self.pending_position(thread)
            self.departures.append((thread.id, position, thread.counts.get(position, 0) + 1, chosen))
        return chosen

    def ask(self, thread: ControlledThread, enabled: tuple[int, ...]) -> int:
        """Have the strategy choose."""
        point = self.point
        point.current = thread.id
        point.enabled = enabled
        point.preemptive = not (thread.asleep or thread.yielding) and thread.id in enabled
        point.default = thread.id if point.preemptive else next_in_turn(self.threads, thread.id, enabled)
        limit = ask_for_room()
        TURN.ident = CHOOSING
        try:
            chosen = self.chooser.choose(point)
        except BaseException as error:
            self.interrupt(error)
            self.leave(thread)
        finally:
            give_room_back(limit)
        TURN.ident = 0 if self.aborting else thread.ident
        return chosen

    def hand_over(self, thread: ControlledThread, to: ControlledThread) -> None:
        """Give the baton to `to`, and wait until `thread` is given it again."""
        thread.quiet_loops = 0
        self.pass_on(to)
        self.park(thread)
        if self.aborting:
            self.leave(thread)

    def find_enabled(self, thread: ControlledThread) -> tuple[int, ...]:
        """Who could go on, ascending; when nobody can, time passes until somebody can, or it is a deadlock."""
        found = could_go_on(self)
        while not found:
            if self.body_done and ending.only_background_left(self):
                found = (0,)
                break
            if not self.on_stuck():
                self.on_deadlock()
                self.abort()
                self.leave(thread)
            found = could_go_on(self)
        if self.threads[found[0]].blocked and all(self.threads[id].blocked for id in found) and self.on_expiry():
            found = could_go_on(self)
        if not self.fairness.idle:
            allowed = self.fairness.enabled(found)
            self.gave_way = self.gave_way or allowed != found
            found = allowed
        self.enabled = found
        return found

    def changed(self, key: int) -> None:
        """What `key` stands for has been taken or can be had again: see who of those who wait for it could go on.

        Whether that is before their time has passed depends on the clock.
        """
        for thread in self.waiters.get(key, ()):
            if not thread.expired:
                was_blocked, thread.blocked = thread.blocked, not thread.ready()
                self.enabled = None
                if self.compares_events and thread.blocked is not was_blocked and thread.deadline is not None:
                    self.trace.append((TURN.thread.id, None, "read", self.location(self.epoch)))

    # --- the end -----------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """From here on every thread that gets the baton leaves with ExecutionAborted."""
        self.aborting = True
        TURN.ident = 0

    def leave(self, thread: ControlledThread) -> NoReturn:
        thread.unwinding = True
        raise ExecutionAborted

    def interrupt(self, interruption: BaseException) -> None:
        """The execution ends at once, and the exploration with this exception, or with the first one of its type."""
        if type(self.interruption) is not type(interruption):
            self.interruption = interruption
        self.abort()

    def let_go(self) -> None:
        """The execution is over: cut the circles, so that it is freed as soon as nobody asks for it any more."""
        self.on_blocked_outside = self.on_stuck = self.on_expiry = self.on_come_back = _nothing
        self.on_deadlock = self.on_livelock = self.on_exception = _nothing
        self.conflicts.objects.clear()
        del self.point
        for thread in self.threads:
            thread.ready = _nothing
            thread.held.clear()

    def count_repetition(self, site: Site | None) -> None:
        """The step limit is reached: see for a while which lines repeat, then report the livelock."""
        self.repeated.append(site)
        if len(self.repeated) > STEPS_TO_SHOW_A_LIVELOCK:
            self.on_livelock()
            self.abort()
            self.leave(TURN.thread)
