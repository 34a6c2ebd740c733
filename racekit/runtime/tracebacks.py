"""Tracebacks as they would be without racekit."""

from __future__ import annotations

from types import CodeType, TracebackType

from racekit.watch.scope import is_racekit
from racekit.watch.swap import is_forwarding


def is_ours(code: CodeType) -> bool:
    """Whether this is code of racekit, other than its scenarios."""
    return is_racekit(code.co_filename)


def without_our_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of racekit itself; all of it if there is nothing else."""
    kept: list[TracebackType] = []
    entry = traceback
    while entry is not None:
        code = entry.tb_frame.f_code
        if not is_ours(code) and not is_forwarding(code):
            kept.append(entry)
        entry = entry.tb_next
    following: TracebackType | None = None
    for entry in reversed(kept):
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return following if kept else traceback
