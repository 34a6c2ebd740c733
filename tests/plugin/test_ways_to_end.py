"""Skips, expected failures and other outcomes mean what they mean in any test."""

from __future__ import annotations

import pytest
from small_project import Project, told


def test_a_skip_in_the_body_skips_the_test(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it():\n    twice(int)\n    pytest.skip('not today')", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * test_it.py:7: not today"])


def test_a_skip_in_a_fixture_skips_the_test(project: Project) -> None:
    result = project.run(
        "@pytest.fixture\ndef no(): pytest.skip('not today')\n@racekit.race\ndef test_it(no): twice(int)"
    )
    result.assert_outcomes(skipped=1)


@pytest.mark.parametrize("how", ["self.skipTest('no')", "raise unittest.SkipTest('no')", "pytest.skip('no')"])
def test_a_skip_in_a_test_case_skips_the_test(project: Project, how: str) -> None:
    result = project.run(
        f"import unittest\nclass TestIt(unittest.TestCase):\n    @racekit.race\n    def test_it(self): {how}"
    )
    result.assert_outcomes(skipped=1)


def test_a_marked_skip_runs_nothing(project: Project) -> None:
    result = project.run("@racekit.race\n@pytest.mark.skip\ndef test_it(): assert False")
    result.assert_outcomes(skipped=1)


def test_an_expected_failure_in_the_body_is_one(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it():\n    twice(int)\n    pytest.xfail('known')", "-rx")
    result.assert_outcomes(xfailed=1)
    result.stdout.fnmatch_lines(["XFAIL *known*"])


def test_a_race_that_is_marked_as_expected_is_one(project: Project) -> None:
    result = project.run(
        """
@racekit.race
@pytest.mark.xfail(strict=True, raises=AssertionError)
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(xfailed=1)


def test_an_expected_race_that_does_not_happen_is_an_unexpected_success(project: Project) -> None:
    result = project.run(
        "@racekit.race\n@pytest.mark.xfail(strict=True)\ndef test_it(): twice(LockedCounter().increment)"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*"])


@pytest.mark.parametrize(("kind", "outcome"), [("Counter", "xfailed"), ("LockedCounter", "failed")])
def test_an_expected_failure_of_a_test_case_is_one_if_any_execution_fails(
    project: Project, kind: str, outcome: str
) -> None:
    result = project.run(
        f"""
import unittest

class TestIt(unittest.TestCase):
    @racekit.race
    @unittest.expectedFailure
    def test_it(self):
        counter = {kind}()
        twice(counter.increment)
        self.assertEqual(counter.value, 2)
"""
    )
    result.assert_outcomes(**{outcome: 1})


def test_a_call_of_fail_is_a_failure_with_a_schedule(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    if counter.value != 2:
        pytest.fail("lost")
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *Failed: lost*"])
    assert told(result)["test_it"]["race_token"].startswith("rk1:")


def test_an_exit_ends_the_session(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it(): pytest.exit('enough')\ndef test_after(): ...")
    result.assert_outcomes()
    result.stdout.fnmatch_lines(["*Exit: enough*"])


def test_ctrl_c_ends_the_session(project: Project) -> None:
    result = project.run_in_subprocess("@racekit.race\ndef test_it(): raise KeyboardInterrupt\ndef test_after(): ...")
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_failure_in_a_subtest_fails_the_test(project: Project) -> None:
    pytest.importorskip("_pytest.subtests")
    result = project.run(
        """
@racekit.race
def test_it(subtests):
    counter = Counter()
    twice(counter.increment)
    with subtests.test("the counter"):
        assert counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


def test_the_values_of_a_failed_assertion_are_shown_and_nothing_of_racekit_s_code(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    result.stdout.fnmatch_lines([">       assert counter.value == 2", "E       assert 1 == 2"])
    result.stdout.no_fnmatch_line("*racekit/*.py:*")


def test_a_failure_is_shown_with_its_report_and_the_command_that_replays_it(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    token = told(result)["test_it"]["race_token"]
    result.stdout.fnmatch_lines([f"  replay:  pytest test_it.py::test_it --race-replay='{token}'"])


def test_a_deadlock_is_shown_as_its_report_alone(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*eadlock*"])
    result.stdout.no_fnmatch_line("*racekit/*.py:*")
    result.stdout.no_fnmatch_line("*entries are hidden*")


def test_an_exception_whose_text_fails_is_reported_as_ever(project: Project) -> None:
    result = project.run(
        """
class MuteError(Exception):
    def __str__(self): raise RuntimeError

def test_it(): raise MuteError

@racekit.race
def test_race(): raise MuteError
"""
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["E*MuteError: <exception str() failed>"])


@pytest.mark.parametrize(
    ("ending", "outcomes"),
    [
        ("", {"passed": 1, "errors": 1}),
        ("assert False", {"failed": 1}),
        ("pytest.skip('not today')", {"skipped": 1}),
        ("pytest.xfail('known')", {"xfailed": 1}),
        ("race.allow_unreached()", {"passed": 1}),
    ],
    ids=["to its end", "failed", "skipped", "expected failure", "allowed"],
)
def test_an_injected_line_has_to_be_reached_by_a_test_that_comes_to_its_end(
    project: Project, ending: str, outcomes: dict[str, int]
) -> None:
    result = project.run(
        f"def test_it(race):\n    race.sleep(Counter.increment, before='self.value = ', seconds=1)\n    {ending}"
    )
    result.assert_outcomes(**outcomes)
    told = "No thread came to the place before `self.value = value + 1`" in result.stdout.str()
    assert told == ("errors" in outcomes)
