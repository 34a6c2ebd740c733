"""Data races: what they are, what orders accesses, how they read, and that they can be errors."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

import pytest
from threads import run_by_name

import racekit


class Counter:
    def __init__(self) -> None:
        self.value = 0
        self.hits = 0


def races_of(body: Callable[[], object]) -> set[str]:
    return {race.target for race in racekit.explore(body).data_races}


def test_accesses_that_nothing_orders_race_although_nothing_fails() -> None:
    def body() -> None:
        counter = Counter()

        def write() -> None:
            counter.value = 1

        def read() -> None:
            assert counter.value in (0, 1)

        run_by_name(write, read)

    found = racekit.explore(body)
    assert found.ok
    (race,) = found.data_races
    assert race.target == "Counter.value"
    assert {race.first.operation, race.second.operation} == {"read", "write"}
    assert set(race.threads) == {"read", "write"}


class OnlySetByName:
    set_by_name = 0


def test_an_attribute_that_is_only_set_by_name_races_too() -> None:
    """That its loads matter is known only once `setattr` was called, also where the body runs again for its races."""

    def body() -> None:
        thing = OnlySetByName()
        run_by_name(lambda: setattr(thing, "set_by_name", 1), lambda: thing.set_by_name)

    assert races_of(body) == {"OnlySetByName.set_by_name"}
    assert racekit.explore(body, data_races="error").failure is not None


def test_two_reads_do_not_race() -> None:
    def body() -> None:
        counter = Counter()
        counter.value = 1
        run_by_name(lambda: counter.value, lambda: counter.value)

    assert not races_of(body)


def test_a_common_lock_orders_accesses() -> None:
    def body() -> None:
        counter, lock = Counter(), threading.Lock()

        def add() -> None:
            with lock:
                counter.value += 1

        run_by_name(add, add)

    assert not races_of(body)


def test_different_locks_do_not() -> None:
    def body() -> None:
        counter, locks = Counter(), [threading.Lock(), threading.Lock()]

        def add(lock: threading.Lock) -> None:
            with lock:
                counter.value += 1

        def one() -> None:
            add(locks[0])

        def other() -> None:
            add(locks[1])

        run_by_name(one, other)

    assert races_of(body) == {"Counter.value"}


def test_start_and_join_order_accesses() -> None:
    def body() -> None:
        counter = Counter()

        def add() -> None:
            counter.value += 1

        counter.value = 1
        run_by_name(add)
        run_by_name(add)
        counter.value += 1

    assert not races_of(body)


@pytest.mark.parametrize("how", ["queue", "event", "condition"])
def test_a_hand_over_orders_accesses(how: str) -> None:
    def body() -> None:
        counter, items, ready, condition = Counter(), queue.Queue[int](), threading.Event(), threading.Condition()

        def produce() -> None:
            counter.value = 1
            if how == "queue":
                items.put(1)
            elif how == "event":
                ready.set()
            else:
                with condition:
                    ready.set()
                    condition.notify()

        def consume() -> None:
            if how == "queue":
                items.get()
            elif how == "event":
                ready.wait()
            else:
                with condition:
                    condition.wait_for(ready.is_set)
            counter.value += 1

        run_by_name(produce, consume)

    assert not races_of(body)


def test_a_race_that_only_some_schedules_show_is_found_by_its_outcome() -> None:
    def body() -> int:
        counter, lock = Counter(), threading.Lock()

        def first() -> None:
            counter.hits = 1
            with lock:
                counter.value = 1

        def second() -> None:
            with lock:
                seen = counter.value
            if not seen:
                counter.hits = 2

        run_by_name(first, second)
        return counter.hits

    assert races_of(body) == {"Counter.hits"}


def test_each_pair_of_lines_is_told_once() -> None:
    def body() -> None:
        counter = Counter()

        def add() -> None:
            for _ in range(3):
                counter.value = 1

        run_by_name(add, add)

    assert len(racekit.explore(body).data_races) == 1


def racing() -> None:
    counter = Counter()

    def hit() -> None:
        counter.hits = counter.hits + 1

    def look() -> None:
        hit()

    run_by_name(hit, look)


def test_a_race_reads_like_one_of_thread_sanitizer() -> None:
    race = racekit.explore(racing).data_races[0]
    headline, now, where, *rest = str(race).splitlines()
    assert headline == "DATA RACE on Counter.hits"
    assert now.startswith(("  Read", "  Write")) and " by thread " in now
    assert where.strip().startswith("#0 hit ") and "counter.hits = counter.hits + 1" in where
    assert any(line.strip().startswith("Previous ") for line in rest)
    assert any(line.strip().startswith("#1 look") for line in str(race).splitlines())
    assert rest[-1].strip().startswith("Seen under this schedule: rk1:")


def test_races_can_be_errors() -> None:
    found = racekit.explore(racing, data_races="error")
    assert not found.ok and not found.proved
    assert found.failure is not None
    assert found.failure.kind == "data race"
    with pytest.raises(racekit.DataRaceFound, match=r"DATA RACE on Counter\.hits"):
        found.check()


@pytest.mark.parametrize("name", ["Counter.hits", "hits"])
def test_a_race_that_is_meant_can_be_allowed_with_a_reason(name: str) -> None:
    found = racekit.explore(racing, data_races="error", allowed_races={name: "a lost hit does not matter"})
    assert found.ok
    assert not found.data_races


@pytest.mark.parametrize("allowed", [{"Counter.hits": ""}, {"Counter.hits": None}, ["Counter.hits"]])
def test_a_race_is_not_allowed_without_a_reason(allowed: object) -> None:
    with pytest.raises(racekit.BadArgument, match=r"reason|mapping"):
        racekit.explore(racing, allowed_races=allowed)


def test_the_marker_makes_races_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import threading
        import pytest

        class Stats:
            hits = 0

        def hit_twice(stats):
            def hit():
                stats.hits = 1
            threads = [threading.Thread(target=hit) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        @pytest.mark.race(data_races="error")
        def test_racing():
            hit_twice(Stats())

        @pytest.mark.race(data_races="error", allowed_races={"Stats.hits": "both write the same"})
        def test_meant():
            hit_twice(Stats())

        @pytest.mark.race
        def test_not_an_error():
            hit_twice(Stats())
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*DATA RACE on Stats.hits*"])
