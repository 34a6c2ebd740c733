"""The document's examples as fixtures: each shows what the document shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import racekit
from racekit import Race
from racekit.scenarios import FakeDataStore, LockedDataStore, LockPair, Restroom, single_restroom, visit_together
from racekit.scenarios.fake_data_store import update_three_times


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level("INFO")
    return caplog


@pytest.mark.parametrize("controlled", [True, False], ids=["scripted", "live"])
def test_three_updates_without_a_lock_make_two(race: Race, fake_data_store: FakeDataStore, controlled: bool) -> None:
    race.barrier(fake_data_store.update, before="self.value = ", parties=2, times=1)
    assert race.together(lambda: update_three_times(fake_data_store), controlled=controlled) == [2]


@racekit.race(executions=50)
def test_three_updates_with_a_lock_make_three(locked_data_store: LockedDataStore) -> None:
    assert update_three_times(locked_data_store) == 3


def test_the_pool_returns_the_sums_in_order_with_the_documents_log(
    thread_pool: Callable[[], list[int]], log: pytest.LogCaptureFixture
) -> None:
    assert racekit.replay(thread_pool, "rk1:").value == [50005000, 50005000, 50005000]
    assert log.messages == [
        "Main Thread start!!!",
        "First Sub Thread start!!!",
        "Second Sub Thread start!!!",
        "First Sub Thread finish!!! - result : 50005000",
        "Third Sub Thread start!!!",
        "Second Sub Thread finish!!! - result : 50005000",
        "Third Sub Thread finish!!! - result : 50005000",
        "[50005000, 50005000, 50005000]",
        "Main Thread finish!!!",
    ]


def test_main_ends_before_its_thread_without_join(
    sub_thread: Callable[..., None], log: pytest.LogCaptureFixture
) -> None:
    racekit.replay(sub_thread, "rk1:")
    end, finish = map(log.messages.index, ["Main-thread : end", "First Sub Thread finish!!!"])
    assert end < finish


def test_main_ends_after_its_thread_with_join(sub_thread: Callable[..., None], log: pytest.LogCaptureFixture) -> None:
    racekit.replay(lambda: sub_thread(join=True), "rk1:")
    assert log.messages[-2:] == ["First Sub Thread finish!!!", "Main-thread : end"]


def test_daemon_threads_are_cut_off_when_the_main_thread_ends(
    daemon_threads: Callable[..., tuple[str, ...]], log: pytest.LogCaptureFixture
) -> None:
    assert racekit.replay(daemon_threads, "rk1:").value == ()
    assert log.messages[-1] == "Main-thread : end"


def test_the_consumer_may_wait_forever(producer_consumer: Callable[..., int]) -> None:
    found = racekit.assert_deadlock(producer_consumer)
    assert found.failure is not None
    assert "waits for pipeline in get()" in str(found.failure)


def test_the_two_accounts_block_each_other(lock_pair: LockPair, race: Race) -> None:
    race.barrier(lock_pair.first.transfer, before="with to._lock", parties=2)
    with racekit.raises(racekit.Deadlock):
        race.together(lock_pair.cross)


def test_several_may_enter_a_semaphore(semaphore_pool: Restroom) -> None:
    assert racekit.replay(lambda: visit_together(semaphore_pool), "rk1:").value == 2


def test_one_may_enter_a_mutex() -> None:
    racekit.assert_outcomes(lambda: visit_together(single_restroom()), {1})


def test_each_fixture_says_what_the_document_shows(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest("--fixtures").stdout.str()
    for name in [
        "race", "fake_data_store", "locked_data_store", "producer_consumer", "thread_pool", "sub_thread",
        "daemon_threads", "lock_pair", "semaphore_pool",
    ]:  # fmt: skip
        assert f"\n{name} -- " in shown
        assert "no docstring" not in shown.split(f"\n{name} -- ")[1].splitlines()[1]
