"""The real functions and methods, taken before anything is replaced: racekit itself uses only these."""

from __future__ import annotations

import _queue
import _thread
import os
import threading
import time

try:
    from _multiprocessing import SemLock  # type: ignore[import-not-found]
except ImportError:  # this platform has no semaphores for processes
    SemLock = None

LockType = _thread.LockType
RLockType = _thread.RLock
SimpleQueueType = _queue.SimpleQueue
ProcessLockType = SemLock

allocate_lock = _thread.allocate_lock
get_ident = _thread.get_ident
start_new_thread = _thread.start_new_thread
thread_count = _thread._count

lock_acquire = LockType.acquire
lock_release = LockType.release
lock_locked = LockType.locked

rlock_acquire = RLockType.acquire
rlock_release = RLockType.release
rlock_is_owned = RLockType._is_owned  # type: ignore[attr-defined]
rlock_release_save = RLockType._release_save  # type: ignore[attr-defined]
rlock_acquire_restore = RLockType._acquire_restore  # type: ignore[attr-defined]

simple_queue_put = SimpleQueueType.put
simple_queue_get = SimpleQueueType.get
simple_queue_qsize = SimpleQueueType.qsize

sleep = time.sleep
monotonic = time.monotonic
perf_counter = time.perf_counter
wall_clock = time.time
urandom = os.urandom
open = open

thread_start = threading.Thread.start
excepthook = threading.excepthook
