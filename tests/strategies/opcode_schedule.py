"""An oracle that shares nothing with racekit: real threads that switch before chosen opcodes, by `sys.settrace`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Collection
from types import FrameType
from typing import Any


class OpcodeSchedule:
    """Runs two functions in threads, one at a time: who runs makes way before the opcodes with these numbers.

    Only the opcodes of code from `filename` count, those of both threads together; `opcodes` is how many there were.
    """

    def __init__(self, filename: str, first: int = 0, switches: Collection[int] = ()) -> None:
        self.opcodes = 0
        self._filename = filename
        self._running = first
        self._switches = switches
        self._alive = {0, 1}
        self._turns = threading.Semaphore(0), threading.Semaphore(0)

    def run(self, *functions: Callable[[], object]) -> None:
        started = [threading.Thread(target=self._run, args=each) for each in enumerate(functions)]
        for thread in started:
            thread.start()
        self._turns[self._running].release()
        for thread in started:
            thread.join()

    def _run(self, number: int, function: Callable[[], object]) -> None:
        self._turns[number].acquire()
        sys.settrace(self._trace)
        try:
            function()
        finally:
            sys.settrace(None)
            self._alive.remove(number)
            self._running = 1 - number
            self._turns[self._running].release()

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != self._filename:
            return None
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            self.opcodes += 1
            if self.opcodes in self._switches and len(self._alive) == 2:
                number = self._running
                self._running = 1 - number
                self._turns[self._running].release()
                self._turns[number].acquire()
        return self._trace
