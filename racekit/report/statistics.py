"""What the explorations of a test session took, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_BUDGETS = {"cut by executions", "cut by seconds"}
_BUDGET = "cut by its budget"


@dataclass(frozen=True, slots=True)
class Statistics:
    """One exploration: its result in a word or two and in a sentence, and what it took (as in `racekit.effort`)."""

    result: str
    verdict: str
    executions: int
    seconds: float
    points: int
    rewriting: float
    running: float
    searching: float


def statistics_of(test: str, statistics: Statistics) -> Iterator[str]:
    """The name of the test, what became of it, and what that took: four lines."""
    it = statistics
    yield test
    yield f"  {it.verdict}"
    points = f"{it.points / max(it.executions, 1):,.1f} scheduling points each"
    others = max(it.seconds - it.rewriting - it.running - it.searching, 0.0)
    shares = ", ".join(
        f"{_share(seconds, it.seconds)} {what}"
        for what, seconds in (
            ("rewriting", it.rewriting),
            ("running", it.running),
            ("searching", it.searching),
            ("other", others),
        )
    )
    yield f"  {_executions(it.executions)} in {_time(it.seconds)}{_rate(it)}, {points}"
    yield f"  {shares}"


def total(results: Iterable[str], executions: int, seconds: float) -> str:
    """`12 tests explored, 9 proved, 2 failed, 1 cut by its budget; 18,402 executions in 4.1 s`."""
    counts = Counter(_BUDGET if result in _BUDGETS else result for result in results)
    explored = counts.total()
    order = sorted(counts, key=lambda result: (result != "proved", result != "failed", result))
    parts = [f"{explored:,} {'test' if explored == 1 else 'tests'} explored"]
    parts += [f"{counts[result]:,} {_plural(result, counts[result])}" for result in order]
    return f"{', '.join(parts)}; {_executions(executions)} in {_time(seconds)}"


def _plural(result: str, count: int) -> str:
    return "cut by their budget" if result == _BUDGET and count > 1 else result


def _executions(count: int) -> str:
    return f"{count:,} execution{'' if count == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:,.1f} s"


def _rate(it: Statistics) -> str:
    return f" ({it.executions / it.seconds:,.0f}/s)" if it.seconds else ""


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "0%"
