"""The document's store without a lock: three updates, and the value 2."""

from __future__ import annotations

import pytest

from racekit.explore import explore, replay
from racekit.scenarios import FakeDataStore, update_three_times


def three_updates() -> int:
    return update_three_times(FakeDataStore())


def test_three_updates_without_a_lock_can_end_with_one_two_or_three() -> None:
    assert set(explore(three_updates).outcomes) == {1, 2, 3}


def test_the_value_two_comes_with_the_documents_log(caplog: pytest.LogCaptureFixture) -> None:
    schedule = explore(three_updates).outcomes[2].schedule
    caplog.set_level("INFO")
    caplog.clear()
    assert replay(three_updates, schedule).value == 2
    assert caplog.messages[:3] == [
        "Main Thread start!!!",
        "FakeDataStore update method test start!!! // value : 0",
        "First Sub Thread start!!!",
    ]
    assert caplog.messages[-2:] == [
        "FakeDataStore update method test finish!!! // value : 2",
        "Main Thread finish!!!",
    ]


def test_one_update_alone_is_never_lost() -> None:
    def one_update() -> int:
        store = FakeDataStore()
        store.update("First")
        return store.value

    found = explore(one_update)
    assert set(found.outcomes) == {1}
    assert found.proved
