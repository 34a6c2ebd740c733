"""`@racekit.race` and `@pytest.mark.race` run a test body under exploration."""

from __future__ import annotations

import pytest
from small_project import Project, told

LOST_UPDATE = """
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""


def test_a_decorated_test_fails_on_the_interleaving_that_breaks_it(project: Project) -> None:
    result = project.run(f"@racekit.race\ndef test_it():{LOST_UPDATE}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


def test_a_marked_test_fails_on_the_interleaving_that_breaks_it(project: Project) -> None:
    result = project.run(f"@pytest.mark.race\ndef test_it():{LOST_UPDATE}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


def test_a_test_without_a_mark_is_run_once(project: Project) -> None:
    result = project.run("runs = []\ndef test_it():\n    runs.append(1)\n    assert runs == [1]")
    result.assert_outcomes(passed=1)
    assert "race_result" not in told(result)["test_it"]


def test_a_correct_test_is_proved(project: Project) -> None:
    result = project.run(
        """
@racekit.race
def test_it():
    counter = LockedCounter()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved"
    assert told(result)["test_it"]["race_executions"] > 1


@pytest.mark.parametrize("mark", ["@racekit.race(executions=1)", "@pytest.mark.race(executions=1)"])
def test_options_limit_the_exploration(project: Project, mark: str) -> None:
    result = project.run(f"{mark}\ndef test_it():{LOST_UPDATE}")
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"] == {"race_executions": 1, "race_result": "cut by executions"}


def test_a_mark_on_the_module_goes_for_all_its_tests_and_a_nearer_one_wins(project: Project) -> None:
    result = project.run(
        f"""
pytestmark = pytest.mark.race(executions=1)

def test_one():{LOST_UPDATE}

@pytest.mark.race(executions=1000)
def test_many():{LOST_UPDATE}
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert told(result)["test_one"]["race_executions"] == 1


def test_the_decorator_wins_over_markers(project: Project) -> None:
    result = project.run(
        f"""
pytestmark = pytest.mark.race(executions=1000)

@racekit.race(executions=1)
def test_it():{LOST_UPDATE}
"""
    )
    result.assert_outcomes(passed=1)


def test_each_parameter_is_explored_by_itself(project: Project) -> None:
    result = project.run(
        """
@racekit.race
@pytest.mark.parametrize("kind", [Counter, LockedCounter])
def test_it(kind):
    counter = kind()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert told(result)["test_it[LockedCounter]"]["race_result"] == "proved"


def test_methods_of_a_class_get_a_new_instance_for_each_execution(project: Project) -> None:
    result = project.run(
        """
class TestIt:
    def setup_method(self):
        assert not hasattr(self, "counter")
        self.counter = LockedCounter()

    @racekit.race
    def test_it(self):
        twice(self.counter.increment)
        assert self.counter.value == 2
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["TestIt::test_it"]["race_executions"] > 1


def test_methods_of_a_test_case_are_set_up_for_each_execution(project: Project) -> None:
    result = project.run(
        """
import unittest

class TestIt(unittest.TestCase):
    def setUp(self):
        self.addCleanup(self.clean)
        self.counter = LockedCounter()

    def clean(self):
        self.assertIsNone(self.counter)

    def tearDown(self):
        self.counter = None

    @racekit.race
    def test_it(self):
        twice(self.counter.increment)
        self.assertEqual(self.counter.value, 2)
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["TestIt::test_it"]["race_executions"] > 1


def test_a_test_case_fails_on_the_interleaving_that_breaks_it(project: Project) -> None:
    result = project.run(
        """
import unittest

class TestIt(unittest.TestCase):
    @pytest.mark.race
    def test_it(self):
        counter = Counter()
        twice(counter.increment)
        with self.subTest("the counter"):
            self.assertEqual(counter.value, 2)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *AssertionError: 1 != 2*"])


def test_decorators_around_race_keep_their_effect(project: Project) -> None:
    result = project.run(
        """
from unittest import mock

@mock.patch("counters.Counter.step", 7, create=True)
@racekit.race
def test_it():
    twice(lambda: None)
    assert Counter.step == 7
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved"


def test_a_decorated_function_explores_itself_without_the_plugin(project: Project) -> None:
    result = project.run(f"@racekit.race\ndef test_it():{LOST_UPDATE}", "-p", "no:racekit")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("@pytest.mark.race\nasync def test_it(): ...", "*test_it is a coroutine function, * asyncio.run*"),
        ("@pytest.mark.race(5)\ndef test_it(): ...", "*The race marker was given 5 without a keyword*"),
        ("@pytest.mark.race(colour=5)\ndef test_it(): ...", "*There is no option 'colour': the options are*"),
        ("@pytest.mark.race(executions=0)\ndef test_it(): ...", "*executions=0 is less than 1*"),
    ],
    ids=["coroutine", "positional", "unknown", "too small"],
)
def test_a_marker_that_cannot_be_followed_fails_its_test_in_one_sentence(
    project: Project, source: str, refusal: str
) -> None:
    result = project.run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([refusal])
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize(
    ("source", "refusal"),
    [
        ("@racekit.race\nasync def test_it(): ...", "*test_it is a coroutine function, * asyncio.run*"),
        ("@racekit.race\ndef test_it(): yield", "*test_it is a generator function*must not yield*"),
        ("@racekit.race\nclass TestIt: ...", "*TestIt is a class: put @pytest.mark.race on it*"),
        ("@racekit.race(colour=5)\ndef test_it(): ...", "*There is no option 'colour': the options are*"),
    ],
    ids=["coroutine", "generator", "class", "unknown"],
)
def test_a_decorator_that_cannot_be_followed_is_refused_at_its_line(
    project: Project, source: str, refusal: str
) -> None:
    result = project.run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([refusal])
