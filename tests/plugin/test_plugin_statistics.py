"""What pytest says of the explorations: behind each test's name, in the total, and with `--race-statistics`."""

from __future__ import annotations

import importlib.util

import pytest
from small_project import Project, told

RACES = """
@racekit.race
def test_lost():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2

@racekit.race(strategy="dpor")
def test_proved():
    counter = Counter()
    twice(counter.increment)
    assert counter.value > 0

@racekit.race(executions=2)
def test_cut():
    twice(Counter().increment)

def test_plain(): ...
"""
PROOF = "proved: all 4 different interleavings of 2 threads hold (every access a scheduling point)"


def test_verbose_output_tells_proved_from_cut(project: Project) -> None:
    result = project.run(RACES, "-v")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*::test_lost FAILED *",
            "*::test_proved PASSED (proved) *",
            "*::test_cut PASSED (cut by executions) *",
            "*::test_plain PASSED *",
        ]
    )


def test_quiet_output_is_pytests_own(project: Project) -> None:
    project.run(RACES, "-q").stdout.fnmatch_lines(["F... *"])


def test_a_proof_is_a_property_of_the_report(project: Project) -> None:
    properties = told(project.run(RACES))
    assert properties["test_proved"]["race_proof"] == PROOF
    assert "race_proof" not in properties["test_cut"]


@pytest.mark.parametrize("arguments", [["--race-statistics"], ["--override-ini=race_statistics=true"]])
def test_the_statistics_tell_what_each_exploration_took(project: Project, arguments: list[str]) -> None:
    result = project.run(RACES, *arguments)
    took = "executions in * s (*/s), * scheduling points each"
    shares = "  *% rewriting, *% running, *% searching, *% other"
    result.stdout.fnmatch_lines(
        [
            "=* race statistics *=",
            "test_it.py::test_lost",
            "  failed in execution *",
            f"  * {took}",
            shares,
            "test_it.py::test_proved",
            f"  {PROOF}",
            f"  * {took}",
            shares,
            "test_it.py::test_cut",
            "  not proved: cut by executions",
            f"  2 {took}",
            shares,
        ],
        consecutive=True,
    )


def test_nobody_who_did_not_ask_gets_statistics(project: Project) -> None:
    project.run(RACES).stdout.no_fnmatch_line("*race statistics*")


def test_statistics_of_nothing_have_no_heading(project: Project) -> None:
    project.run("def test_it(): ...", "--race-statistics").stdout.no_fnmatch_line("*race statistics*")


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="needs xdist")
def test_the_workers_of_xdist_send_their_statistics(project: Project) -> None:
    result = project.run(RACES, "-n2", "-v", "--race-statistics")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["* PASSED (proved) test_it.py::test_proved*"])
    result.stdout.fnmatch_lines(["=* race statistics *="])
    result.stdout.fnmatch_lines(["test_it.py::test_proved", f"  {PROOF}", "  * executions in * s *"], consecutive=True)
    result.stdout.fnmatch_lines(["race: 3 tests explored, 1 proved, 1 failed, 1 cut by its budget; * executions in *"])


def test_a_test_that_passes_unexpectedly_is_called_what_pytest_calls_it(project: Project) -> None:
    source = "@pytest.mark.xfail(strict=False)\n@racekit.race\ndef test_it(): twice(int)"
    result = project.run(source, "-v")
    result.assert_outcomes(xpassed=1)
    result.stdout.fnmatch_lines(["*::test_it XPASS *"])
