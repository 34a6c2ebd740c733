"""The virtual clock: computing takes no time, sleeping takes exactly what was asked for, and nobody waits for real."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from racekit.runtime import originals
from racekit.runtime.call_site import call_site
from racekit.runtime.out_of_turn import out_of_turn
from racekit.runtime.primitives.locks import nanoseconds
from racekit.runtime.turn import TURN
from racekit.runtime.waiting import sleep

_get_ident = originals.get_ident


class Epoch:
    """What the real clocks showed, in whole seconds, when the exploration began: each execution starts there."""

    def __init__(self) -> None:
        self.wall = math.floor(originals.wall_clock())
        self.monotonic = math.floor(originals.monotonic())
        self.perf_counter = math.floor(originals.perf_counter())


def virtual_sleep(seconds: float, /) -> None:
    """`time.sleep` under control."""
    if _get_ident() != TURN.ident:
        thread = out_of_turn()
        if thread is None:
            originals.sleep(seconds)
            return
        if thread.unwinding:
            return
    if not isinstance(seconds, int | float) or not seconds >= 0:
        originals.sleep(seconds)  # raises what it has to raise
        return
    site = call_site()
    scheduler, thread = TURN.scheduler, TURN.thread
    sleep(scheduler, thread, nanoseconds(seconds), site)
    scheduler.record(thread, site, "sleep", scheduler.epoch)


def _reading(original: Callable[[], Any], base: Callable[[Epoch], int], in_nanoseconds: bool) -> Callable[[], Any]:
    def read() -> Any:
        if _get_ident() != TURN.ident:
            return original()
        scheduler = TURN.scheduler
        TURN.thread.looked = True
        if scheduler.compares_events:
            scheduler.trace.append((TURN.thread.id, None, "read", scheduler.location(scheduler.epoch)))
        if in_nanoseconds:
            return base(scheduler.epoch) * 1_000_000_000 + scheduler.now
        return base(scheduler.epoch) + scheduler.now / 1_000_000_000

    return read


def _replacements() -> dict[Any, Any]:
    found: dict[Any, Any] = {originals.sleep: virtual_sleep}
    readings: list[tuple[str, Callable[[Epoch], int]]] = [
        ("time", lambda epoch: epoch.wall),
        ("monotonic", lambda epoch: epoch.monotonic),
        ("perf_counter", lambda epoch: epoch.perf_counter),
    ]
    for name, base in readings:
        for suffix in ("", "_ns"):
            original = getattr(time, name + suffix)
            found[original] = _reading(original, base, bool(suffix))
    return found


REPLACEMENTS = _replacements()
"""For each function of `time` that is under control: what takes its place."""
