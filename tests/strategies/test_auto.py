"""The default strategy: it finds what the others find, sooner, and proves what is small."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from benchmarks.sctbench.catalogue import SCORED

import racekit

DEEP = {"work_steal_queue"}


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("name", sorted(SCORED))
def test_the_bugs_of_sctbench_are_found_in_few_executions(name: str, seed: int) -> None:
    """With up to 101 threads, among them those that random priorities do not find in 10,000 executions."""
    found = racekit.explore(SCORED[name], seed=seed, executions=100)
    assert found.failure is not None
    assert found.failure.execution <= (100 if name in DEEP else 10)


def passed_on() -> None:
    """What fails needs four preemptions, one at each change."""
    state = {"turn": 0}

    def play(first: int) -> None:
        for turn in range(first, 6, 2):
            if state["turn"] == turn:
                state["turn"] = turn + 1

    threads = [threading.Thread(target=play, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state["turn"] != 6


@pytest.mark.parametrize("seed", range(3))
def test_what_needs_four_preemptions_is_found_in_few_executions(seed: int) -> None:
    failure = racekit.explore(passed_on, seed=seed).failure
    assert failure is not None
    assert failure.execution <= 10
    assert failure.preemptions == 4


def increments(threads: int, times: int = 1) -> Callable[[], int]:
    def body() -> int:
        values = {"sum": 0}

        def increment() -> None:
            for _ in range(times):
                values["sum"] = values["sum"] + 1

        started = [threading.Thread(target=increment) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return values["sum"]

    return body


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_what_is_small_is_proved_within_the_default_budget(threads: int) -> None:
    """Up to 4!^2 different interleavings."""
    found = racekit.explore(increments(threads))
    assert found.proved
    assert set(found.outcomes) == set(range(1, threads + 1))


def with_a_lock() -> None:
    lock = threading.Lock()
    values = {"sum": 0}

    def increment() -> None:
        with lock:
            values["sum"] += 1

    threads = [threading.Thread(target=increment) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values["sum"] == 3


def test_what_is_very_small_is_proved_in_very_few_executions() -> None:
    found = racekit.explore(with_a_lock)
    assert found.interleavings == 6
    assert found.executions <= 3 * 6


def test_where_a_proof_is_near_little_else_is_run() -> None:
    found = racekit.explore(increments(2, times=3))
    assert found.interleavings == 328
    assert found.executions <= 1.3 * 328


def test_what_is_too_large_is_not_proved() -> None:
    found = racekit.explore(increments(5))
    assert found.executions == 1000
    assert not found.proved
    assert found.cut_by == "executions"


def test_more_time_and_no_other_limit_prove_what_is_larger() -> None:
    found = racekit.explore(increments(4), executions=None)
    assert found.interleavings == 576


def test_a_small_budget_is_enough_for_a_small_proof() -> None:
    assert racekit.explore(increments(2), executions=20).proved
