"""What the benchmarks share: contenders measured in turns, and tables that fit 80 columns.

Machines are noisy, so nothing here is compared across runs. In each round every contender has its turn, the order is
rotated from round to round, and a ratio is taken within its round.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Callable, Sequence
from typing import Any


class Served:
    """A process that says hello and then answers one request after another, all of them lines of JSON."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.hello = self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"missing": f"{self._process.args} ended without an answer"}

    def ask(self, *request: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def in_turns(contenders: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each contender returned (seconds for one execution), round by round."""
    names = list(contenders)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            found[name].append(contenders[name]())
    return found


def ratios(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    """How many times slower the one is than the other, round by round."""
    return [one / other for one, other in zip(slow, fast, strict=True)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def with_spread(values: Sequence[float], digits: int = 1) -> str:
    """The median, and the least and the greatest: `12.3 (11.9-14.0)`; without decimals from 100 on."""
    if max(values) >= 100:
        digits = 0
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def print_title(title: str, *notes: str) -> None:
    print(f"\n{title}\n{'=' * len(title)}")
    for note in notes:
        print(note)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be; the first is flushed left, the others right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0].ljust(widths[0])
        print("  ".join(cells).rstrip())
