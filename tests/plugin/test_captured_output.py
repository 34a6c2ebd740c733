"""What the many executions of a test print, log and warn of does not pile up."""

from __future__ import annotations

from small_project import Project


def test_only_what_the_failing_execution_printed_and_logged_is_shown(project: Project) -> None:
    result = project.run(
        """
import logging

@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    print("printed", counter.value)
    logging.warning("logged %s", counter.value)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    lines = [line for line in result.outlines if line.startswith(("printed", "WARNING"))]
    assert [line.split()[-2:] for line in lines] == [["printed", "1"], ["logged", "1"]]


def test_what_the_failing_execution_printed_is_shown_though_others_came_later(project: Project) -> None:
    result = project.run(
        """
@racekit.race(stop_on_failure=False)
def test_it():
    counter = Counter()
    twice(counter.increment)
    print("printed", counter.value)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    assert [line for line in result.outlines if line.startswith("printed")] == ["printed 1"]


def test_what_is_printed_through_capsys_is_shown_too(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it(capsys):\n    print('printed')\n    assert False")
    assert [line for line in result.outlines if line.startswith("printed")] == ["printed"]


def test_each_warning_is_shown_once(project: Project) -> None:
    result = project.run(
        """
import warnings

@racekit.race
def test_it():
    warnings.warn(DeprecationWarning("old"))
    twice(LockedCounter().increment)
"""
    )
    result.assert_outcomes(passed=1, warnings=1)


def test_a_warning_that_is_an_error_fails_the_test(project: Project) -> None:
    result = project.run(
        "import warnings\n@racekit.race\ndef test_it(): warnings.warn(DeprecationWarning('old'))", "-W", "error"
    )
    result.assert_outcomes(failed=1)
