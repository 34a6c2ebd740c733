"""Ctrl-C while racekit takes control of the process, or gives it back, waits until that is done."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from racekit.errors import ExecutionAborted
from racekit.runtime.baton import Scheduler
from racekit.runtime.call_site import is_watched
from racekit.runtime.tracebacks import is_ours, watched_traceback
from racekit.runtime.turn import TURN


class Interrupts:
    """The handler of SIGINT from `begin` to `end`, where the calling thread is the one that runs handlers.

    Between `hold_back` and `let_through` a signal is only noted. It also ends calls that block outside control, for
    `racekit.runtime.outside.interrupt_caller`.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._holding_back = False
        self._noted = False

    def begin(self) -> None:
        self._holding_back = True
        if threading.current_thread() is threading.main_thread():
            self._before = signal.getsignal(signal.SIGINT)  # None if it is not one of Python's
            if self._before is not None:
                signal.signal(signal.SIGINT, self._handle)

    def hold_back(self) -> None:
        self._holding_back = True

    def let_through(self) -> None:
        """Handle what was noted, and from now on whatever comes at once."""
        self._holding_back = False
        self._handle_noted()

    def end(self) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        self._handle_noted()

    def _handle_noted(self) -> None:
        if self._noted:
            self._noted = False
            self._handle_as_before(None)

    def _handle_as_before(self, frame: FrameType | None) -> None:
        if callable(self._before):
            self._before(signal.SIGINT, frame)
        elif self._before == signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)

    def check(self) -> None:
        """A safe place between executions: handle what was noted."""
        if not self._holding_back:
            self._handle_noted()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        scheduler: Scheduler | None = TURN.scheduler
        if scheduler is not None and scheduler.interrupting_caller:
            scheduler.interrupting_caller = False
            scheduler.threads[0].unwinding = True
            raise ExecutionAborted
        if self._holding_back:
            self._noted = True
        elif self._before is not signal.default_int_handler:
            self._handle_as_before(frame)
        elif scheduler is not None:
            scheduler.interrupt(KeyboardInterrupt().with_traceback(watched_traceback(frame)))
            if not _in_racekit(frame):
                raise KeyboardInterrupt
        elif _in_racekit(frame):
            self._noted = True
        else:
            raise KeyboardInterrupt


def _in_racekit(frame: FrameType | None) -> bool:
    """Whether racekit is in the midst of something, and will see by itself that it has been interrupted.

    While it waits for its turn it will not: there the exception has to be raised.
    """
    if frame is not None and frame.f_code is Scheduler.park.__code__:
        return False
    while frame is not None and not is_watched(frame.f_code):
        if is_ours(frame.f_code):
            return True
        frame = frame.f_back
    return False
