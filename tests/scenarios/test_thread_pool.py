"""The document's pool: three tasks over two workers."""

from __future__ import annotations

import pytest

from racekit.explore import explore, replay
from racekit.scenarios import run_thread_pool


def test_the_pool_is_proved_to_return_the_three_sums() -> None:
    found = explore(run_thread_pool)
    assert list(found.outcomes) == ["[50005000, 50005000, 50005000]"]
    assert found.proved


def test_the_third_task_starts_when_a_worker_is_free(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    replay(run_thread_pool, "rk1:")
    assert caplog.messages == [
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


def test_two_rounds_of_two_seconds_take_four() -> None:
    assert replay(run_thread_pool, "rk1:").seconds == pytest.approx(4)
