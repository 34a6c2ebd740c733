"""What control costs: an execution under racekit, next to plain `Thread.start()` and `join()` of the same body.

Nothing is pinned here: the plain threads run wherever the operating system puts them, as they do in anybody's tests;
racekit pins the threads that it controls for as long as it controls them. For comparison there is a row with the plain
threads on one processor. Set-up is included.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial

from bodies import locked, racy
from measuring import in_turns, print_table, print_title, ratios, with_spread

import racekit

BODIES: dict[str, Callable[[], object]] = {
    "c.v = c.v + 1, once in each of two threads": racy(1),
    "c.v = c.v + 1, 3 times": racy(3),
    "c.v = c.v + 1, 5 times": racy(5),
    "c.v = c.v + 1 under a lock, 3 times": locked(3),
}


def plain(body: Callable[[], object], executions: int) -> float:
    begun = time.perf_counter()
    for _ in range(executions):
        body()
    return (time.perf_counter() - begun) / executions


def pinned(body: Callable[[], object], executions: int) -> float:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        return plain(body, executions)
    finally:
        os.sched_setaffinity(0, before)


def controlled(body: Callable[[], object], executions: int, strategy: str) -> float:
    """Searches that end early are begun again until there were so many executions."""
    done, begun = 0, time.perf_counter()
    while done < executions:
        done += racekit.explore(body, executions=executions - done, strategy=strategy).executions
    return (time.perf_counter() - begun) / executions


def main() -> None:
    parser = argparse.ArgumentParser(description="A controlled execution next to plain threads.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--executions", type=int, default=1000, help="for each measurement")
    options = parser.parse_args()
    count = options.executions
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.rounds} rounds, ", end="")
    print(f"{count} executions each;\nmedian (least-greatest); below 1 an execution costs less than with plain threads")
    for name, body in BODIES.items():
        found = in_turns(
            {
                "plain threads": partial(plain, body, count),
                "plain threads, pinned": partial(pinned, body, count),
                "racekit, random": partial(controlled, body, count, "random"),
                "racekit, bounded": partial(controlled, body, count, "bounded"),
            },
            options.rounds,
        )
        print_title(name)
        print_table(
            ["", "us an execution", "to plain threads"],
            [
                [
                    contender,
                    with_spread([1e6 * seconds for seconds in own], 0),
                    with_spread(ratios(own, found["plain threads"]), 2),
                ]
                for contender, own in found.items()
            ],
        )


if __name__ == "__main__":
    main()
