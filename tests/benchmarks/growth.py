"""What an execution costs as it grows: 1,000, 10,000 and 100,000 events, which should cost a hundred times as much.

Two threads repeat one thing as often as it takes: they update a shared attribute (a read and a write), or take and
release a lock around that. An event is an access or a synchronization that is a scheduling point. The set-up and the
first execution, in which racekit does not know yet what is shared, are measured alone and subtracted.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from functools import partial

from bodies import locked, racy
from measuring import in_turns, median, print_table, print_title, ratios, with_spread

import racekit

EVENTS = (1_000, 10_000, 100_000)
BODIES = {"shared attribute": racy, "lock": locked}
STRATEGIES = ("random", "bounded")
EVENTS_A_REPETITION = 4  # two in each of two threads
NO_LIMIT = 1_000_000_000


def seconds(body: Callable[[], object], strategy: str, executions: int) -> float:
    gc.collect()  # what others left behind is not to be paid for here
    begun = time.perf_counter()
    found = racekit.explore(body, executions=executions, strategy=strategy, steps=NO_LIMIT)
    assert found.executions == executions, found
    return time.perf_counter() - begun


def an_execution(body: Callable[[], object], strategy: str, executions: int) -> float:
    """Seconds for one, first of all the first."""
    first = seconds(body, strategy, 1)
    return (seconds(body, strategy, 1 + executions) - first) / executions


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of an execution over its events.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=500_000, help="for each measurement, at least")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; {options.rounds} rounds;")
    print("median (least-greatest)")
    for kind, make in BODIES.items():
        for strategy in STRATEGIES:
            found = in_turns(
                {
                    str(events): partial(
                        an_execution, make(events // EVENTS_A_REPETITION), strategy, options.events // events or 1
                    )
                    for events in EVENTS
                },
                options.rounds,
            )
            print_title(f"{kind}, {strategy}")
            smallest = [each / EVENTS[0] for each in found[str(EVENTS[0])]]
            rows = []
            for events in EVENTS:
                each = [seconds / events for seconds in found[str(events)]]
                rows.append(
                    [
                        f"{events:,} events",
                        f"{1000 * median(found[str(events)]):,.1f}",
                        with_spread([1e6 * one for one in each], 2),
                        with_spread(ratios(each, smallest), 2),
                    ]
                )
            print_table(["", "ms an execution", "us an event", "to 1,000 events"], rows)


if __name__ == "__main__":
    main()
