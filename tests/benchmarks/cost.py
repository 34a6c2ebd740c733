"""What watching costs: one controlled execution of bodies with many events, next to the plain run of the same body."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable

from measuring import in_turns, median, print_table, print_title, ratios, with_spread

import racekit

ROUNDS_EACH = 200
RECORD = {"name": "First", "values": list(range(20)), "nested": {"a": 1.5, "b": None}}


def in_two_threads(work: Callable[[str], None]) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def dumps_and_stores() -> None:
    shared: dict[tuple[str, int], str] = {}

    def work(name: str) -> None:
        for number in range(ROUNDS_EACH):
            shared[name, number] = json.dumps(RECORD)

    in_two_threads(work)


def computes() -> None:
    def work(name: str) -> None:
        total = 0.0
        for number in range(ROUNDS_EACH * 20):
            total += number * total + len(name)
            total %= 97.0

    in_two_threads(work)


def own_objects() -> None:
    class Cell:
        value = 0

    def work(name: str) -> None:
        cell, items = Cell(), {}
        for number in range(ROUNDS_EACH * 5):
            cell.value = cell.value + 1
            items[number % 7] = cell.value

    in_two_threads(work)


BODIES: dict[str, Callable[[], None]] = {
    f"2 x {ROUNDS_EACH} x (json.dumps, store into a shared dict)": dumps_and_stores,
    f"2 x {ROUNDS_EACH * 20} x arithmetic on local variables": computes,
    f"2 x {ROUNDS_EACH * 5} x attribute and item of objects that are not shared": own_objects,
}


def plain(body: Callable[[], None], times: int) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        body()
    return (time.perf_counter() - begun) / times


def controlled(body: Callable[[], None], times: int) -> float:
    begun = time.perf_counter()
    found = racekit.explore(body, strategy="random", executions=times)
    seconds = time.perf_counter() - begun
    assert found.ok, found
    return seconds / found.executions


def main() -> None:
    parser = argparse.ArgumentParser(description="A controlled execution next to the plain run.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--executions", type=int, default=20, help="for each measurement")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}; {options.rounds} rounds of {options.executions} executions.")
    for name, body in BODIES.items():
        controlled(body, 3)
        found = in_turns(
            {
                "plain": lambda body=body: plain(body, options.executions),
                "racekit": lambda body=body: controlled(body, options.executions),
            },
            options.rounds,
        )
        print_title(name)
        rows = [[who, f"{1000 * median(seconds):.2f} ms"] for who, seconds in found.items()]
        rows[1].append(f"{with_spread(ratios(found['racekit'], found['plain']))} times")
        print_table(["", "an execution", ""], [[*row, ""][:3] for row in rows])


if __name__ == "__main__":
    main()
