"""Noticing that a test starts a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType

from racekit.runtime import originals
from racekit.watch.swap import Swaps, copy_of, forwarding_code


class ThreadStarted(BaseException):
    """Ends the plain run of a test just before it starts a thread. Private."""


@contextmanager
def thread_starts(act: Callable[[], object]) -> Iterator[None]:
    """Meanwhile `act` is called whenever the calling thread is about to start another one."""
    caller = threading.get_ident()
    start = originals.thread_start
    assert isinstance(start, FunctionType)
    plain_start = copy_of(start)

    def announced_start(thread: threading.Thread) -> None:
        __tracebackhide__ = True
        if threading.get_ident() == caller:
            act()
        plain_start(thread)

    swaps = Swaps()
    swaps.swap(start, forwarding_code(start.__code__, announced_start))
    try:
        yield
    finally:
        swaps.undo()
