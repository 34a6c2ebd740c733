"""Injected places and explorations: a constraint on every schedule, made anew in each execution."""

from __future__ import annotations

import threading

import pytest

import racekit
from racekit import Race
from racekit.scenarios import FakeDataStore, LockedDataStore, LockPair


def two_updates() -> int:
    store = FakeDataStore()
    racekit.together(lambda: store.update("First"), lambda: store.update("Second"))
    return store.value


def test_without_an_injection_both_values_come_out() -> None:
    racekit.assert_outcomes(two_updates, {1, 2})


def test_a_barrier_around_an_exploration_holds_in_every_execution(race: Race) -> None:
    race.barrier(FakeDataStore.update, before="self.value = ", parties=2)
    found = racekit.explore(two_updates)
    assert (set(found.outcomes), found.proved) == ({1}, True)
    assert found.executions > 10


def test_an_order_around_an_exploration_holds_in_every_execution(race: Race) -> None:
    race.place(FakeDataStore.update, before="local_value = self.value", name="read")
    race.place(FakeDataStore.update, after="self.value = local_value", name="written")
    race.order("read", "written", "read", "written")
    found = racekit.explore(two_updates)
    assert (set(found.outcomes), found.proved) == ({2}, True)


def test_an_injection_inside_the_body_holds_in_every_execution() -> None:
    def body() -> int:
        with racekit.inject(FakeDataStore.update, before="self.value = ", barrier=2):
            return two_updates()

    code = FakeDataStore.update.__code__
    found = racekit.explore(body)
    assert (set(found.outcomes), found.proved) == ({1}, True)
    assert FakeDataStore.update.__code__ is code


def test_an_injection_inside_the_body_at_a_function_of_the_body_holds_in_every_execution() -> None:
    def body() -> int:
        counts = {"value": 0}

        def add() -> None:
            value = counts["value"]
            counts["value"] = value + 1

        with racekit.inject(add, before='counts["value"] =', barrier=2):
            racekit.together(add, add)
        return counts["value"]

    found = racekit.explore(body)
    assert (set(found.outcomes), found.proved) == ({1}, True)


@racekit.race
def test_the_fixture_in_an_explored_test(race: Race, fake_data_store: FakeDataStore) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=2)
    race.together(lambda: fake_data_store.update("First"), lambda: fake_data_store.update("Second"))
    assert fake_data_store.value == 1


@racekit.race
def test_a_fixture_that_belongs_to_the_execution_counts_passages_anew(
    race: Race, fake_data_store: FakeDataStore
) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=2, times=1)
    race.together(lambda: fake_data_store.update("First"), lambda: fake_data_store.update("Second"))
    assert fake_data_store.value == 1


def test_passages_count_anew_in_each_execution(race: Race) -> None:
    counted: list[str] = []
    race.call(FakeDataStore.update, lambda: counted.append(threading.current_thread().name), before=3, times=1)
    found = racekit.explore(two_updates, executions=5)
    assert len(counted) == 2 * found.executions


def test_a_barrier_that_never_comes_together_is_a_deadlock_of_the_exploration(race: Race) -> None:
    race.barrier(LockedDataStore.update, before="self.value = ", parties=2)

    def body() -> None:
        store = LockedDataStore()
        racekit.together(lambda: store.update("First"), lambda: store.update("Second"))

    failure = racekit.explore(body).failure
    assert failure is not None and failure.kind == "deadlock"
    assert "waits for the barrier before `self.value = local_value`" in str(failure)


def test_an_execution_that_broke_at_a_barrier_leaves_nothing_for_the_next(race: Race) -> None:
    race.barrier(LockedDataStore.update, before="self.value = ", parties=2)

    def body() -> None:
        store = LockedDataStore()
        racekit.together(lambda: store.update("First"), lambda: store.update("Second"))

    found = racekit.explore(body, stop_on_failure=False, executions=20)
    assert sum(failure.count for failure in found.failures) == found.executions
    assert {failure.kind for failure in found.failures} == {"deadlock"}


def test_an_injected_barrier_finds_the_deadlock_in_the_first_execution(race: Race) -> None:
    race.barrier(LockPair().first.transfer, before="with to._lock", parties=2)
    found = racekit.assert_deadlock(lambda: LockPair().cross(), executions=1)
    assert found.executions == 1


def test_a_failure_under_an_injection_can_be_replayed(race: Race) -> None:
    race.sleep(FakeDataStore.update, before="self.value = ", seconds=1)

    def body() -> None:
        assert two_updates() == 2

    failure = racekit.explore(body).failure
    assert failure is not None
    assert not racekit.replay(body, failure.schedule.token).ok


def test_together_inside_an_exploration_is_part_of_it(race: Race) -> None:
    def body() -> int:
        store = FakeDataStore()
        race.together(lambda: store.update("First"), lambda: store.update("Second"))
        return store.value

    assert set(racekit.explore(body).outcomes) == {1, 2}


def test_together_under_control_refuses_to_run_ordinary_threads(race: Race) -> None:
    def body() -> list[int]:
        return race.together(lambda: 1, lambda: 2, controlled=False)

    assert racekit.replay(body, "rk1:").value == [1, 2]


@pytest.mark.parametrize("granularity", ["access", "gil", "sync"])
def test_a_barrier_holds_at_every_granularity(race: Race, granularity: str) -> None:
    race.barrier(FakeDataStore.update, before="self.value = ", parties=2)
    assert set(racekit.explore(two_updates, granularity=granularity).outcomes) == {1}
