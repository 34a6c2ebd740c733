"""Taking control of the process for one exploration, and giving it back as it was."""

from __future__ import annotations

import ctypes
import gc
import math
import os
import random
from collections.abc import Callable
from datetime import date, datetime
from types import TracebackType
from typing import Any

from racekit.runtime import (
    attributes,
    calls,
    clock,
    containers,
    cpython,
    deaths,
    executed,
    hooks,
    library_functions,
    named_attributes,
    originals,
    tools,
)
from racekit.runtime.builtin_types import MethodReplacement
from racekit.runtime.call_site import is_watched, watch
from racekit.runtime.interrupts import Interrupts
from racekit.runtime.module_names import NameReplacement
from racekit.runtime.monitor import Monitor
from racekit.runtime.places import PLACES
from racekit.runtime.pool import Pool, run_in_batches
from racekit.runtime.primitives import locks, simple_queue, threads
from racekit.runtime.primitives.executors import swap_executors
from racekit.runtime.primitives.futures import swap_futures
from racekit.runtime.primitives.hashes import hash_by_address, number_threads_and_futures
from racekit.runtime.primitives.operations import swap_operations
from racekit.runtime.primitives.process_locks import process_lock_methods
from racekit.runtime.primitives.selectors import swap_event_loops, swap_selectors
from racekit.runtime.primitives.silence import Silence
from racekit.runtime.turn import TURN
from racekit.watch.scope import Scope
from racekit.watch.swap import Swaps
from racekit.watch.watcher import Watcher


def _quietly(work: Callable[[], None]) -> None:
    """No synchronization inside `work` is a step: it happens in the first execution only."""
    begun = originals.perf_counter()
    if originals.get_ident() != TURN.ident:
        work()
        return
    thread = TURN.thread
    before, thread.atomic = thread.atomic, 1
    try:
        work()
    finally:
        thread.atomic = before
        WATCHER.seconds += originals.perf_counter() - begun


WATCHER = Watcher(hooks.HOOKS, PLACES.add, watch, _quietly, is_watched)

_TYPES = (
    (originals.LockType, locks.lock_methods()),
    (originals.RLockType, locks.rlock_methods()),
    (originals.SimpleQueueType, simple_queue.simple_queue_methods()),
    *((kind, process_lock_methods(kind)) for kind in (originals.ProcessLockType,) if kind is not None),
)
_CLOCKS = (datetime, clock.DATETIME_METHODS), (date, clock.DATE_METHODS)


class Control:
    """A context manager: inside it, everything that racekit promises to control is under control.

    timeout and on_look are those of its `Monitor`. every_access: each access is a scheduling point. every_attribute:
    each load of an attribute is announced, also of those that nobody stores, since it may be a property.
    """

    def __init__(
        self,
        scope: Scope,
        timeout: float | None = None,
        on_look: Callable[[], None] | None = None,
        *,
        every_access: bool = False,
        every_attribute: bool = False,
    ) -> None:
        self.monitor = Monitor(timeout, on_look)
        self.interrupts = Interrupts()
        self._scope = scope
        self._every_access = every_access
        self._every_attribute = every_attribute or every_access
        self._swaps = Swaps()
        self.removals = deaths.Removals(self._swaps)
        self._methods = [MethodReplacement(type_, functions) for type_, functions in (*_TYPES, *_CLOCKS)]
        self._names = NameReplacement(
            {
                **clock.REPLACEMENTS,
                **library_functions.REPLACEMENTS,
                originals.urandom: _urandom,
                originals.start_new_thread: threads.start_new_thread,
                originals.thread_count: threads.thread_count,
            }
        )
        self.epoch = clock.Epoch()
        self._affinity: set[int] | None = None
        self._policy: int | None = None
        self._collects = False
        self._random_state: Any = None
        self._thread_names = cpython.ThreadNames()
        self.silence = Silence()
        self.pool = Pool(self.interrupts)
        self.patience = math.inf

    def __enter__(self) -> Control:
        """Whoever enters calls `interrupts.let_through` inside: until then Ctrl-C is held back."""
        self.interrupts.begin()
        self._random_state = random.getstate()
        self._collects = gc.isenabled()
        gc.disable()
        self._affinity = _pin()
        self._policy = None if self._affinity is None else run_in_batches()
        PLACES.forget()
        attributes.forget()
        tools.find_locks()
        if self._every_access:
            PLACES.want_all()
        swap_operations(self._swaps)
        swap_futures(self._swaps)
        swap_executors(self._swaps)
        swap_selectors(self._swaps)
        swap_event_loops(self._swaps)
        library_functions.swap_library_functions(self._swaps)
        self.removals.begin()
        executed.swap_makers(self._swaps, WATCHER, _quietly)
        number_threads_and_futures(self._swaps)
        self.silence.begin(self._swaps)
        WATCHER.install(self._scope, self._swaps, every_attribute=self._every_attribute)
        self._names.install()
        for methods in self._methods:
            methods.install()
        self.monitor.start()
        return self

    def know_modules(self) -> None:
        """Some were imported since: what is in them comes under control, too."""
        swap_event_loops(self._swaps)
        WATCHER.find_new(youngest=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.interrupts.hold_back()
        finally:
            self._give_back()
            self.interrupts.end()

    def _give_back(self) -> None:
        self.monitor.stop()
        for methods in self._methods:
            methods.remove()
        self._names.remove()
        WATCHER.release_born()
        WATCHER.forget()
        self.pool.close()
        TURN.thread = None  # type: ignore[assignment]  # as the workers did, it keeps what it did last
        if self.silence.left_behind:
            self.silence.collect()
        self._swaps.undo()
        hash_by_address()
        self.silence.end()
        self._thread_names.restore()
        if self._affinity is not None:
            os.sched_setaffinity(0, self._affinity)
        if self._policy is not None:
            os.sched_setscheduler(0, self._policy, os.sched_param(0))
        if self._collects:
            gc.enable()
        random.setstate(self._random_state)

    def begin_execution(self) -> None:
        """Each execution meets the same random numbers."""
        self._thread_names.restart()
        containers.KEYS.have_methods = WATCHER.compares
        random.seed(0)
        _bytes.clear()


_bytes: list[random.Random] = []
"""The source of `os.urandom`, once an execution has drawn from it."""


def _urandom(size: int, /) -> bytes:
    if originals.get_ident() != TURN.ident:
        return originals.urandom(size)
    if not _bytes:
        _bytes.append(random.Random(0))
    return _bytes[0].randbytes(size)


def _pin() -> set[int] | None:
    """Keep this thread, and those it starts, on the processor it runs on: a hand-over is ten times faster there."""
    try:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {ctypes.pythonapi.sched_getcpu()})
    except (AttributeError, OSError, ValueError):
        return None
    return before


calls.REPLACED_METHODS.update((*_TYPES, *_CLOCKS))
calls.REPLACED_CALLABLES.update(executed.replacements(WATCHER, _quietly))
calls.REPLACED_CALLABLES.update(named_attributes.replacements(WATCHER.store))
for replacements in (clock.REPLACEMENTS, library_functions.REPLACEMENTS):
    calls.REPLACED_CALLABLES.update({id(old): new for old, new in replacements.items()})
