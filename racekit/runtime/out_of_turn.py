"""What a hook does when the thread that reached it does not hold the baton."""

from __future__ import annotations

from typing import TYPE_CHECKING

from racekit.errors import ExecutionAborted
from racekit.runtime import ending, originals, outside
from racekit.runtime.thread import ControlledThread, Parking
from racekit.runtime.turn import CHOOSING, LEFT_BEHIND, TURN

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler


ATTEMPTS_TO_END = 100


def out_of_turn(touched: object = None, in_watched_code: bool = False) -> ControlledThread | None:
    """Called by a hook whose thread does not hold the baton.

    None: the thread is not under control, or asks a strategy, and must be let through. A thread that is `unwinding`
    cleans up after an execution that is over. Any other thread came back from a call outside control; it has the baton
    now, and the hook goes on as if it had had it before.
    """
    ident = originals.get_ident()
    if ident in LEFT_BEHIND:
        _end(ident)
    scheduler: Scheduler | None = TURN.scheduler
    if scheduler is None:
        return None
    if TURN.ident == CHOOSING and TURN.thread.ident == ident:
        return None
    thread = scheduler.by_ident.get(ident)
    if thread is None or thread.finished:
        outside.note_outsider(scheduler, ident, touched, in_watched_code)
        return None
    if thread is not TURN.thread and not (thread.unwinding or thread.outside):
        return None  # it waits for its turn, and a signal handler runs meanwhile
    if scheduler.aborting:
        ending.unwind_hook(scheduler, thread)
        return thread
    outside.come_back(scheduler, thread)
    return thread


def _end(ident: int) -> None:
    """End a thread that was left behind; one that will not have it stands still for good."""
    LEFT_BEHIND[ident] += 1
    if LEFT_BEHIND[ident] > ATTEMPTS_TO_END:
        Parking().park()
    raise ExecutionAborted
