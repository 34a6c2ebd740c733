"""The values that a body returned, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from racekit.report.columns import cut, padded, width
from racekit.user_values import text_of

_VALUE_COLUMNS = 30
_ROWS_SHOWN = 30


class OutcomeRow(NamedTuple):
    """A value, in how many executions it came out, the token of the shortest schedule, and whether it may come out."""

    value: object
    executions: int
    token: str
    allowed: bool | None


def outcome_table(rows: Sequence[OutcomeRow]) -> list[str]:
    """A header and a line for each value, the most frequent first; the verdict only where the test says what may be."""
    if not rows:
        return []
    ordered = sorted(rows, key=lambda row: (row.allowed is not False, -row.executions))[:_ROWS_SHOWN]
    judged = any(row.allowed is not None for row in rows)
    columns = [
        ["value", *(cut(text_of(row.value), _VALUE_COLUMNS) for row in ordered)],
        ["executions", *(f"{row.executions:,}" for row in ordered)],
        ["", *(_verdict(row.allowed) for row in ordered)] if judged else [],
        ["shortest schedule", *(row.token for row in ordered)],
    ]
    filled = [column for column in columns if column]
    widths = [max(map(width, column)) for column in filled[:-1]]
    lines = []
    for cells in zip(*filled, strict=True):
        line = "  ".join(padded(cell, columns) for cell, columns in zip(cells[:-1], widths, strict=True))
        lines.append(f"  {line}  {cells[-1]}".rstrip())
    if len(rows) > len(ordered):
        lines.append(f"  ... {len(rows) - len(ordered)} more values folded")
    return lines


def _verdict(allowed: bool | None) -> str:
    return "" if allowed is None else "allowed" if allowed else "FORBIDDEN"
