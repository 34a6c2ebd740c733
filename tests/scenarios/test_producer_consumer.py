"""The document's producer and consumer, which can block forever."""

from __future__ import annotations

import pytest

from racekit.explore import explore, replay
from racekit.scenarios import run_producer_consumer


def test_the_default_schedule_ends_with_an_empty_queue() -> None:
    assert replay(run_producer_consumer, "rk1:").value == 0


def test_both_say_good_bye_when_all_goes_well(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    replay(run_producer_consumer, "rk1:")
    assert "Producer got event set... producer exit..." in caplog.messages
    assert "Consumer got event set... consumer exit..." in caplog.messages


def test_the_consumer_is_found_waiting_forever_after_the_producer_has_left() -> None:
    found = explore(run_producer_consumer)
    assert found.failure is not None
    assert found.failure.kind == "deadlock"
    consumer = next(wait for wait in found.failure.waits if any(place.function == "consumer" for place in wait.stack))
    assert consumer.place is not None
    assert "pipeline.get()" in consumer.place.text
    assert consumer.holder is None


def test_the_endless_wait_is_found_well_within_the_default_budget() -> None:
    assert explore(run_producer_consumer).executions < 500


def test_the_endless_wait_can_be_replayed() -> None:
    found = explore(run_producer_consumer)
    assert found.failure is not None
    again = replay(run_producer_consumer, found.failure.schedule.token)
    assert again.failure is not None
    assert again.failure.kind == "deadlock"
