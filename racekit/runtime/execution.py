"""One execution: a body run once, under one schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from racekit.errors import ExecutionAborted
from racekit.options import Options
from racekit.runtime import ending, originals, waits
from racekit.runtime.baton import Scheduler
from racekit.runtime.conflicts import Conflicts
from racekit.runtime.control import WATCHER, Control
from racekit.runtime.outside import come_back, wait_for_outside, wait_for_outside_in_time
from racekit.runtime.primitives.executors import give_back_executors
from racekit.runtime.primitives.thread_pools import close_pools
from racekit.runtime.recording import Recorder, RecordingConflicts, RecordingScheduler
from racekit.runtime.scheduling_point import FAILS, ByDefault, Chooser
from racekit.runtime.thread import ControlledThread
from racekit.runtime.tracebacks import leave_out_our_frames
from racekit.runtime.turn import TURN
from racekit.schedule import ACCESSES, Position, Schedule, Switch
from racekit.trace import Event, Place, Trace, Wait
from racekit.watch.site import Site, numbered_position


@dataclass(slots=True)
class Fault:
    """How an execution failed: `kind` as in `racekit.Failure`, `outcome` the value that must not come out, in words."""

    kind: str
    thread: str
    exception: BaseException | None = None
    waits: tuple[Wait, ...] = ()
    repeated: tuple[Place, ...] = ()
    outcome: str = ""


class ExecutionRun:
    """A body that ran once: what came of it, and what happened on the way."""

    def __init__(
        self,
        body: Callable[[], object],
        chooser: Chooser,
        control: Control,
        options: Options,
        *,
        conflicts: type[Conflicts] = Conflicts,
        recorded: bool = False,
        keeps_trace: bool = True,
    ) -> None:
        """`recorded`: for people, with all that `racekit.trace` has words for; it offers every scheduling point.

        keeps_trace: whether what happened is kept, an entry for each event.
        """
        self.value: object = None
        self.fault: Fault | None = None
        self._control = control
        self._options = options
        self._recorder: Recorder | None = None
        limits: Any = {"steps": options.steps, "any_timeout": options.timeouts == "any"}
        scheduler: Scheduler
        if recorded:
            scheduler = recording = RecordingScheduler(chooser, control.pool, **limits)
            scheduler.conflicts = heard = RecordingConflicts()
            self._recorder = recording.recorder = heard.recorder
        else:
            scheduler = Scheduler(chooser, control.pool, keeps_trace=keeps_trace, **limits)
            scheduler.conflicts = conflicts()
        self.scheduler = scheduler
        scheduler.conflicts.stores = WATCHER.store
        scheduler.conflicts.finds_weak = control.removals.tell_of
        scheduler.merge_first_operations = not recorded
        scheduler.every_access = recorded or options.granularity == "access"
        scheduler.after_calls = options.granularity == "gil"
        scheduler.epoch = control.epoch
        scheduler.patience = min(scheduler.patience, control.patience)
        scheduler.on_come_back = lambda thread: come_back(scheduler, thread)
        scheduler.on_stuck = lambda: wait_for_outside(scheduler)
        scheduler.on_expiry = lambda: wait_for_outside_in_time(scheduler)
        scheduler.on_deadlock = self._deadlock
        scheduler.on_livelock = self._livelock
        scheduler.on_exception = self._exception
        scheduler.on_blocked_outside = self._blocked_outside
        control.begin_execution()
        self._run(body)
        control.pool.take_all_back()

    def _run(self, body: Callable[[], object]) -> None:
        scheduler = self.scheduler
        caller = scheduler.add_caller(threading.current_thread())
        try:
            try:
                self._control.interrupts.check()  # what came while there was no scheduler that could be told
                self.value = body()
            except ExecutionAborted:
                pass
            except (KeyboardInterrupt, GeneratorExit) as interruption:
                scheduler.interrupt(interruption)
            except BaseException as error:
                if not scheduler.aborting:
                    self._exception(error, caller)
            ending.close(scheduler)
        finally:
            self._control.patience = scheduler.patience
            self._control.silence.ended(scheduler, failed=self.fault is not None)
            TURN.ident = 0
            TURN.several = False
            TURN.scheduler = None  # type: ignore[assignment]
            self._free_locks()
            give_back_executors(scheduler)
            close_pools(scheduler)
            scheduler.let_go()

    def _free_locks(self) -> None:
        """Locks that outlive the execution (a module's, say) are free for the next one."""
        for hold in self.scheduler.holds.values():
            lock: Any = hold.lock
            if type(lock) is originals.LockType and originals.lock_locked(lock):
                originals.lock_release(lock)
            elif type(lock) is originals.RLockType:
                self.scheduler.pool.run_on(hold.thread.ident, partial(_release_wholly, lock))
            elif type(lock) is originals.ProcessLockType:
                self.scheduler.pool.run_on(hold.thread.ident, partial(_release_for_processes, lock))

    def once_more(self, body: Callable[[], object]) -> ExecutionRun:
        """When this execution is over: run `body` under the same control and by the default schedule."""
        return ExecutionRun(body, ByDefault(), self._control, self._options)

    # --- failures ----------------------------------------------------------------------------------------------------

    def _exception(self, error: BaseException, thread: ControlledThread) -> None:
        leave_out_our_frames(error)
        self.fault = self.fault or Fault("exception", thread.label, exception=error)
        self.scheduler.trace.append((thread.id, None, FAILS, None))
        self.scheduler.abort()

    def _deadlock(self) -> None:
        found = waits.waits(self.scheduler)
        if self._recorder is not None:
            self._recorder.stuck(self.scheduler)
        ending.note_what_blocks(self.scheduler)
        self.fault = self.fault or Fault("deadlock", found[0].thread if found else "", waits=found)

    def _blocked_outside(self, found: tuple[Wait, ...]) -> None:
        self.fault = self.fault or Fault("deadlock", TURN.thread.label, waits=found)

    def _livelock(self) -> None:
        repeated = waits.repeated_places(self.scheduler)
        self.fault = self.fault or Fault("livelock", TURN.thread.label, repeated=repeated)

    # --- what happened -----------------------------------------------------------------------------------------------

    @property
    def thread_names(self) -> tuple[str, ...]:
        return tuple(thread.label for thread in self.scheduler.threads)

    def schedule(self) -> Schedule:
        """The schedule that this execution followed, as its departures from the default."""
        return Schedule(
            tuple(
                Switch(thread, Position(*numbered_position(position), occurrence), to)
                for thread, position, occurrence, to in self.scheduler.departures
            )
        )

    def trace(self, also: Collection[str] = ()) -> Trace:
        """The events for people: those of watched code, in order; with what is called one of `also`, if recorded."""
        if self._recorder is not None:
            return self._recorder.trace(self.thread_names, also)
        events = [self._event(index) for index, entry in enumerate(self.scheduler.trace) if entry[1] is not None]
        return Trace(tuple(events), self.thread_names)

    def every_event(self) -> tuple[Event, ...]:
        """Each access and each synchronization of watched code, if the execution was recorded."""
        return () if self._recorder is None else self._recorder.every_event(self.thread_names)

    def waits(self) -> tuple[Wait, ...]:
        """Who waits for what at the end, in the words of the trace."""
        found = () if self.fault is None else self.fault.waits
        return found if self._recorder is None else self._recorder.renamed(found)

    def accesses(self) -> list[tuple[int, str, object] | None]:
        """For each event of `trace()`: the thread, "read" or "write", and the location; None for a synchronization."""
        return [
            (thread, operation, location) if operation in ACCESSES else None
            for thread, site, operation, location in self.scheduler.trace
            if site is not None
        ]

    def _event(self, index: int) -> Event:
        thread, site, operation, location = self.scheduler.trace[index]
        assert site is not None
        target = self._target(site, location) if operation in ACCESSES else ""
        return Event(thread, operation, target, site.filename, site.line, site.function, location)

    def _target(self, site: Site, location: object) -> str:
        assert isinstance(location, tuple)
        number, name = location
        owner = self.scheduler.conflicts.owners[number]
        if "attribute" in site.kind:
            return f"{owner}.{site.name}"
        if site.name:
            return site.name
        return f"{owner}[{name!r}]" if isinstance(name, str | int) else owner


def _release_wholly(lock: Any) -> None:
    while originals.rlock_is_owned(lock):
        originals.rlock_release(lock)


def _release_for_processes(lock: Any) -> None:
    while lock._is_mine() and lock._is_zero():
        lock.release()
