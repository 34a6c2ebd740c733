"""`multiprocessing.pool.ThreadPool`: what is left of one when an aborted execution has ended its threads."""

from __future__ import annotations

import sys
from typing import Any

from racekit.runtime.baton import Scheduler


def close_pools(scheduler: Scheduler) -> None:
    """The pools of an execution that is over need no end any more: neither when they die nor with the process.

    Their end would wait for threads that are gone, and complain of that.
    """
    module: Any = sys.modules.get("multiprocessing.pool")
    if module is None or not any(thread.unwinding for thread in scheduler.threads):
        return
    for finalizer in list(module.util._finalizer_registry.values()):
        refer = getattr(finalizer, "_weakref", None)
        pool = None if refer is None else refer()
        if isinstance(pool, module.ThreadPool) and id(pool._worker_handler) in scheduler.by_object:
            finalizer.cancel()
            pool._state = module.TERMINATE
