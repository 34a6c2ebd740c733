"""How long it takes to explain a history of 12 calls over 3 threads, or to find that no order explains it.

The histories are random: a queue or a counter is used by three threads of four calls each, every call takes effect at a
random moment between its begin and its end, and in half of the histories one result is then changed to another one that
occurs.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from measuring import median, print_table, print_title

from racekit.linearize import Call, History, Modelled, Operation, explanation
from racekit.linearize.history import Outcome, Raised, Returned

THREADS, CALLS = 3, 4


class Queue:
    def __init__(self) -> None:
        self.items: list[int] = []

    def put(self, item: int) -> None:
        self.items.append(item)

    def get(self) -> int:
        return self.items.pop(0)


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self, item: int) -> int:
        self.value += item
        return self.value

    def get(self) -> int:
        return self.value


def operation(model: type, rng: random.Random) -> Operation:
    if rng.random() < 0.5:
        return Operation("put" if model is Queue else "add", {"item": rng.randrange(3)})
    return Operation("get")


def history(model: type, rng: random.Random, changed: bool) -> History:
    """Intervals at random, effects at random within them, results from the effects in their order."""
    moments = iter(rng.sample(range(10_000), THREADS * CALLS * 3))
    calls: list[tuple[int, float, float, float, Operation]] = []
    for thread in range(THREADS):
        own = sorted(next(moments) for _ in range(CALLS * 3))
        for index in range(CALLS):
            begin, effect, end = own[3 * index : 3 * index + 3]
            calls.append((thread, begin, effect, end, operation(model, rng)))
    subject: Any = model()
    outcomes: dict[int, Outcome] = {}
    for index in sorted(range(len(calls)), key=lambda index: calls[index][2]):
        made = calls[index][4]
        try:
            value = getattr(subject, made.name)(**made.arguments)
            outcomes[index] = Returned(value, repr(value))
        except IndexError as error:
            outcomes[index] = Raised(IndexError, error.args, repr(error))
    if changed:
        gets = [index for index, call in enumerate(calls) if call[4].name == "get"]
        if len(gets) > 1:
            one, other = rng.sample(gets, 2)
            outcomes[one] = outcomes[other]
    threads: list[list[Call]] = [[] for _ in range(THREADS)]
    for index, (thread, begin, _, end, made) in enumerate(calls):
        threads[thread].append(Call(made, outcomes[index], begin, end))
    return History(threads)


def overlapping(rng: random.Random) -> History:
    """The worst case: every call overlaps every call of the other threads, and no order explains the last result."""
    threads: list[list[Call]] = [[] for _ in range(THREADS)]
    for number, thread in enumerate(threads):
        for index in range(CALLS):
            last = index == CALLS - 1 and number == THREADS - 1
            made = Operation("get") if last else Operation("put", {"item": rng.randrange(3)})
            value = 7 if last else None
            thread.append(Call(made, Returned(value, repr(value)), index / 10, 100 + index))
    return History(threads)


def milliseconds(make: Callable[[], History], model: type, times: int) -> tuple[list[float], int]:
    taken, explained = [], 0
    for _ in range(times):
        made = make()
        begun = time.perf_counter()
        explained += explanation(made, Modelled(model)) is not None
        taken.append((time.perf_counter() - begun) * 1000)
    return taken, explained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=200, help="of each kind")
    times = parser.parse_args().histories
    rng = random.Random(0)
    rows = []
    cases: list[tuple[str, Callable[[], History], type]] = [
        ("counter, as it was", lambda: history(Counter, rng, False), Counter),
        ("counter, one result changed", lambda: history(Counter, rng, True), Counter),
        ("queue, as it was", lambda: history(Queue, rng, False), Queue),
        ("queue, one result changed", lambda: history(Queue, rng, True), Queue),
        ("queue, all at once, no order", lambda: overlapping(rng), Queue),
    ]
    for name, make, model in cases:
        taken, explained = milliseconds(make, model, times)
        rows.append([name, f"{median(taken):.2f}", f"{max(taken):.2f}", f"{explained} of {times}"])
    print_title(f"{THREADS * CALLS} calls over {THREADS} threads: milliseconds for a history")
    print_table(["", "median", "greatest", "explained"], rows)


if __name__ == "__main__":
    main()
