"""Threads and futures hash by their number in the execution, not by their address.

`ThreadPoolExecutor` keeps its threads in a set and `as_completed` its futures: in what order they are joined or yielded
must be the same in each execution of a schedule. Objects that were made outside of control keep their hash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from racekit.runtime import originals
from racekit.runtime.turn import TURN
from racekit.watch.swap import Swaps

_NUMBER = "_racekit_number"


def _numbered(original: Callable[..., None]) -> Callable[..., None]:
    def initialize(self: Any, /, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if originals.get_ident() == TURN.ident:
            scheduler = TURN.scheduler
            scheduler.objects_numbered += 1
            self.__dict__[_NUMBER] = scheduler.objects_numbered

    return initialize


def _hash(self: Any) -> int:
    number: int | None = self.__dict__.get(_NUMBER)
    return object.__hash__(self) if number is None else number


def number_threads_and_futures(swaps: Swaps) -> None:
    """Number what is made from now on, until `hash_by_address`."""
    for type_ in (threading.Thread, Future):
        function: Any = type_.__init__
        swaps.wrap(function, _numbered)
        type_.__hash__ = _hash  # type: ignore[method-assign]


def hash_by_address() -> None:
    """The types are as they were."""
    for type_ in (threading.Thread, Future):
        if "__hash__" in vars(type_):
            del type_.__hash__
