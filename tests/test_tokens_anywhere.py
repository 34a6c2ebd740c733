"""A token that one Python version has found replays on every other one, since it speaks of source lines alone.

`tokens.json` has a token for each outcome of the bodies below, as one version found them; every version that runs these
tests replays them. Whoever changes this file runs `python tests/test_tokens_anywhere.py`, which finds them again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import pytest

import racekit

FILE = Path(__file__).with_name("tokens.json")
TOKENS: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
"""By body and outcome (its repr)."""


class Shared:
    def __init__(self) -> None:
        self.value = 0
        self.items = [0, 0]
        self.table = {"one": 0}
        self.lock = threading.Lock()

    @property
    def doubled(self) -> int:
        return self.value * 2

    @contextmanager
    def held(self) -> Iterator[int]:
        before = self.value
        try:
            yield before
        finally:
            self.value = before + 1


def run(*functions: Callable[[], object]) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def augmented_assignments() -> object:
    shared = Shared()

    def work() -> None:
        shared.value += 1
        shared.items[0] += 1
        shared.table["one"] += 1

    run(work, work)
    return shared.value, shared.items, shared.table


def loops_and_comprehensions() -> object:
    shared = Shared()

    def grow() -> None:
        for _ in range(2):
            shared.items.append(len([item for item in shared.items if item == shared.value]))

    def change() -> None:
        shared.value = sum(1 for item in shared.items if item >= shared.value)
        shared.items[0] = max(item + shared.value for item in shared.items)

    run(grow, change)
    return shared.value, shared.items


def with_and_finally() -> object:
    shared = Shared()

    def work() -> None:
        with shared.held() as before, shared.lock:
            try:
                shared.items[before % 2] = shared.value
            finally:
                shared.table["one"] = before + shared.doubled

    run(work, work)
    return shared.value, shared.items, shared.table


def several_lines() -> object:
    shared = Shared()

    def work() -> None:
        shared.value = max(
            shared.value + 1,
            shared.items[0] if shared.items[1] else shared.doubled,
            *[
                shared.value
                for _ in range(2)
            ],
        )  # fmt: skip
        match shared.items:
            case [first, *_] if (second := shared.value) > first:
                shared.items = [second, first]
            case _:
                shared.items = [shared.value, 7]

    run(work, work)
    return shared.value, shared.items


def closures_and_generators() -> object:
    total = 0

    def numbers() -> Iterator[int]:
        nonlocal total
        for _ in range(2):
            total += 1
            yield total

    def work() -> None:
        nonlocal total
        total = sum(numbers())

    run(work, lambda: [*numbers()])
    return total


def an_executor_and_a_queue() -> object:
    shared = Shared()
    queue: Queue[int] = Queue(maxsize=1)

    def put() -> None:
        for number in (1, 2):
            queue.put(number)
            shared.value += number

    def take() -> int:
        shared.value = queue.get() + queue.get()
        return shared.value

    with ThreadPoolExecutor(max_workers=2) as pool:
        pool.submit(put)
        taken = pool.submit(take)
    return taken.result(), shared.value


BODIES = [
    augmented_assignments,
    loops_and_comprehensions,
    with_and_finally,
    several_lines,
    closures_and_generators,
    an_executor_and_a_queue,
]
CASES = [
    pytest.param(body, value, token, id=f"{body.__name__}-{value}")
    for body in BODIES
    for value, token in TOKENS.get(body.__name__, {}).items()
]


@pytest.mark.parametrize(("body", "value", "token"), CASES)
def test_a_token_gives_the_outcome_that_another_version_found(
    body: Callable[[], object], value: str, token: str
) -> None:
    assert repr(racekit.replay(body, token).value) == value


@pytest.mark.parametrize("body", BODIES)
def test_there_are_tokens_for_each_body(body: Callable[[], object]) -> None:
    assert len(TOKENS[body.__name__]) > 1


def found_now(body: Callable[[], object]) -> dict[str, str]:
    found = racekit.explore(lambda: repr(body()), executions=300, strategy="bounded")
    return {value: outcome.schedule.token for value, outcome in sorted(found.outcomes.items())}


if __name__ == "__main__":
    tokens = {body.__name__: found_now(body) for body in BODIES}
    FILE.write_text(json.dumps(tokens, indent=1) + "\n", encoding="utf-8")
