"""The document's daemon threads, cut off when the main thread ends."""

from __future__ import annotations

import pytest

from racekit.explore import explore
from racekit.scenarios import run_daemon_threads


def test_daemon_threads_may_be_cut_off_before_either_has_finished() -> None:
    assert () in explore(lambda: run_daemon_threads(3, 3)).outcomes


def test_daemon_threads_may_finish_in_either_order_or_alone() -> None:
    first, second = "First Sub Thread", "Second Sub Thread"
    found = explore(lambda: run_daemon_threads(3, 3))
    assert set(found.outcomes) == {(), (first,), (second,), (first, second), (second, first)}


def test_a_daemon_thread_may_be_cut_off_in_the_middle_of_its_count(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    def numbers_said() -> int:
        caplog.clear()
        run_daemon_threads(3, 0)
        return sum(message.isdigit() for message in caplog.messages)

    assert set(explore(numbers_said).outcomes) == {0, 1, 2, 3}


def test_the_documents_own_counts_leave_no_thread_behind() -> None:
    assert explore(run_daemon_threads, executions=5).ok
