"""Tests of CPython that rightly come out differently, each with the reason."""

from __future__ import annotations

import sys

REWRITTEN: dict[str, str] = {
    "test_generators.SignalAndYieldFromTest.test_raise_and_yield_from": (
        "a signal while `yield from` is resumed is handled in the hook called there, so by the outer generator"
    ),
}
"""Test -> why it notices that code is rewritten."""

_JOINABLE = (
    "starts threads by _thread.start_joinable_thread, which is for `threading` alone; that is under control itself"
)
_EXCEPTION = "an exception that ends a thread is a failure here, not a message"
_PROCESSES = "forks, or waits in virtual time for another process, which runs in real time"
_BARRIER = (
    "a race that racekit finds: a thread that breaks a barrier at once breaks it for those that have not left it yet"
)
_REAL_TIME = (
    "asserts that a thread is quick: a second, or five, after which a thread may go on are as good as none here"
)
_NOT_CALLED = "replaces a function of `threading` that is not called under control"
_SIGNALS = "interrupts the main thread, which ends an exploration as Ctrl-C does"

CONTROLLED: dict[str, str] = {
    "test_thread.*.test_join*": _JOINABLE,
    "test_thread.*.test_start_*_handle": _JOINABLE,
    "test_thread.TestForkInThread.*": _PROCESSES,
    "test_thread.*.test_unraisable_exception": _EXCEPTION,
    "test_threading.ExceptHookTests.test_excepthook": _EXCEPTION,
    "test_threading.ExceptHookTests.test_original_excepthook": _EXCEPTION,
    "test_threading.ThreadJoinOnShutdown.*": _PROCESSES,
    "test_threading.ThreadTests.test_*fork*": _PROCESSES,
    "test_threading.ThreadTests.test_main_thread_after_*": _PROCESSES,
    "test_threading.ThreadingExceptionTests.test_keyboard_interrupt_during_threading_shutdown": _PROCESSES,
    "test_threading.ThreadTests.test_PyThreadState_SetAsyncExc*": (
        "raises an exception in a thread that waits for its turn, which ends the execution as a signal handler's would"
    ),
    "test_threading.BarrierTests.test_abort_and_reset": _BARRIER,
    "test_threading.BarrierTests.test_timeout": _REAL_TIME,
    "test_threading.ThreadTests.test_frame_tstate_tracing": "starts a thread in C",
    "test_threading.ThreadTests.test_limbo_cleanup": _NOT_CALLED,
    "_threading_local": "a doctest, which cannot be made anew for each execution by its name",
    "test_concurrent_futures.*Process*": _PROCESSES,
    "test_concurrent_futures.*FailingInitializerResourcesTest.*": _PROCESSES,
    "test_concurrent_futures.*.test_cancel_futures": _REAL_TIME,
    "test_concurrent_futures.*.test_future_times_out": _REAL_TIME,
    "test_concurrent_futures.*.test_zero_timeout": _REAL_TIME,
    "test_concurrent_futures.*.test_first_completed*": _REAL_TIME,
    "test_concurrent_futures.*.test_first_exception*": _REAL_TIME,
    "test_concurrent_futures.*Wait*.test_timeout": _REAL_TIME,
    "test_concurrent_futures.*.test_free_reference": (
        "a race that racekit finds: a worker refers to a result for a moment after it is there"
    ),
    "test_concurrent_futures.*.test_idle_thread_reuse": (
        "a race that racekit finds: a worker counts as idle only a moment after its result is there"
    ),
    "test_concurrent_futures.*.test_map_timeout": _REAL_TIME,
    "test_concurrent_futures.*.test_process_fork_from_a_threadpool": _PROCESSES,
    "test_concurrent_futures.*.test_hang_global_shutdown_lock": _PROCESSES,
    "test_threading.InterruptMainTests.*": _SIGNALS,
    "test_queue.*.test_simplequeue_sizeof": "measures a queue of a thousand messages; here fewer are sent",
}
"""Pattern of tests -> why they cannot run, or come out differently, under control."""

_DUMMY = (
    "wants a thread that `threading` has not started to be listed for ever; here it is until it ends, as since 3.13"
)
_OWN_LOCK = (
    "looks at the lock that `threading` keeps until a thread of the operating system ends, which is used again here"
)

if sys.version_info < (3, 13):
    CONTROLLED |= {
        "test_threading.ThreadTests.test_foreign_thread": _DUMMY,
        "test_threading.ThreadTests.test_ident_of_no_threading_threads": _DUMMY,
        "test_threading.ThreadTests.test_shutdown_locks": _OWN_LOCK,
        "test_threading.ThreadTests.test_tstate_lock": _OWN_LOCK,
    }
