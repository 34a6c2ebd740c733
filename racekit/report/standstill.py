"""A deadlock: for each thread where it waits, and where it took what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from racekit.report.code import Code
from racekit.report.columns import cut, cut_inside, padded, width
from racekit.trace import Place, Wait

_THREADS_SHOWN = 8


def standstill(waits: Sequence[Wait], cycle: Sequence[Wait]) -> Iterator[str]:
    """Two lines for each thread of the circle, one for each of the others."""
    others = [wait for wait in waits if wait not in cycle]
    rows: list[tuple[str, str, Place | None]] = []
    for before, wait in zip([*cycle[-1:], *cycle[:-1]], cycle, strict=True):
        rows.append((wait.thread, f"took {before.awaited}", before.held_since))
        rows.append(("", f"waits for {wait.awaited}", wait.place))
    for wait in others:
        rows.append((wait.thread, _waits(wait), wait.place))
        if wait.held_since is not None:
            rows.append(("", f"which {wait.holder} took", wait.held_since))
    shown = rows[: 2 * _THREADS_SHOWN]
    names = min(max(width(name) for name, _, _ in shown), 20)
    whats = min(max(width(what) for _, what, _ in shown), 34)
    code = Code([place for _, _, place in shown if place is not None], names + whats + 6)
    if code.heading:
        yield padded("", names + whats + 6) + code.heading
    for name, what, place in shown:
        line = f"  {padded(cut_inside(name, names), names)}  {padded(cut(what, whats), whats)}  "
        yield (line + (code.of(place, place.text) if place is not None else "")).rstrip()
    if len(rows) > len(shown):
        yield f"  ... {len(rows) - len(shown)} more lines folded"


def _waits(wait: Wait) -> str:
    if not wait.awaited:
        return f"is stuck in {wait.operation}"
    if wait.operation in ("acquire", "join"):
        return f"waits for {wait.awaited}"
    return f"waits for {wait.awaited} in {wait.operation}()"
