"""How far a long exploration has come: one line, for a terminal."""

from __future__ import annotations


def progress_line(executions: int, elapsed: float, at_most: int | None = None, seconds: float | None = None) -> str:
    """`race: 12,345 of at most 100,000 executions, 5,120/s, 0:12, at most 0:17 left`.

    at_most: the budget of executions, and `seconds` that of real time, where there is one.
    """
    of = "" if at_most is None else f" of at most {at_most:,}"
    rate = executions / elapsed if elapsed else 0.0
    parts = [f"race: {executions:,}{of} executions", f"{rate:,.0f}/s", _clock(elapsed)]
    left = [seconds - elapsed] if seconds is not None else []
    if at_most is not None and rate:
        left.append((at_most - executions) / rate)
    if left:
        parts.append(f"at most {_clock(max(min(left), 0))} left")
    return ", ".join(parts)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
