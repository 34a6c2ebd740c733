"""What `threading` keeps about a thread, which differs by CPython version; checked at import."""

from __future__ import annotations

import _thread
import contextvars
import itertools
import sys
import threading
from collections.abc import Callable
from concurrent.futures.thread import ThreadPoolExecutor, _threads_queues
from typing import Any

from racekit.errors import InternalError

_HAS_HANDLES = hasattr(_thread, "_ThreadHandle")
_HANDLE = next((name for name in ("_os_thread_handle", "_handle") if hasattr(threading.Thread(), name)), "")


def _finished_handle() -> Any:
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    return getattr(thread, _HANDLE)


def is_initialized(thread: threading.Thread) -> bool:
    return bool(getattr(thread, "_initialized", False))


def is_started(thread: threading.Thread) -> bool:
    return bool(thread._started._flag)  # type: ignore[attr-defined]


def register(thread: threading.Thread, ident: int) -> None:
    """`thread` runs on the OS thread `ident` from now on, as far as `threading` can tell."""
    internals: Any = thread
    internals._ident = ident
    internals._native_id = ident
    internals._started._flag = True
    if _HAS_HANDLES:
        setattr(thread, _HANDLE, _thread._make_thread_handle(ident))  # type: ignore[attr-defined]
    threading._active[ident] = thread  # type: ignore[attr-defined]


def unregister(thread: threading.Thread | None, ident: int) -> None:
    """The thread on the OS thread `ident` has ended, as far as `threading` can tell."""
    threading._active.pop(ident, None)  # type: ignore[attr-defined]
    if thread is None:
        return
    internals: Any = thread
    if _HAS_HANDLES:
        setattr(thread, _HANDLE, _FINISHED)
    else:
        internals._tstate_lock = None
        internals._is_stopped = True


def active_threads() -> dict[int, threading.Thread]:
    """The threads that `threading` knows, by ident; without its lock, which may be what somebody is waiting for."""
    return dict(threading._active)  # type: ignore[attr-defined]


def what_runs(thread: threading.Thread) -> Callable[[], object]:
    """What the new OS thread calls for `thread`: since 3.14 in a context of the caller's choice, and under its name."""
    internals: Any = thread
    if not hasattr(thread, "_context"):
        return thread.run
    if internals._context is None:
        inherits = getattr(sys.flags, "thread_inherit_context", False)
        internals._context = contextvars.copy_context() if inherits else contextvars.Context()

    def run() -> None:
        internals._set_os_name()
        internals._context.run(thread.run)

    return run


def install_trace_and_profile() -> None:
    """What `threading.settrace` and `threading.setprofile` ask for in every new thread (coverage needs it)."""
    if threading._trace_hook:  # type: ignore[attr-defined]
        sys.settrace(threading._trace_hook)  # type: ignore[attr-defined]
    if threading._profile_hook:
        sys.setprofile(threading._profile_hook)


def waits_for_work(thread: threading.Thread, awaited: object) -> bool:
    """Whether `thread` is an idle worker of an executor, which the interpreter would wake at its exit."""
    return awaited is not None and _threads_queues.get(thread) is awaited


def workers_waiting_for(queue: object) -> list[threading.Thread]:
    """The workers of executors that take their work from this queue."""
    return [thread for thread, work in list(_threads_queues.items()) if work is queue]


def initializer_of(executor: Any) -> object:
    """What each worker of a `ThreadPoolExecutor` calls first; since 3.14 a context knows, which is made for each."""
    if hasattr(executor, "_create_worker_context"):
        return getattr(executor._create_worker_context(), "initializer", None)
    return executor._initializer


class ThreadNames:
    """The counters that number threads without a name of their own: they start anew in each execution."""

    def __init__(self) -> None:
        self._thread_counter = threading._counter  # type: ignore[attr-defined]
        self._executor_counter = vars(ThreadPoolExecutor)["_counter"]

    def restart(self) -> None:
        threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined]
        ThreadPoolExecutor._counter = itertools.count().__next__  # type: ignore[attr-defined]

    def restore(self) -> None:
        threading._counter = self._thread_counter  # type: ignore[attr-defined]
        ThreadPoolExecutor._counter = self._executor_counter  # type: ignore[attr-defined]


def _check() -> None:
    thread = threading.Thread(target=lambda: None)
    if not (hasattr(thread, "_started") and hasattr(thread._started, "_flag") and hasattr(threading, "_active")):
        raise InternalError(f"racekit does not know the threads of Python {sys.version.split()[0]}.")
    if _HAS_HANDLES and not (_HANDLE and hasattr(_thread, "_make_thread_handle")):
        raise InternalError(f"racekit does not know the thread handles of Python {sys.version.split()[0]}.")


_check()
_FINISHED: Any = _finished_handle() if _HAS_HANDLES else None
