"""Ctrl-C while racekit takes control of the process, or gives it back, waits until that is done."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from racekit.errors import ExecutionAborted
from racekit.runtime.baton import Scheduler
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
            before = signal.getsignal(signal.SIGINT)
            if callable(before):
                self._before = before
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
            self._before(signal.SIGINT, None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        scheduler: Scheduler | None = TURN.scheduler
        if scheduler is not None and scheduler.interrupting_caller:
            scheduler.interrupting_caller = False
            scheduler.threads[0].unwinding = True
            raise ExecutionAborted
        if self._holding_back:
            self._noted = True
        else:
            self._before(number, frame)
