"""The document's store with a lock: three updates, always the value 3."""

from __future__ import annotations

import threading

import pytest

from racekit.explore import explore, replay
from racekit.scenarios import LockedDataStore, update_three_times


def three_updates() -> int:
    return update_three_times(LockedDataStore())


def test_three_updates_with_a_lock_are_proved_to_end_with_three() -> None:
    """Nine ways in which two workers that are interchangeable take three tasks and then the lock, and each twice."""
    found = explore(three_updates)
    assert set(found.outcomes) == {3}
    assert found.proved
    assert found.interleavings == 2 * 9


def test_two_updates_with_a_lock_are_proved_to_end_with_two() -> None:
    def two_updates() -> int:
        store = LockedDataStore()
        threads = [threading.Thread(target=store.update, args=(name,)) for name in ["First", "Second"]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return store.value

    found = explore(two_updates)
    assert set(found.outcomes) == {2}
    assert found.proved


def test_the_lock_is_had_by_one_thread_at_a_time(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    replay(three_updates, explore(three_updates, executions=1).outcomes[3].schedule)
    turns = [message.split()[-2:] for message in caplog.messages if message.endswith("Lock")]
    assert turns == [["has", "Lock"], ["release", "Lock"]] * 6
