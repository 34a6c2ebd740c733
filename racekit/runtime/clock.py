"""The virtual clock: computing takes no time, sleeping takes exactly what was asked for, and nobody waits for real."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
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


def _telling_of_now(original: Callable[..., Any], given: int, now: Callable[[], object]) -> Callable[..., Any]:
    """`original`, a function that speaks of now if it is called with only as many arguments, or with None as next."""

    def tell(*args: Any) -> Any:
        if _get_ident() == TURN.ident and (len(args) == given or (len(args) == given + 1 and args[given] is None)):
            args = (*args[:given], now())
        return original(*args)

    return tell


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
    now = found[time.time]
    for original in (time.localtime, time.gmtime, time.ctime):
        found[original] = _telling_of_now(original, 0, now)
    localtime = found[time.localtime]
    found[time.asctime] = _telling_of_now(time.asctime, 0, localtime)
    found[time.strftime] = _telling_of_now(time.strftime, 1, localtime)
    return found


REPLACEMENTS = _replacements()
"""For each function of `time` that is under control: what takes its place."""


_wall_clock = REPLACEMENTS[originals.wall_clock]
_today = vars(date)["today"]
_now, _utcnow, _fromtimestamp = (vars(datetime)[name] for name in ("now", "utcnow", "fromtimestamp"))


def _virtual_now(kind: type[datetime], tz: tzinfo | None = None) -> datetime:
    if _get_ident() != TURN.ident:
        return _now.__get__(None, kind)(tz)  # type: ignore[no-any-return]
    return _fromtimestamp.__get__(None, kind)(_wall_clock(), tz)  # type: ignore[no-any-return]


def _virtual_utcnow(kind: type[datetime]) -> datetime:
    if _get_ident() != TURN.ident:
        return _utcnow.__get__(None, kind)()  # type: ignore[no-any-return]
    if sys.version_info >= (3, 12):
        warnings.warn("datetime.datetime.utcnow() is deprecated", DeprecationWarning, stacklevel=2)
    return _virtual_now(kind, UTC).replace(tzinfo=None)


def _virtual_today(kind: type[date]) -> date:
    if _get_ident() != TURN.ident:
        return _today.__get__(None, kind)()  # type: ignore[no-any-return]
    return kind.fromtimestamp(_wall_clock())


DATETIME_METHODS = {"now": classmethod(_virtual_now), "utcnow": classmethod(_virtual_utcnow)}
DATE_METHODS = {"today": classmethod(_virtual_today)}
"""Methods of `datetime` and `date` that ask the system for the time."""
