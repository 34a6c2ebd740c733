"""Random schedules: reproducible from the seed, never a proof, and mixed into the default strategy."""

from __future__ import annotations

import itertools
import threading

import racekit


class Shared:
    def __init__(self) -> None:
        self.value = 0


def lost_update() -> int:
    shared = Shared()

    def increment() -> None:
        shared.value = shared.value + 1

    threads = [threading.Thread(target=increment) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return shared.value


def found_by(strategy: str, seed: int, executions: int = 50) -> list[tuple[object, int, str]]:
    found = racekit.explore(lost_update, strategy=strategy, seed=seed, executions=executions)
    return [(value, outcome.count, outcome.schedule.token) for value, outcome in found.outcomes.items()]


def test_the_same_seed_gives_the_same_schedules() -> None:
    assert found_by("random", 7) == found_by("random", 7)


def test_another_seed_gives_other_schedules() -> None:
    assert len({str(found_by("random", seed)) for seed in range(5)}) > 1


def test_random_schedules_find_both_outcomes() -> None:
    assert {value for value, _, _ in found_by("random", 0)} == {1, 2}


def test_random_schedules_prove_nothing() -> None:
    found = racekit.explore(lost_update, strategy="random", executions=500)
    assert found.executions == 500
    assert found.cut_by == "executions"
    assert not found.proved


def test_the_default_strategy_proves_what_is_small() -> None:
    found = racekit.explore(lost_update)
    assert found.proved
    assert set(found.outcomes) == {1, 2}


def test_the_default_strategy_reaches_beyond_the_simple_schedules() -> None:
    """Eight preemptions: far down in a search by preemptions, but one in a hundred random schedules."""

    def body() -> None:
        order: list[str] = []

        def left() -> None:
            for _ in range(6):
                order.append("l")

        def right() -> None:
            for _ in range(6):
                order.append("r")

        threads = [threading.Thread(target=each) for each in (left, right)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        changes = sum(one != other for one, other in itertools.pairwise(order))
        assert changes < 9

    found = racekit.explore(body, seed=1)
    assert found.failure is not None
    assert found.executions < 1000


def test_a_bound_on_preemptions_holds_for_the_default_strategy_too() -> None:
    found = racekit.explore(lost_update, preemptions=0)
    assert set(found.outcomes) == {2}
    assert found.cut_by == "preemptions"
