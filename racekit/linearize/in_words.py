"""A history in words: a table of intervals, and the order that comes nearest."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.linearize.history import NEVER, Blocked, Call, History, Operation, Outcome, Raised, Returned
from racekit.linearize.search import Nearest

_PER_MOMENT = 3
_WIDEST_BAR = 60


def table(
    history: History, programs: Sequence[Sequence[Operation]], names: Sequence[str], *, blocked: str = "blocks for ever"
) -> list[str]:
    """A row for each call, with its interval from left to right; those of `programs` that were never made, too.

    `blocked` says what it means that a call has not come to its end.
    """

    def came(outcome: Outcome) -> str:
        return blocked if isinstance(outcome, Blocked) else _came(outcome)

    rows = [("first", str(call.operation), came(call.outcome), "") for call in history.prefix]
    bars = _Bars(history)
    for name, calls, operations in zip(names, history.threads, programs, strict=True):
        rows += [(name, str(call.operation), came(call.outcome), bars.draw(call)) for call in calls]
        rows += [(name, str(operation), "was not called", "") for operation in operations[len(calls) :]]
    if history.final is not None:
        rows.append(("at the end", "", f"is {_plain(history.final)}", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    shown = ""
    lines = []
    for row in rows:
        name = row[0] if row[0] != shown else ""
        shown = row[0]
        cells = [cell.ljust(width) for cell, width in zip((name, *row[1:3]), widths, strict=True)]
        lines.append("  ".join([*cells, row[3]]).rstrip())
    return lines


class _Bars:
    """Intervals as `|-----|`, as far apart as their ends are in the order of all ends."""

    def __init__(self, history: History) -> None:
        ends = {moment for call in history.calls for moment in (call.called, call.returned)} - {NEVER}
        self._places = {moment: place for place, moment in enumerate(sorted(ends))}
        self._scale = max(1, min(_PER_MOMENT, _WIDEST_BAR // max(len(ends), 1)))

    def draw(self, call: Call) -> str:
        first = self._places[call.called] * self._scale
        if call.returned == NEVER:
            last = len(self._places) * self._scale
            return " " * first + "|" + "-" * max(last - first - 1, 0) + "..."
        last = self._places[call.returned] * self._scale
        return " " * first + "|" + "-" * max(last - first - 1, 0) + "|"


def _came(outcome: Returned | Raised) -> str:
    return f"{'returned' if isinstance(outcome, Returned) else 'raised'} {outcome.text}"


def _plain(outcome: Outcome) -> str:
    return outcome.text if isinstance(outcome, Returned) else str(outcome)


def no_order(history: History, nearest: Nearest, names: Sequence[str], *, results: bool = True) -> str:
    """The sentence that no order gives this, and which one comes nearest."""
    count = len(history.calls)
    calls = f"these {count} calls" if count != 1 else "this call"
    blocked = [
        f"{call.operation} in {name}"
        for name, thread in zip(names, history.threads, strict=True)
        for call in thread
        if call.returned == NEVER
    ]
    if blocked:
        what = f"no order of {calls} has {' and '.join(blocked)} block for ever"
    elif results:
        what = f"no order of {calls} gives these results"
    else:
        what = f"no order of {calls} gives {_plain(history.final) if history.final is not None else 'this'}"
    owners = {id(call): name for name, thread in zip(names, history.threads, strict=True) for call in thread}
    order = ", ".join(f"{call.operation} in {owners[id(call)]}" for call in nearest.order)
    given = []
    if results or any(not isinstance(outcome, Returned) for outcome in nearest.outcomes):
        given.append(_listed(nearest.outcomes))
    if nearest.final is not None:
        given.append(f"leave {_plain(nearest.final)}")
    if not order:
        return f"{what}, and in every order a call blocks that came to an end here"
    return f"{what}; the nearest is {order}, which would {' and '.join(given)}"


def _listed(outcomes: Sequence[Outcome]) -> str:
    """`return 1, 2, raise KeyError('a')`: a verb is said once for all that follow."""
    words = []
    verb = ""
    for outcome in outcomes:
        text = str(outcome)
        first, _, rest = text.partition(" ")
        words.append(rest if first == verb and first != "block" else text)
        verb = first
    return ", ".join(words)
