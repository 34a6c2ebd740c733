"""Whether executions stay as fast, and memory as small, over a long search: 1,000, 10,000 and 100,000 executions.

Each strategy explores one body in a process of its own: two threads that increment one attribute six times each, which
have more different interleavings than are run. Shown are the executions per second since the column before, and by how
much the memory of the process has grown since the first 1,000. What is kept for each execution makes the one fall or
the other rise. The time of a rate is that of the process's own work, since others may use the machine, too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time

from bodies import racy
from measuring import print_table, print_title

from racekit.explore import explore_body
from racekit.options import Options
from racekit.runtime.execution import ExecutionRun

STRATEGIES = ("dpor", "auto", "random", "pct", "pos", "surw", "urw", "directed", "bounded")
EXECUTIONS = (1_000, 10_000, 100_000)
INCREMENTS = 6


def megabytes() -> float:
    """What this process holds."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Marks:
    """Looks at clock and memory after so many executions."""

    def __init__(self) -> None:
        self.executions = 0
        self.seen: list[tuple[int, float, float]] = []
        self.look()

    def look(self) -> None:
        self.seen.append((self.executions, time.process_time(), megabytes()))

    def count(self, run: ExecutionRun) -> bool:
        """Never an end of the exploration."""
        self.executions += 1
        if self.executions in EXECUTIONS:
            self.look()
        return False


def explore(strategy: str, executions: int) -> list[tuple[int, float, float]]:
    """(executions, seconds, megabytes) at the start, at each mark, and at the end if that comes before the last."""
    marks = Marks()
    explore_body(racy(INCREMENTS), Options.of({"strategy": strategy, "executions": executions}), until=marks.count)
    if marks.seen[-1][0] != marks.executions:
        marks.look()
    return marks.seen


def row(strategy: str, seen: list[tuple[int, float, float]]) -> list[str]:
    cells = []
    for (before, begun, _), (executions, ended, held) in itertools.pairwise(seen):
        rate = f"{(executions - before) / (ended - begun):,.0f}/s {held - seen[1][2]:+,.1f} MB"
        cells.append(rate if executions in EXECUTIONS else f"{rate} (ended at {executions:,})")
    return [strategy, *cells, *[""] * (len(EXECUTIONS) - len(cells))]


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of an execution, and memory, over a long search.")
    parser.add_argument("--executions", type=int, default=EXECUTIONS[-1])
    parser.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this one (repeatable)")
    parser.add_argument("--alone", choices=STRATEGIES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(explore(options.alone, options.executions)))
        return
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors")
    print_title(f"2 threads, {INCREMENTS} increments each", "executions per second, and memory, at so many executions")
    rows = []
    for strategy in options.strategy or STRATEGIES:
        command = [sys.executable, __file__, "--alone", strategy, "--executions", str(options.executions)]
        rows.append(row(strategy, json.loads(subprocess.run(command, capture_output=True, check=True).stdout)))
    print_table(["", *(f"{executions:,}" for executions in EXECUTIONS)], rows)


if __name__ == "__main__":
    main()
