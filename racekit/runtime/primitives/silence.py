"""What aborted executions would print: nothing of it is about the code under test."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

from racekit.errors import ExecutionAborted
from racekit.runtime import originals
from racekit.runtime.turn import TURN
from racekit.watch.swap import Swaps


def is_unwinding() -> bool:
    """Whether the calling thread is leaving an execution that is over."""
    scheduler: Any = TURN.scheduler
    if scheduler is None or not scheduler.aborting:
        return False
    thread = scheduler.by_ident.get(originals.get_ident())
    return thread is not None and bool(thread.unwinding)


def _unless_unwinding(original: Callable[..., None]) -> Callable[..., None]:
    def tell(*args: Any) -> None:
        if not is_unwinding():
            original(*args)

    return tell


class Silence:
    """While it lasts, threads that leave an aborted execution log nothing and report nothing as unraisable, nor that
    they leave coroutines behind that were never awaited.
    """

    def __init__(self) -> None:
        self._hook = sys.unraisablehook

    def begin(self, swaps: Swaps) -> None:
        tell: Any
        for tell in (logging.Logger.handle, vars(warnings)["_warn_unawaited_coroutine"]):
            swaps.wrap(tell, _unless_unwinding)
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._on_unraisable

    def end(self) -> None:
        if sys.unraisablehook == self._on_unraisable:
            sys.unraisablehook = self._hook

    def _on_unraisable(self, unraisable: Any) -> None:
        known = issubclass(unraisable.exc_type, ExecutionAborted) or _ends_the_exploration(unraisable.exc_type)
        if not known and not is_unwinding():
            self._hook(unraisable)


def _ends_the_exploration(exception: type[BaseException]) -> bool:
    """Whether it is Ctrl-C, which is not lost where nobody can raise it."""
    scheduler: Any = TURN.scheduler
    return scheduler is not None and type(scheduler.interruption) is exception is KeyboardInterrupt
