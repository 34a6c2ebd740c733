"""Which threads of an execution could take a step now, and whose turn it is when nobody chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from racekit.runtime.thread import ControlledThread

if TYPE_CHECKING:
    from racekit.runtime.baton import Scheduler


def could_go_on(scheduler: Scheduler) -> tuple[int, ...]:
    """The threads that are enabled, ascending: awake and not waiting; else those that time lets on first."""
    while scheduler.returning:
        scheduler.returning.pop().outside = False
    alive = scheduler.alive
    for thread in alive:
        if thread.outside or thread.polls or thread.deadline is not None:
            return _could_go_on_in_time(scheduler)
    return tuple([thread.id for thread in alive if not thread.blocked])


def _could_go_on_in_time(scheduler: Scheduler) -> tuple[int, ...]:
    alive = [thread for thread in scheduler.alive if not thread.outside]
    if scheduler.polling:
        for thread in alive:
            if thread.polls and thread.blocked:
                thread.blocked = not thread.ready()
    enabled = [thread.id for thread in alive if not (thread.blocked or thread.asleep)]
    timed = [thread for thread in alive if thread.blocked and thread.deadline is not None]
    if scheduler.any_timeout:
        enabled += [thread.id for thread in timed]
    sleepers = [thread for thread in alive if thread.asleep]
    later = sleepers if enabled else sleepers + timed
    if later:
        earliest = min(thread.deadline or 0 for thread in later)
        due = [thread.id for thread in sleepers if thread.deadline == earliest]
        enabled += due or [thread.id for thread in timed if thread.deadline == earliest]
    return tuple(sorted(enabled))


def next_in_turn(threads: list[ControlledThread], after: int, enabled: tuple[int, ...]) -> int:
    """Which of the enabled threads follows `after` in the order of their starts; sleepers come after the others."""
    awake = [id for id in enabled if not threads[id].asleep]
    if awake:
        return next((id for id in awake if id > after), awake[0])
    return min(enabled, key=lambda id: (threads[id].deadline or 0, (id - after - 1) % len(threads)))
