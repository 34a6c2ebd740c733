"""What aborted executions would print: nothing of it is about the code under test."""

from __future__ import annotations

import gc
import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from racekit.errors import ExecutionAborted
from racekit.runtime import originals
from racekit.runtime.baton import Scheduler
from racekit.runtime.turn import TURN
from racekit.watch.swap import Swaps

_YOUNG = 1
"""The generation of what an exploration makes, for as long as there is no automatic collection."""


def is_unwinding() -> bool:
    """Whether the calling thread is leaving an execution that is over."""
    scheduler: Any = TURN.scheduler
    if scheduler is None or not scheduler.aborting:
        return False
    thread = scheduler.by_ident.get(originals.get_ident())
    return thread is not None and bool(thread.unwinding)


class Silence:
    """While it lasts, threads that leave an aborted execution log nothing and report nothing as unraisable, nor that
    they leave coroutines behind that were never awaited.

    `left_behind` is whether threads were cut off by a failure, or those of event loops by the end of the body, so that
    what they had open may be garbage now.
    """

    collects: ClassVar[bool] = False

    def __init__(self) -> None:
        self._hook = sys.unraisablehook
        self.left_behind = False

    def begin(self, swaps: Swaps) -> None:
        tell: Any
        for tell in (logging.Logger.handle, vars(warnings)["_warn_unawaited_coroutine"]):
            swaps.wrap(tell, _unless_unwinding)
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._on_unraisable

    def end(self) -> None:
        if sys.unraisablehook == self._on_unraisable:
            sys.unraisablehook = self._hook

    def ended(self, scheduler: Scheduler, *, failed: bool) -> None:
        """An execution is over."""
        loops, scheduler.made_event_loops = scheduler.made_event_loops, ()
        if (failed or loops) and any(thread.unwinding for thread in scheduler.threads):
            self.left_behind = True
            for task in (task for loop in loops for task in sys.modules["asyncio"].all_tasks(loop)):
                task._log_destroy_pending = False  # it may live as long as the failure

    def collect(self) -> None:
        """Free the young objects that nobody can reach: those of aborted executions complain of it to nobody."""
        if not self.left_behind:
            gc.collect(_YOUNG)
            return
        Silence.collects = True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gc.collect(_YOUNG)
        finally:
            Silence.collects = False

    def _on_unraisable(self, unraisable: Any) -> None:
        known = issubclass(unraisable.exc_type, ExecutionAborted) or _ends_the_exploration(unraisable.exc_type)
        if not known and not self.collects and not is_unwinding():
            self._hook(unraisable)


def _unless_unwinding(original: Callable[..., None]) -> Callable[..., None]:
    """What is made of it once and serves all explorations."""

    def tell(*args: Any) -> None:
        if not Silence.collects and not is_unwinding():
            original(*args)

    return tell


def _ends_the_exploration(exception: type[BaseException]) -> bool:
    """Whether it is Ctrl-C, which is not lost where nobody can raise it."""
    scheduler: Any = TURN.scheduler
    return scheduler is not None and type(scheduler.interruption) is exception is KeyboardInterrupt
