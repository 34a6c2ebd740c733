"""How far an exploration has come, in one line."""

from __future__ import annotations

from racekit.report.progress import progress_line


def test_a_budget_of_executions_tells_what_is_left() -> None:
    assert progress_line(12_000, 12, at_most=100_000) == (
        "race: 12,000 of at most 100,000 executions, 1,000/s, 0:12, at most 1:28 left"
    )


def test_a_budget_of_time_tells_what_is_left() -> None:
    assert progress_line(500, 5, seconds=65) == "race: 500 executions, 100/s, 0:05, at most 1:00 left"


def test_of_two_budgets_the_one_that_ends_first_counts() -> None:
    assert progress_line(500, 5, 1000, 3600).endswith("at most 0:05 left")
    assert progress_line(500, 5, 1_000_000, 7).endswith("at most 0:02 left")


def test_without_a_budget_nothing_is_known_to_be_left() -> None:
    assert progress_line(500, 5) == "race: 500 executions, 100/s, 0:05"


def test_hours_are_hours() -> None:
    assert progress_line(3725, 3725, seconds=7200) == "race: 3,725 executions, 1/s, 1:02:05, at most 57:55 left"


def test_a_budget_that_is_over_leaves_nothing() -> None:
    assert progress_line(1, 9, seconds=8).endswith("at most 0:00 left")


def test_the_first_execution_may_last_long() -> None:
    assert progress_line(0, 4, at_most=10) == "race: 0 of at most 10 executions, 0/s, 0:04"
