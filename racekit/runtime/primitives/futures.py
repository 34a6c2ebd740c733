"""Futures under control: whoever waits for one that will be done waits as for a lock, and not from some step on.

`Future.result` and `exception` without a timeout come to the same whether they began before the future was done or
after. So each is one step, which comes when the future is done; and so is `wait` for all of several futures. What
`as_completed` yields depends on the order in which they are done, and not on when it is asked.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, _base
from functools import partial
from typing import Any

from racekit.runtime import originals
from racekit.runtime.call_site import call_site
from racekit.runtime.primitives.operations import atomic, not_atomic, swap_method
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import wait
from racekit.watch.swap import Swaps

_NOTIFIED = frozenset({_base.CANCELLED_AND_NOTIFIED, _base.FINISHED})
_DONE = _NOTIFIED | {_base.CANCELLED}
_RESULT, _NOTICE, _LOOK = "result", "notice", "look"
"""Parts of a future. The first changes once it has its result, the second once `wait` takes it for done, the third
never."""

_get_ident = originals.get_ident


def swap_futures(swaps: Swaps) -> None:
    """Give the functions that wait for futures, and those that end the waiting, the code that announces it."""
    for name in ("result", "exception"):
        swap_method(swaps, Future, name, partial(_when_done, name=name))
    swap_method(swaps, Future, "set_running_or_notify_cancel", _beginning)
    swap_method(swaps, Future, "_invoke_callbacks", _completing)
    swap_method(swaps, _base, "wait", _waiting)
    swap_method(swaps, _base, "as_completed", _as_completed)
    swap_method(swaps, _base._AcquireFutures, "__init__", _ordered)


def _when_done(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    in_time = atomic(original, name)

    def operation(self: Any, timeout: float | None = None) -> Any:
        if timeout is not None or _get_ident() != TURN.ident or TURN.thread.atomic:
            return in_time(self, timeout)
        return _once(name, [self], _DONE, _RESULT, lambda: original(self))

    return operation


def _waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    in_time = atomic(original, "wait")

    def operation(fs: Iterable[Any], timeout: float | None = None, return_when: str = _base.ALL_COMPLETED) -> Any:
        fs = set(fs)
        for_all = fs and timeout is None and return_when == _base.ALL_COMPLETED
        if not for_all or _get_ident() != TURN.ident or TURN.thread.atomic:
            return in_time(fs, timeout, return_when)
        return _once("wait", sorted(fs, key=hash), _NOTIFIED, _NOTICE, lambda: original(fs))

    return operation


def _once(name: str, futures: list[Any], states: frozenset[str], part: str, work: Callable[[], Any]) -> Any:
    """`work()` as a step called `name`, as soon as all the futures are in one of these states."""
    scheduler, thread = TURN.scheduler, TURN.thread
    awaited = futures[0]
    site = call_site()
    thread.site, thread.operation = site, name
    thread.doing = (name, awaited)
    keys = tuple(map(id, futures))
    try:
        wait(scheduler, thread, awaited, keys, lambda: all(each._state in states for each in futures), None, True)
        scheduler.record(thread, site, name, awaited, part=_LOOK)
        for future in futures:
            scheduler.record(thread, site, "await", future, False, part=part)
        thread.atomic = 1
        recorded = len(scheduler.trace)
        try:
            return work()
        finally:
            if scheduler.compares_events:
                del scheduler.trace[recorded:]  # what is gone through then changes nothing
    finally:
        thread.atomic = 0
        thread.doing = None


def _beginning(original: Callable[..., bool]) -> Callable[..., bool]:
    def operation(self: Any) -> bool:
        begins = original(self)
        if not begins and _get_ident() == TURN.ident:
            _completes(self, _NOTICE)
        return begins

    return atomic(operation, "set_running_or_notify_cancel")


def _completing(original: Callable[..., None]) -> Callable[..., None]:
    call_back = not_atomic(original)

    def operation(self: Any) -> None:
        if _get_ident() == TURN.ident:
            _completes(self, _RESULT)
            if self._state in _NOTIFIED:
                _completes(self, _NOTICE)
        call_back(self)

    return operation


def _completes(future: Any, part: str) -> None:
    TURN.scheduler.changed(id(future))
    TURN.scheduler.record(TURN.thread, None, "completes", future, False, part=part)


class _Completed:
    """Takes in, in their order, the futures that are done from now on: what `as_completed` waits for."""

    def __init__(self, futures: Iterable[Any]) -> None:
        self._futures = queue.SimpleQueue[Any]()
        self._pending = set(futures)
        for future in self._pending:
            future._waiters.append(self)

    def add_result(self, future: Any) -> None:
        self._futures.put(future)

    add_exception = add_cancelled = add_result

    def __bool__(self) -> bool:
        return bool(self._pending)

    def take(self) -> Any:
        """The next one, once there is one. Nobody but the caller keeps it."""
        thread = TURN.thread
        thread.doing = "as_completed", min(self._pending, key=hash)
        try:
            future = self._futures.get()
        finally:
            thread.doing = None
        self._pending.remove(future)
        return future


def _as_completed(original: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Without a timeout: those that are done already, then the others in the order in which they are done."""

    def operation(fs: Iterable[Any], timeout: float | None = None) -> Iterator[Any]:
        if timeout is not None or _get_ident() != TURN.ident or TURN.thread.atomic:
            yield from original(fs, timeout)
            return
        done, others = _look(sorted(set(fs), key=hash))
        del fs
        while done:
            yield done.pop()  # in any order, since they come out of a set; this one is the less expected
        while others:
            yield others.take()

    return operation


def _look_at(futures: list[Any]) -> tuple[list[Any], _Completed]:
    for future in futures:
        TURN.scheduler.record(TURN.thread, None, "done", future, False, part=_NOTICE)
    done = [future for future in futures if future._state in _NOTIFIED]
    return done, _Completed(future for future in futures if future._state not in _NOTIFIED)


_look: Callable[[list[Any]], tuple[list[Any], _Completed]] = atomic(_look_at, "as_completed")


def _ordered(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(self: Any, futures: Iterable[Any]) -> None:
        original(self, futures)
        if _get_ident() == TURN.ident:
            self.futures.sort(key=hash)  # by address otherwise

    return initialize
