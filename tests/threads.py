"""Functions side by side in ordinary threads, as the tests' bodies run them."""

from __future__ import annotations

import threading
from collections.abc import Callable


def run(*functions: Callable[[], object], **named: Callable[[], object]) -> None:
    """Each function in a thread of its own, which has the name of the keyword; returns when all have ended."""
    _start_and_join(
        *(threading.Thread(target=function) for function in functions),
        *(threading.Thread(target=function, name=name) for name, function in named.items()),
    )


def run_by_name(*functions: Callable[[], object]) -> None:
    """`run`, where each thread has the name of its function."""
    _start_and_join(*(threading.Thread(target=function, name=function.__name__) for function in functions))


def _start_and_join(*threads: threading.Thread) -> None:
    """All are started before any is waited for."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
