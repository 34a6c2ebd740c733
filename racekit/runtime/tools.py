"""Locks of tools that look on while the code under test runs: what they do must not change what is found.

coverage takes a lock of its own wherever it meets a line or a function for the first time, in the thread that does.
"""

from __future__ import annotations

import sys

LOCKS: set[int] = set()
"""The ids of these locks, for as long as an exploration lasts."""


def find_locks() -> None:
    """Look which tools are at work."""
    LOCKS.clear()
    collectors = getattr(getattr(sys.modules.get("coverage.collector"), "Collector", None), "_collectors", ())
    for collector in collectors:
        LOCKS.add(id(getattr(collector, "data_lock", None)))
        LOCKS.update(id(getattr(tracer, "lock", None)) for tracer in getattr(collector, "tracers", ()))
    LOCKS.discard(id(None))
