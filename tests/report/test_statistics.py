"""The total of a session and the statistics of a test, as text."""

from __future__ import annotations

from racekit.report.statistics import Statistics, statistics_of, total


def test_the_total_counts_tests_by_their_result_and_adds_up_what_they_took() -> None:
    results = ["proved"] * 9 + ["cut by executions", "failed", "failed"]
    assert total(results, 18402, 4.1) == (
        "12 tests explored, 9 proved, 2 failed, 1 cut by its budget; 18,402 executions in 4.1 s"
    )


def test_one_test_is_one_test() -> None:
    assert total(["proved"], 1, 0.004) == "1 test explored, 1 proved; 1 execution in 0.00 s"


def test_executions_and_seconds_are_budgets_and_other_cuts_keep_their_names() -> None:
    results = ["cut by executions", "cut by nondeterminism", "cut by seconds", "cut by preemptions"]
    assert total(results, 4, 2).partition(";")[0] == (
        "4 tests explored, 2 cut by their budget, 1 cut by nondeterminism, 1 cut by preemptions"
    )


def statistics(executions: int, seconds: float) -> list[str]:
    took = Statistics("proved", "proved: it holds", executions, seconds, 2520, seconds / 4, seconds / 2, seconds / 5)
    return list(statistics_of("test_it.py::test_it", took))


def test_the_statistics_of_a_test() -> None:
    assert statistics(200, 0.5) == [
        "test_it.py::test_it",
        "  proved: it holds",
        "  200 executions in 0.50 s (400/s), 12.6 scheduling points each",
        "  25% rewriting, 50% running, 20% searching, 5% other",
    ]


def test_statistics_of_no_time_at_all_divide_by_nothing() -> None:
    assert statistics(0, 0)[2:] == [
        "  0 executions in 0.00 s, 2,520.0 scheduling points each",
        "  0% rewriting, 0% running, 0% searching, 0% other",
    ]
