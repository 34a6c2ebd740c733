"""Tracebacks as they would be without racekit."""

from __future__ import annotations

from types import CodeType, FrameType, TracebackType

from racekit.runtime.call_site import is_watched
from racekit.watch.scope import is_racekit
from racekit.watch.swap import is_forwarding


def is_ours(code: CodeType) -> bool:
    """Whether this is code of racekit, other than its scenarios."""
    return is_racekit(code.co_filename)


def watched_traceback(frame: FrameType | None) -> TracebackType | None:
    """The traceback of an exception that `frame` might have raised, as far as it is in watched code."""
    following: TracebackType | None = None
    while frame is not None:
        if is_watched(frame.f_code):
            following = TracebackType(following, frame, frame.f_lasti, frame.f_lineno or 0)
        frame = frame.f_back
    return following


def leave_out_our_frames(error: BaseException) -> None:
    """Take the frames of racekit itself out of the tracebacks of an exception, and of those that it goes with."""
    left, seen = [error], set[int]()
    while left:
        each = left.pop()
        if id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = _without_our_frames(each)
            left += [other for other in (each.__cause__, each.__context__) if other is not None]
            if isinstance(each, BaseExceptionGroup):
                left += each.exceptions


def _without_our_frames(error: BaseException) -> TracebackType | None:
    """Its traceback without the frames of racekit itself; all of it if there is nothing else.

    Where racekit found no room for another frame, that would have been the code's own next call: it ends there.
    """
    kept: list[TracebackType] = []
    ours_called = 0
    entry = error.__traceback__
    while entry is not None:
        code = entry.tb_frame.f_code
        if is_ours(code) or is_forwarding(code):
            ours_called = len(kept)
        else:
            kept.append(entry)
        entry = entry.tb_next
    if isinstance(error, RecursionError) and not any(is_watched(each.tb_frame.f_code) for each in kept[ours_called:]):
        del kept[ours_called:]
    following: TracebackType | None = None
    for entry in reversed(kept):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following if kept else error.__traceback__
