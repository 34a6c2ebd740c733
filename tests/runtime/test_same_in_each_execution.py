"""What differs from run to run outside is the same in each execution: random numbers, names, orders."""

from __future__ import annotations

import os
import random
import secrets
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from os import urandom
from random import randint
from typing import Any
from uuid import uuid4

import pytest
from threads import run

import racekit


class Shared:
    def __init__(self) -> None:
        self.value = 0

    def increment(self) -> None:
        self.value = self.value + 1


@pytest.mark.parametrize(
    "draw",
    [
        lambda: random.random(),
        lambda: randint(1, 10**9),
        lambda: random.sample(range(10**6), 3),
        lambda: uuid.uuid4(),
        lambda: uuid4(),
        lambda: os.urandom(8),
        lambda: urandom(8),
        lambda: secrets.token_hex(4),
        lambda: random.SystemRandom().random(),
    ],
    ids=[
        "random",
        "randint",
        "sample",
        "uuid.uuid4",
        "uuid4",
        "os.urandom",
        "urandom",
        "secrets",
        "SystemRandom",
    ],
)
def test_random_values_are_the_same_in_each_execution(draw: Callable[[], object]) -> None:
    def body() -> str:
        shared = Shared()
        run(shared.increment, shared.increment)
        return repr(draw())

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert found.executions > 5
    assert len(found.outcomes) == 1


def test_random_values_differ_within_an_execution() -> None:
    def body() -> int:
        return len({uuid4() for _ in range(10)} | {random.random() for _ in range(10)})

    assert set(racekit.explore(body).outcomes) == {20}


def test_the_random_state_is_as_it_was_after_an_exploration() -> None:
    random.seed(5)
    expected = random.random()
    random.seed(5)
    racekit.explore(lambda: random.random())
    assert random.random() == expected


def test_real_randomness_is_back_after_an_exploration() -> None:
    real = os.urandom
    racekit.explore(lambda: os.urandom(4))
    assert os.urandom is real
    assert urandom is real
    assert os.urandom(16) != os.urandom(16)


def test_a_set_of_threads_or_futures_has_the_same_order_in_each_execution() -> None:
    def body() -> str:
        made = [threading.Thread(target=int, name=str(number)) for number in range(8)]
        futures: list[Future[int]] = [Future() for _ in range(8)]
        run(int, int)
        order = [thread.name for thread in set(made)]
        return " ".join(order) + " ".join(str(futures.index(each)) for each in set(futures))

    found = racekit.explore(body, executions=None, strategy="bounded")
    assert found.proved
    assert found.executions > 1
    assert len(found.outcomes) == 1


def explored(body: Callable[[], object], **options: Any) -> tuple[int, str | None, list[tuple[object, int, str]]]:
    found = racekit.explore(body, stop_on_failure=False, **options)
    outcomes = [(value, outcome.count, outcome.schedule.token) for value, outcome in found.outcomes.items()]
    outcomes += [(failure.kind, failure.execution, failure.schedule.token) for failure in found.failures]
    return found.executions, found.cut_by, outcomes


def two_increments() -> int:
    shared = Shared()
    run(shared.increment, shared.increment)
    return shared.value


def two_locks() -> None:
    a, b = threading.Lock(), threading.Lock()

    def one() -> None:
        with a, b:
            pass

    def two() -> None:
        with b, a:
            pass

    run(one, two)


def an_executor() -> int:
    from concurrent.futures import ThreadPoolExecutor

    shared = Shared()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in range(3):
            pool.submit(shared.increment)
    return shared.value


@pytest.mark.parametrize("body", [two_increments, two_locks, an_executor])
@pytest.mark.parametrize("strategy", ["auto", "bounded", "random"])
def test_two_explorations_of_a_body_are_the_same(body: Callable[[], object], strategy: str) -> None:
    first = explored(body, strategy=strategy, executions=150, seed=3)
    assert explored(body, strategy=strategy, executions=150, seed=3) == first


def test_a_body_that_differs_from_execution_to_execution_is_never_proved() -> None:
    count = 0

    def body() -> int:
        nonlocal count
        count += 1
        shared = Shared()
        run(*[shared.increment] * (2 + count % 2))
        return shared.value

    found = racekit.explore(body, strategy="bounded", executions=300)
    assert not found.proved
    assert found.cut_by in ("nondeterminism", "executions")
