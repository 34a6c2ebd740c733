"""Functions of the standard library, written in Python, that touch files, or call C code, for the watched code."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import thread as thread_pool
from types import CodeType, FunctionType
from typing import Any

from racekit.dependence import WHOLE
from racekit.runtime import announcing, calls, originals
from racekit.runtime.files import PYTHON_FUNCTIONS, path_accesses
from racekit.runtime.footprints import Touch
from racekit.runtime.named_attributes import site_at, site_of_caller
from racekit.runtime.turn import TURN
from racekit.watch.swap import Swaps, copy_of, forwarding_code


def swap_library_functions(swaps: Swaps) -> None:
    """Give these functions the code that announces what they touch."""
    for function, code in _announcing_codes():
        swaps.swap(function, code)


@functools.cache
def _announcing_codes() -> tuple[tuple[FunctionType, CodeType], ...]:
    codes = []
    for owner, functions in PYTHON_FUNCTIONS.items():
        for name, operations in functions.items():
            function = getattr(owner, name, None)
            if isinstance(function, FunctionType):
                codes.append((function, forwarding_code(function.__code__, _on_files(copy_of(function), operations))))
    for function in _RUNS_A_CALLABLE:
        codes.append((function, forwarding_code(function.__code__, _running(copy_of(function)))))
    return tuple(codes)


_RUNS_A_CALLABLE: tuple[FunctionType, ...] = tuple(
    function
    for owner in (threading.Thread, getattr(thread_pool, "WorkerContext", thread_pool._WorkItem))
    if isinstance(function := owner.run, FunctionType)
)
"""What calls the function that a new thread or a worker is for: that may be written in C, as `items.append` is."""


def _running(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Any, *task: Any) -> Any:
        if originals.get_ident() == TURN.ident and TURN.thread.born_at is not None:
            callable, arguments = _called_by(self, task)
            if callable is not None and not isinstance(callable, FunctionType):
                calls.call_unpacked(callable, arguments, site_at(TURN.thread.born_at, "call", ""))
        return original(self, *task)

    return run


def _called_by(runner: Any, task: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """What a thread, a work item, or since 3.14 the context of a worker is about to call, and with what."""
    if task:
        callable, arguments, *_ = task[0]
    elif isinstance(runner, threading.Thread):
        callable, arguments = runner._target, runner._args  # type: ignore[attr-defined]
    else:
        callable, arguments = runner.fn, runner.args
    return callable, arguments


def _on_files(original: Callable[..., Any], operations: tuple[str, ...]) -> Callable[..., Any]:
    def operation(*args: Any, **kwargs: Any) -> Any:
        if originals.get_ident() != TURN.ident or TURN.thread.atomic:
            return original(*args, **kwargs)
        site = site_of_caller("call", "")
        if site is not None and (TURN.several or site.shared):
            paths = (*args, *kwargs.values())
            announcing.touch([Touch(file, WHOLE, what) for file, what in path_accesses(operations, paths)], site)
        thread = TURN.thread
        thread.atomic = 1
        try:
            return original(*args, **kwargs)
        finally:
            thread.atomic = 0

    return operation
