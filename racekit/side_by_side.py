"""Functions side by side, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from racekit.errors import BadArgument, RacekitError


class StillRunning(RacekitError, TimeoutError):
    """Functions that were run side by side did not all end in time."""


def together(*functions: Callable[[], Any], timeout: float | None = None) -> list[Any]:
    """Start a thread for each function, wait for all of them, and return what they returned, in order.

    What a function raised is raised here; what several raised, as an ExceptionGroup. `timeout` is in seconds for all of
    them together; then StillRunning names those that go on.
    """
    for function in functions:
        if not callable(function):
            raise BadArgument(f"{function!r} cannot be called: pass functions without arguments, such as lambdas.")
    results: list[Any] = [None] * len(functions)
    errors: list[Exception] = []

    def run(index: int, function: Callable[[], Any]) -> None:
        try:
            results[index] = function()
        except Exception as error:
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(index, function), name=name, daemon=timeout is not None)
        for index, (function, name) in enumerate(zip(functions, _names(functions), strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout)
    running = [thread.name for thread in threads if thread.is_alive()]
    if running:
        raise StillRunning(
            f"After {timeout} seconds {', '.join(running)} had not ended: they wait for each other, or need more."
        )
    if len(errors) > 1:
        raise ExceptionGroup("several functions failed side by side", errors)
    if errors:
        raise errors[0]
    return results


def _names(functions: tuple[Callable[[], Any], ...]) -> list[str]:
    """Names for the threads: the functions' own, numbered where they are not different."""
    names = [getattr(function, "__name__", "function") for function in functions]
    return [
        name if names.count(name) == 1 and name != "<lambda>" else f"{name.strip('<>')}-{index + 1}"
        for index, name in enumerate(names)
    ]
