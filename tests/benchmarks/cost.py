"""What watching costs: one controlled execution of bodies with many events, next to the plain run of the same body.

With `--ablation` each body is also measured without one static filter after another: what these leave out need not be
announced, let alone be a scheduling point. With `--profile` it is shown where the time goes. Times are those of the
processor, which a busy machine changes less; these bodies have nothing to wait for.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from measuring import in_turns, median, print_table, print_title, ratios, with_spread

import racekit
from racekit.runtime.control import WATCHER
from racekit.watch import rewrite, watcher

ROUNDS_EACH = 200
RECORD = {"name": "First", "values": list(range(20)), "nested": {"a": 1.5, "b": None}}
SHOWN = 10

Work = Callable[[str], None]


# --- bodies ----------------------------------------------------------------------------------------------------------


def dumps_and_stores() -> Work:
    shared: dict[tuple[str, int], str] = {}

    def work(name: str) -> None:
        for number in range(ROUNDS_EACH):
            shared[name, number] = json.dumps(RECORD)

    return work


def computes() -> Work:
    def work(name: str) -> None:
        total = 0.0
        for number in range(ROUNDS_EACH * 20):
            total += number * total + len(name)
            total %= 97.0

    return work


class Cell:
    kind = "cell"

    def __init__(self) -> None:
        self.value = 0


def own_objects() -> Work:
    def work(name: str) -> None:
        cell, items = Cell(), {}
        for number in range(ROUNDS_EACH * 5):
            cell.value = cell.value + 1
            items[number % 7] = cell.value

    return work


def what_never_changes() -> Work:
    limit, weights, cell = 5, (1, 2, 3), Cell()

    def work(name: str) -> None:
        total = 0
        for number in range(ROUNDS_EACH * 5):
            total += weights[number % 3] if cell.kind == "cell" and number % 2 < limit else 0

    return work


WORKS: dict[str, Callable[[], Work]] = {
    f"2 x {ROUNDS_EACH} x (json.dumps, store into a shared dict)": dumps_and_stores,
    f"2 x {ROUNDS_EACH * 20} x arithmetic on local variables": computes,
    f"2 x {ROUNDS_EACH * 5} x attribute and item of objects that are not shared": own_objects,
    f"2 x {ROUNDS_EACH * 5} x closure variables and an attribute that nobody stores": what_never_changes,
}


def body_of(make: Callable[[], Work]) -> Callable[[], None]:
    def body() -> None:
        work = make()
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return body


def plain(body: Callable[[], None], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        body()
    return (time.process_time() - begun) / times


def controlled(body: Callable[[], None], times: int, **options: Any) -> float:
    begun = time.process_time()
    found = racekit.explore(body, strategy="random", executions=times, steps=10_000_000, **options)
    seconds = time.process_time() - begun
    assert found.ok, found
    return seconds / found.executions


# --- the filters -----------------------------------------------------------------------------------------------------


@contextmanager
def replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """Meanwhile `owner` has another attribute, and what was rewritten with the old one is forgotten."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    WATCHER._versions.clear()
    try:
        yield
    finally:
        setattr(owner, name, before)
        WATCHER._versions.clear()


def unwatched(function: Any) -> Any:
    """What runs in the midst of the code under test must not be taken for a part of it."""
    function.__code__ = function.__code__.replace(co_filename="<frozen benchmark>")
    return function


@unwatched
def announcing_every_name(code: Any, hooks: Any, **options: Any) -> Any:
    return rewrite.rewrite(code, hooks, **{**options, "announced": EVERYTHING.__contains__})


def without(filter: str, body: Callable[[], None], times: int) -> float:
    """An execution where this filter is switched off; the first one, which rewrites, is not measured."""
    options: dict[str, Any] = {}
    owner, name, value = OFF.get(filter, (rewrite, "rewrite", rewrite.rewrite))
    if filter == SCOPE:
        options["include"] = "json"
    with replaced(owner, name, value):
        controlled(body, 2, **options)
        return controlled(body, times, **options)


class Everything(frozenset[str]):
    __contains__ = unwatched(lambda self, name: True)


EVERYTHING = Everything()
SCOPE = "the standard library is not watched"
OFF: dict[str, tuple[Any, str, object]] = {
    "names that nobody stores": (watcher, "rewrite", announcing_every_name),
    "closure variables that are settled": (rewrite, "settled_cells", unwatched(lambda *_: frozenset())),
    "operands that are constants": (rewrite._Body, "follows_constant", unwatched(lambda *_: False)),
}
FILTERS = ("none", *OFF, SCOPE)


# --- tables ----------------------------------------------------------------------------------------------------------


def show_costs(rounds: int, executions: int) -> None:
    for name, make in WORKS.items():
        body = body_of(make)
        controlled(body, 3)
        contenders = {"plain": partial(plain, body, executions), "racekit": partial(controlled, body, executions)}
        found = in_turns(contenders, rounds)
        print_title(name)
        rows = [[who, f"{1000 * median(seconds):.2f} ms"] for who, seconds in found.items()]
        rows[1].append(f"{with_spread(ratios(found['racekit'], found['plain']))} times")
        print_table(["", "an execution", ""], [[*row, ""][:3] for row in rows])


def show_ablation(rounds: int, executions: int) -> None:
    for name, make in WORKS.items():
        body = body_of(make)
        found = in_turns({each: partial(without, each, body, executions) for each in FILTERS}, rounds)
        print_title(name)
        rows = [
            [each, f"{1000 * median(seconds):.2f} ms", with_spread(ratios(seconds, found["none"]), 2)]
            for each, seconds in found.items()
        ]
        print_table(["without", "an execution", "times"], rows)


def show_profile(executions: int) -> None:
    """Of a thread that works while another one waits: a profiler sees one thread only."""
    for name, make in WORKS.items():

        def body(make: Callable[[], Work] = make) -> None:
            done = threading.Event()
            thread = threading.Thread(target=done.wait)
            thread.start()
            make()("a")
            done.set()
            thread.join()

        controlled(body, 2)
        profile = cProfile.Profile()
        profile.runcall(controlled, body, executions)
        stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
        whole = sum(own for _, _, own, _, _ in stats.values())
        longest = sorted(stats.items(), key=lambda item: -item[1][2])[:SHOWN]
        print_title(name, f"one thread of two, {executions} executions; share of the time, profiling included")
        print_table(
            ["", "share", "calls an execution"],
            [
                [f"{function} ({Path(file).name})", f"{100 * own / whole:.0f} %", f"{calls / executions:,.0f}"]
                for (file, _, function), (_, calls, own, _, _) in longest
            ],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="A controlled execution next to the plain run.")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--executions", type=int, default=20, help="for each measurement")
    parser.add_argument("--ablation", action="store_true", help="measure without each static filter instead")
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    options = parser.parse_args()
    print(f"Python {sys.version.split()[0]}; {options.rounds} rounds of {options.executions} executions.")
    if options.profile:
        show_profile(options.executions)
    elif options.ablation:
        show_ablation(options.rounds, options.executions)
    else:
        show_costs(options.rounds, options.executions)


if __name__ == "__main__":
    main()
