"""How many executions does each strategy need to find the bug of each program? Next to what others published.

Each strategy has so many trials on each program, each with a seed of its own and a budget of executions; strategies
that know no chance have one. "412 19/20" is the mean of the 19 trials of 20 that found the bug.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence

import racekit
from racekit.options import STRATEGIES

from . import published
from .catalogue import PROGRAMS, SCORED

WITHIN = (10, 100, 1000)
WIDTH = 80
WITHOUT_CHANCE = frozenset({"bounded", "directed", "dpor"})

Trials = list[int | None]
"""For each trial the execution that failed first, None if none did."""


def first_failure(body: Callable[[], object], strategy: str, seed: int, budget: int) -> int | None:
    failure = racekit.explore(body, strategy=strategy, seed=seed, executions=budget).failure
    return None if failure is None else failure.execution


def measure(program: str, strategy: str, seeds: int, budget: int) -> Trials:
    trials = 1 if strategy in WITHOUT_CHANCE else seeds
    return [first_failure(PROGRAMS[program], strategy, seed, budget) for seed in range(trials)]


def mean(trials: Trials) -> str:
    found = [trial for trial in trials if trial is not None]
    if not found:
        return published.NEVER
    average = statistics.mean(found)
    text = f"{average:.1f}" if average < 10 else f"{average:.0f}"
    return text if len(found) == len(trials) else f"{text} {len(found)}/{len(trials)}"


def found_within(budget: int, every: Iterable[Trials]) -> float:
    """The expected number of programs whose bug is found in so many executions."""
    return sum(sum(trial is not None and trial <= budget for trial in trials) / len(trials) for trials in every)


# --- tables -----------------------------------------------------------------------------------------------------------


def print_columns(names: Sequence[str], columns: dict[str, list[str]]) -> None:
    """One row for each name; as many tables as it takes to stay within the width of a terminal."""
    first = max(map(len, names))
    waiting = dict(columns)
    while waiting:
        shown: dict[str, int] = {}
        for title, cells in waiting.items():
            width = max(map(len, (title, *cells)))
            if shown and first + sum(2 + other for other in shown.values()) + 2 + width > WIDTH:
                break
            shown[title] = width
        print()
        print(" " * first + "".join(f"  {title:>{width}}" for title, width in shown.items()))
        for row, name in enumerate(names):
            cells_of_row = (f"  {waiting[title][row]:>{width}}" for title, width in shown.items())
            print((f"{name:<{first}}" + "".join(cells_of_row)).rstrip())
        for title in shown:
            del waiting[title]


def print_means(results: dict[str, dict[str, Trials]], programs: Sequence[str]) -> None:
    print("\nMean number of executions to the first failure (columns in capitals: published)")
    columns = {strategy: [mean(trials[name]) for name in programs] for strategy, trials in results.items()}
    for tool in published.TOOLS:
        columns[tool] = [published.MEANS.get(name, {}).get(tool, "") for name in programs]
    print_columns(programs, columns)


def print_found_within(results: dict[str, dict[str, Trials]]) -> None:
    print("\nExpected number of programs whose bug is found within so many executions")
    rows = list(results) + list(published.FOUND_WITHIN)
    columns: dict[str, list[str]] = {}
    for index, budget in enumerate(WITHIN):
        own = [f"{found_within(budget, trials.values()):.1f}" for trials in results.values()]
        columns[f"{budget:,}"] = own + [f"{figures[index]:.1f}" for figures in published.FOUND_WITHIN.values()]
    columns["of"] = [str(len(trials)) for trials in results.values()]
    columns["of"] += [str(figures[-1]) for figures in published.FOUND_WITHIN.values()]
    print_columns(rows, columns)


# --- the command ------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.sctbench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--strategy", action="append", choices=STRATEGIES, help="only this one (repeatable)")
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="only this one (repeatable)")
    parser.add_argument("--seeds", type=int, default=20, help="trials for each (20)")
    parser.add_argument("--budget", type=int, default=1000, help="executions for each trial at most (1000)")
    options = parser.parse_args()
    programs = options.program or list(SCORED)
    results: dict[str, dict[str, Trials]] = {}
    for strategy in options.strategy or STRATEGIES:
        results[strategy] = {}
        for program in programs:
            begun = time.perf_counter()
            trials = measure(program, strategy, options.seeds, options.budget)
            results[strategy][program] = trials
            seconds = time.perf_counter() - begun
            print(f"{strategy}, {program}: {mean(trials)} ({seconds:.1f} s)", file=sys.stderr, flush=True)
    print(f"{options.seeds} seeds, at most {options.budget:,} executions each; Python {sys.version.split()[0]}")
    print_means(results, programs)
    print_found_within(results)
