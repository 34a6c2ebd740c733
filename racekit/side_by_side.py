"""Functions side by side, each in a thread of its own."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from racekit.errors import BadArgument, ExecutionAborted, RacekitError
from racekit.options import check_runs
from racekit.runtime.control import WATCHER


class StillRunning(RacekitError, TimeoutError):
    """Functions that were run side by side did not all end in time."""


def together(*functions: Callable[[], Any], timeout: float | None = None) -> list[Any]:
    """Start a thread for each function, wait for all of them, and return what they returned, in order.

    What a function raised is raised here; what several raised, as an ExceptionGroup. `timeout` is in seconds for all of
    them together; then StillRunning names those that go on. A thread has the name of its function; that of a lambda is
    the text that it mentions (`lambda: update("First")` runs in "First"), or else the last name in it. Raises
    BadArgument for what cannot be called, and for coroutine and generator functions, which would not run.
    """
    check_functions(functions)
    results: list[Any] = [None] * len(functions)
    errors: dict[int, BaseException] = {}

    def run(index: int, function: Callable[[], Any]) -> None:
        try:
            results[index] = function()
        except ExecutionAborted:
            raise
        except BaseException as error:
            errors[index] = error

    threads = [
        threading.Thread(target=run, args=(index, function), name=name, daemon=timeout is not None)
        for index, (function, name) in enumerate(zip(functions, _names(functions), strict=True))
    ]
    end = None if timeout is None else time.monotonic() + timeout
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(None if end is None else max(end - time.monotonic(), 0))
    running = [thread.name for thread in threads if thread.is_alive()]
    if running:
        raise StillRunning(
            f"After {timeout} seconds {', '.join(running)} had not ended: they wait for each other, or need more."
        )
    raised = [errors[index] for index in sorted(errors)]
    if len(raised) > 1:
        raise BaseExceptionGroup("several functions failed side by side", raised)
    if raised:
        raise raised[0]
    return results


def check_functions(functions: Iterable[object]) -> None:
    """Raises BadArgument for what cannot run in a thread."""
    for function in functions:
        if not callable(function):
            raise BadArgument(f"{function!r} cannot be called: pass functions without arguments, such as lambdas.")
        check_runs(function)


def _names(functions: tuple[Callable[[], Any], ...]) -> list[str]:
    """Names for the threads, numbered where they are not different."""
    names = [_name(function) for function in functions]
    return [name if names.count(name) == 1 else f"{name}-{index + 1}" for index, name in enumerate(names)]


def _name(function: Callable[[], Any]) -> str:
    if isinstance(function, functools.partial):
        texts = [value for value in (*function.args, *function.keywords.values()) if isinstance(value, str)]
        return texts[0] if len(texts) == 1 else _name(function.func)
    if not isinstance(function, FunctionType) or function.__name__ != "<lambda>":
        return getattr(function, "__name__", type(function).__name__)
    code = WATCHER.own_code(function)
    texts = [constant for constant in code.co_consts if isinstance(constant, str)]
    names = [name for name in code.co_names if not name.startswith("__")]
    return texts[0] if len(texts) == 1 else names[-1] if names else "lambda"
