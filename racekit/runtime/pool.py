"""OS threads that every execution uses again: to create one costs more than a short execution."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from racekit.runtime import originals
from racekit.runtime.thread import Parking
from racekit.runtime.thread_state import CAN_SCRUB, ThreadState
from racekit.runtime.turn import LEFT_BEHIND

if TYPE_CHECKING:
    from racekit.runtime.interrupts import Interrupts


class Worker:
    """An OS thread that runs one job each time it is woken, and is as good as a new thread for every job.

    It runs on the processor, and with the policy, of the thread that makes it. What it is told to do it does as soon as
    it has begun, so nobody waits for that.
    """

    __slots__ = ("_ended", "ident", "job", "parking", "state")

    def __init__(self) -> None:
        self.parking = Parking()
        self.job: Callable[[], None] | None = None
        self._ended = Parking()
        self.ident: int = originals.start_new_thread(self._run, ())

    def _run(self) -> None:
        self.state = ThreadState()
        while True:
            self.parking.park()
            job = self.job
            if job is None:
                break
            contextvars.Context().run(job)
        LEFT_BEHIND.pop(originals.get_ident(), None)
        self._ended.wake()

    def dismiss(self) -> None:
        """Let the OS thread go; it must not be running a job."""
        self.job = None
        self.parking.wake()

    def join(self) -> None:
        """Wait until the OS thread, which was dismissed, has gone."""
        self._ended.park()


class Pool:
    """The workers of one exploration, handed out in the same order in every execution."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._workers: list[Worker] = []
        self._used = 0
        self.threads_before = originals.thread_count()

    def take(self) -> Worker:
        """A worker that nobody uses in this execution."""
        if self._used == len(self._workers):
            self._interrupts.hold_back()
            self._workers.append(Worker())
            self._interrupts.let_through()
        worker = self._workers[self._used]
        self._used += 1
        return worker

    def take_all_back(self) -> None:
        """Every worker has done its job: begin again with the first."""
        if not CAN_SCRUB:
            self.close()
        self._used = 0

    def run_on(self, ident: int, work: Callable[[], None]) -> None:
        """Have `work` done by this OS thread, one of the workers or the calling one."""
        worker = next((worker for worker in self._workers if worker.ident == ident), None)
        if worker is None:
            if ident == originals.get_ident():
                work()
            return
        done = Parking()

        def job() -> None:
            try:
                work()
            finally:
                done.wake()

        worker.job = job
        worker.parking.wake()
        done.park()

    def abandon(self, worker_ident: int) -> None:
        """Forget a worker that is stuck in a call outside control; its OS thread ends when that call does."""
        for worker in self._workers:
            if worker.ident == worker_ident:
                self._workers.remove(worker)
                LEFT_BEHIND[worker_ident] = 0
                worker.dismiss()
                return

    def close(self) -> None:
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.join()
        self._workers.clear()


def run_in_batches() -> int | None:
    """Let the calling OS thread not interrupt the one that wakes it; returns the scheduling policy it had before.

    Who wakes a thread still holds the GIL until it parks itself. A thread that interrupts it would only run into the
    GIL and be put aside once more: two more switches for each hand-over.
    """
    try:
        before = os.sched_getscheduler(0)
        if before == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            return before
    except (AttributeError, OSError):
        pass
    return None
