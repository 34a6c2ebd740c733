"""One execution: a body run once, under one schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from racekit.errors import ExecutionAborted
from racekit.options import Options
from racekit.runtime import originals, waits
from racekit.runtime.baton import Scheduler
from racekit.runtime.conflicts import Conflicts
from racekit.runtime.control import Control
from racekit.runtime.outside import wait_for_outside
from racekit.runtime.scheduling_point import Chooser, TraceEntry
from racekit.runtime.thread import ControlledThread
from racekit.runtime.turn import TURN
from racekit.schedule import Position, Schedule, Switch
from racekit.trace import Event, Place, Trace, Wait
from racekit.watch.site import numbered_position


@dataclass(slots=True)
class Fault:
    """How an execution failed: `kind` as in `racekit.Failure`."""

    kind: str
    thread: str
    exception: BaseException | None = None
    waits: tuple[Wait, ...] = ()
    repeated: tuple[Place, ...] = ()


class ExecutionRun:
    """A body that ran once: what came of it, and what happened on the way."""

    def __init__(
        self,
        body: Callable[[], object],
        chooser: Chooser,
        control: Control,
        options: Options,
        *,
        merge_first_operations: bool = True,
    ) -> None:
        self.value: object = None
        self.fault: Fault | None = None
        self.scheduler = scheduler = Scheduler(
            chooser, control.pool, steps=options.steps, any_timeout=options.timeouts == "any"
        )
        scheduler.merge_first_operations = merge_first_operations
        scheduler.every_access = options.granularity == "access"
        scheduler.after_calls = options.granularity == "gil"
        scheduler.conflicts = Conflicts()
        scheduler.epoch = control.epoch
        scheduler.on_stuck = lambda: wait_for_outside(scheduler)
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
                self.value = body()
            except ExecutionAborted:
                pass
            except (KeyboardInterrupt, GeneratorExit) as interruption:
                scheduler.interrupt(interruption)
            except BaseException as error:
                if not scheduler.aborting:
                    self._exception(error, caller)
            scheduler.close()
        finally:
            TURN.ident = 0
            TURN.several = False
            TURN.scheduler = None  # type: ignore[assignment]
            self._free_locks()

    def _free_locks(self) -> None:
        """Locks that outlive the execution (a module's, say) are free for the next one."""
        for hold in self.scheduler.holds.values():
            lock: Any = hold.lock
            if type(lock) is originals.LockType and originals.lock_locked(lock):
                originals.lock_release(lock)
            elif type(lock) is originals.RLockType:
                while originals.rlock_is_owned(lock):
                    originals.rlock_release(lock)

    # --- failures ----------------------------------------------------------------------------------------------------

    def _exception(self, error: BaseException, thread: ControlledThread) -> None:
        self.fault = self.fault or Fault("exception", thread.label, exception=error)
        self.scheduler.abort()

    def _deadlock(self) -> None:
        found = waits.waits(self.scheduler)
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

    def trace(self) -> Trace:
        """The events for people: those of watched code, in order."""
        events = [_event(entry) for entry in self.scheduler.trace if entry[1] is not None]
        return Trace(tuple(events), self.thread_names)


def _event(entry: TraceEntry) -> Event:
    thread, site, operation, _ = entry
    assert site is not None
    return Event(thread, operation, site.name, site.filename, site.line, site.function)
