"""The idle workers of a `ThreadPoolExecutor` are interchangeable: which of them are idle when, nobody can see.

A worker that finds no task counts itself as idle, and waits; a `submit` that finds an idle worker counted starts no
other one. So there is a schedule for each of the ways in which that can fall out, although all of them run the same
tasks in the same orders: one worker more is one more that is idle. Therefore, of those schedules, only the ones are run
in which each worker is slow to look for its next task, until there is one. Then nobody is ever counted as idle, and
there are as many workers as tasks, up to the limit. To look for a task and to take it is one step.

With an initializer, or in a class that starts its workers in its own way, code of the user runs for each worker. There
everything stays as it is. Where threads inherit the context of whoever starts them, as without a GIL since 3.14,
workers are interchangeable while all tasks are submitted in contexts that hold the same.

An executor that was there before the execution, such as a module's, has workers of its own, which nobody controls, or
which an execution before has started and ended. For the time of an execution it gets others.
"""

from __future__ import annotations

import contextvars
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from weakref import WeakSet

from racekit.runtime import cpython, originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.primitives.operations import atomic, swap_method
from racekit.runtime.primitives.simple_queue import get_task
from racekit.runtime.turn import TURN
from racekit.watch.swap import Swaps

_STARTS_WORKERS = ("_adjust_thread_count", "prepare_context")
_CONTEXTS_ARE_INHERITED = bool(getattr(sys.flags, "thread_inherit_context", False))


class _NobodyIdle:
    """Takes the place of the semaphore that counts the idle workers of an executor: each `submit` asks it for one."""

    def __init__(self) -> None:
        self._inherited: contextvars.Context | None = None

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
        if _CONTEXTS_ARE_INHERITED and originals.get_ident() == TURN.ident:
            context = contextvars.copy_context()
            if self._inherited is None:
                self._inherited = context
            elif not _hold_the_same(self._inherited, context):
                TURN.scheduler.workers_differ = True
        return False

    def release(self, n: int = 1) -> None:
        pass


def _hold_the_same(one: contextvars.Context, other: contextvars.Context) -> bool:
    missing = object()
    return len(one) == len(other) and all(other.get(each, missing) is value for each, value in one.items())


class _Tasks(queue.SimpleQueue[Any]):
    """What an executor's workers take their tasks from. None tells all of them that no other task comes."""

    def __init__(self) -> None:
        self._told = False

    def get_nowait(self) -> Any:
        """`shutdown` takes what nobody has taken, without waiting; a worker gets a task once there is one."""
        return self._next_task() if self._is_asked_by_worker() else super().get_nowait()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        return self._next_task() if self._is_asked_by_worker() else super().get(block, timeout)

    def _next_task(self) -> Any:
        task = get_task(self)
        self._told = self._told or task is None
        return task

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """A worker that was told to end need not tell the others, since what told itself is still there."""
        if item is not None or not (self._told and self._is_asked_by_worker()):
            super().put(item)

    def _is_asked_by_worker(self) -> bool:
        if originals.get_ident() != TURN.ident or TURN.thread.atomic:
            return False
        thread = TURN.thread.thread
        return thread is not None and cpython.waits_for_work(thread, self)


_Tasks.__name__ = "task"  # what reports say that workers wait for


def _initializing(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(
        self: Any,
        max_workers: int | None = None,
        thread_name_prefix: str = "",
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        **context: Any,
    ) -> None:
        original(self, max_workers, thread_name_prefix, initializer, initargs, **context)
        if originals.get_ident() == TURN.ident:
            _those_of(TURN.scheduler).add(self)
            _count_nobody_as_idle(self, initializer)

    return initialize


def _count_nobody_as_idle(executor: Any, initializer: object) -> None:
    if initializer is None and not _starts_workers(type(executor)):
        executor._idle_semaphore = _NobodyIdle()
        executor._work_queue = _Tasks()
        TURN.scheduler.counts_no_idle_workers = True


def _those_of(scheduler: Scheduler) -> WeakSet[Any]:
    """The executors whose workers are this execution's."""
    if scheduler.executors is None:
        scheduler.executors = WeakSet()
    return scheduler.executors


def _operation(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A method of executors: one step, before which the executor gets workers of this execution."""
    operation = atomic(original, name)

    def operate(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if originals.get_ident() == TURN.ident and self not in _those_of(TURN.scheduler):
            _borrow(TURN.scheduler, self)
        return operation(self, *args, **kwargs)

    return operate


def _borrow(scheduler: Scheduler, executor: Any) -> None:
    _those_of(scheduler).add(executor)
    scheduler.borrowed += ((executor, {name: getattr(executor, name) for name in _STATE}),)
    executor._threads = set()
    executor._idle_semaphore = threading.Semaphore(0)
    executor._work_queue = queue.SimpleQueue()
    _count_nobody_as_idle(executor, cpython.initializer_of(executor))


def give_back_executors(scheduler: Scheduler) -> None:
    """At the end of an execution: those that were there before are as they were."""
    for executor, state in scheduler.borrowed:
        for name, value in state.items():
            setattr(executor, name, value)


_STATE = ("_threads", "_idle_semaphore", "_work_queue", "_shutdown", "_broken")


def _starts_workers(type_: type) -> bool:
    """Whether this class of executors has code of its own for that."""
    others = type_.__mro__[: type_.__mro__.index(ThreadPoolExecutor)]
    return any(name in vars(each) for each in others for name in _STARTS_WORKERS)


def swap_executors(swaps: Swaps) -> None:
    """Have the executors that are made from now on do without counting idle workers."""
    swap_method(swaps, ThreadPoolExecutor, "__init__", _initializing)
    for name in ("submit", "shutdown"):
        swap_method(swaps, ThreadPoolExecutor, name, partial(_operation, name=name))
