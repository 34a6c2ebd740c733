"""Where pytest shows the report of a failure, and how; tests that say what they may return; pinned schedules."""

from __future__ import annotations

import re
import xml.etree.ElementTree
from collections.abc import Callable

import pytest
from small_project import Project, told

RACE = """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
DEADLOCK = """
@racekit.race
def test_it():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""
SENTENCE = "Lost update on Counter.value: "


def test_the_report_stands_below_the_traceback_in_full_width(project: Project) -> None:
    result = project.run(RACE)
    result.stdout.fnmatch_lines(
        ["E *assert 1 == 2", "test_it.py:*: AssertionError", "-* race -*", f"{SENTENCE}*", "  replay:  pytest *"],
        consecutive=False,
    )
    result.stdout.no_fnmatch_line(f"E *{SENTENCE}*")


def test_the_values_of_the_assertion_stay(project: Project) -> None:
    project.run(RACE).stdout.fnmatch_lines(["E *assert 1 == 2", "E *where 1 = <counters.Counter object *>.value"])


def test_no_frame_of_racekit_is_shown(project: Project) -> None:
    project.run(RACE).stdout.no_fnmatch_line("*racekit/*.py:*")


def test_a_deadlock_is_its_report(project: Project) -> None:
    text = project.run(DEADLOCK).stdout.str()
    assert text.count("Deadlock: MainThread waits for lock, which it holds itself") == 1
    assert "Traceback" not in text


def test_a_file_gets_it_plain_and_a_terminal_coloured(project: Project) -> None:
    result = project.run(RACE, "--color=yes", "--junitxml=junit.xml")
    assert f"\x1b[1;31m{SENTENCE}" in result.stdout.str()
    assert "\x1b[36m  ~ preempted here" in result.stdout.str()
    [failure] = xml.etree.ElementTree.parse(project.pytester.path / "junit.xml").iter("failure")
    assert failure.text is not None
    assert SENTENCE in failure.text
    assert "\x1b" not in failure.text and "#x1B" not in failure.text


def test_a_deadlock_is_coloured_too(project: Project) -> None:
    assert "\x1b[1;31mDeadlock: " in project.run(DEADLOCK, "--color=yes").stdout.str()


def test_a_log_is_plain(project: Project) -> None:
    assert "\x1b" not in project.run(RACE, "--color=no").stdout.str()


def test_beside_a_line_of_code_stands_the_sentence_and_the_report_below_it(project: Project) -> None:
    body = DEADLOCK.replace("@racekit.race\n", "").replace("def test_it", "def body")
    result = project.run(body + "def test_it(): racekit.explore(body).check()")
    result.stdout.fnmatch_lines(
        [
            ">   def test_it(): racekit.explore(body).check()",
            "E   *racekit.errors.Deadlock: Deadlock: *",
            "-* race -*",
            "Deadlock: *",
            "  replay:  *",
            "FAILED test_it.py::test_it - Deadlock: *",
        ]
    )
    assert len([line for line in result.outlines if line.startswith("  replay: ")]) == 1
    shown = result.outlines[next(at for at, line in enumerate(result.outlines) if "= FAILURES =" in line) :]
    assert max(map(len, shown)) <= 80


def test_the_report_comes_through_xdist(project: Project) -> None:
    result = project.run(RACE, "-n", "1", "--color=yes")
    assert f"\x1b[1;31m{SENTENCE}" in result.stdout.str()


def test_a_replay_is_told_in_the_same_way(project: Project) -> None:
    token = told(project.run(RACE))["test_it"]["race_token"]
    result = project.run(RACE, f"--race-replay={token}", "--race-forget")
    result.stdout.fnmatch_lines(["-* race -*", f"{SENTENCE}*", f"  replay:  pytest test_it.py::test_it *{token}'"])
    result.stdout.no_fnmatch_line("*Found in execution*")


def test_other_failures_of_the_test_are_listed_with_their_numbers(project: Project) -> None:
    result = project.run(
        """
@racekit.race(stop_on_failure=False, strategy="bounded", preemptions=1)
def test_it():
    first, second = Counter(), Counter()
    twice(lambda: (first.increment(), second.increment()))
    assert second.value == 2
    assert first.value == 2
"""
    )
    result.stdout.fnmatch_lines(
        [
            "-* race -*",
            "Lost update on *",
            "of * that fail so.",
            "-* other failures of this test -*",
            "Lost update on *",
            "  * executions)",
            "  replay:  pytest test_it.py::test_it --race-replay='rk1:*'",
        ]
    )


def summary(result: pytest.RunResult) -> list[str]:
    """The short summary of the failed tests."""
    lines = result.outlines
    [start] = [index for index, line in enumerate(lines) if "short test summary info" in line]
    return lines[start + 1 : -1]


@pytest.mark.parametrize("test", [RACE, DEADLOCK])
def test_a_ci_server_prints_the_report_once(project: Project, monkeypatch: pytest.MonkeyPatch, test: str) -> None:
    monkeypatch.setenv("CI", "1")
    assert project.run(test).stdout.str().count("  replay:  pytest ") == 1


CONCURRENT = """
from hypothesis import settings
from racekit.properties import concurrent, operation

class Register(Counter):
    def add(self):
        self.value = self.value + 1
        return self.value

@concurrent()
class Additions:
    def start(self): return Register()
    @operation()
    def add(self, register): return register.add()

class TestAdditions(Additions.TestCase):
    settings = settings(max_examples=10, database=None, derandomize=True)
"""


def test_a_program_that_no_order_explains_is_its_report(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    result = project.run(CONCURRENT)
    assert result.stdout.str().count("The calls, and when each began and ended") == 1
    assert "traceback" not in result.stdout.str().lower()
    [line] = summary(result)
    assert line.startswith(
        "FAILED test_it.py::TestAdditions::runTest - Not linearizable: no order of these 2 calls gives"
    )
    assert line.endswith("would return 1, 2.")


def test_functions_that_no_order_explains_are_told_beside_the_line_that_asserts_it(project: Project) -> None:
    result = project.run(
        """
def test_it():
    racekit.assert_serializable(Counter, Counter.increment, Counter.increment, view=lambda counter: counter.value)
"""
    )
    result.stdout.fnmatch_lines(
        [
            ">*racekit.assert_serializable(Counter, Counter.increment*",
            "E  *Not serializable: no order of these 2 calls*",
            "*- race -*",
            "Not serializable: no order of these 2 calls gives 1; the nearest is*",
            "  The calls, and when each began and ended*",
        ]
    )


def test_the_summary_names_the_bug_behind_the_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    first, *others = summary(project.run(RACE))
    assert first.startswith(f"FAILED test_it.py::test_it - assert 1 == 2 ({SENTENCE}")
    assert first.endswith("(both had read 0))")
    assert [line.split()[:3] for line in others] == [["+", "where", "1"]]


def test_the_summary_of_a_deadlock_is_its_sentence(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    [line] = summary(project.run(DEADLOCK))
    since = "which it holds itself (since test_it.py:8)"
    assert line == f"FAILED test_it.py::test_it - Deadlock: MainThread waits for lock, {since}"


def test_an_exception_without_a_pattern_is_not_named_twice(project: Project) -> None:
    source = "@racekit.race\ndef test_it():\n    twice(int)\n    raise KeyError(1)"
    assert summary(project.run(source)) == ["FAILED test_it.py::test_it - KeyError: 1"]


def test_the_message_in_junit_xml_is_that_of_the_summary(project: Project) -> None:
    project.run(DEADLOCK, "--junitxml=junit.xml")
    [failure] = xml.etree.ElementTree.parse(project.pytester.path / "junit.xml").iter("failure")
    assert failure.attrib["message"].startswith("Deadlock: ")
    assert "\n" not in failure.attrib["message"]


def test_an_exploration_inside_of_a_plain_test_is_told_in_the_same_way(project: Project) -> None:
    body = RACE.replace("@racekit.race\ndef test_it", "def body")
    result = project.run(body + "def test_it(): racekit.explore(body).check()")
    result.stdout.fnmatch_lines(["E *assert 1 == 2", "-* race -*", f"{SENTENCE}*", "FAILED *(Lost update on *"])
    result.stdout.no_fnmatch_line(f"E *{SENTENCE}*")


def test_an_item_of_another_plugin_that_shows_a_mere_text_has_the_report_below(project: Project) -> None:
    project.pytester.makeconftest(
        """
import pytest, racekit, test_it

class Item(pytest.Item):
    def runtest(self):
        racekit.explore(test_it.body).check()

    def repr_failure(self, excinfo):
        return "it failed"

class Collector(pytest.File):
    def collect(self):
        yield Item.from_parent(self, name="it")

def pytest_collect_file(file_path, parent):
    return Collector.from_parent(parent, path=file_path) if file_path.suffix == ".race" else None
"""
    )
    (project.pytester.path / "some.race").write_text("")
    result = project.run(RACE.replace("@racekit.race\ndef test_it", "def body"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["it failed", "-* race -*", f"{SENTENCE}*"])


# --- what a test may return -------------------------------------------------------------------------------------------


def decorated(options: str) -> str:
    return f"@racekit.race({options})"


def marked(options: str) -> str:
    return f"@pytest.mark.race({options})"


@pytest.mark.parametrize("with_options", [decorated, marked])
def test_a_test_says_what_it_may_return(project: Project, with_options: Callable[[str], str]) -> None:
    body = "def test_it():\n    counter = Counter()\n    twice(counter.increment)\n    return counter.value\n"
    project.run(f"{with_options('outcomes={1, 2}')}\n{body}", "-W", "error").assert_outcomes(passed=1)
    result = project.run(f"{with_options('outcomes={2}')}\n{body}", "-W", "error")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"{SENTENCE}*", "1 came out, which is not among the outcomes allowed."])


@pytest.mark.parametrize("race", ["@racekit.race", "@pytest.mark.race"])
def test_what_a_test_returns_for_nothing_is_warned_of_as_in_any_test(project: Project, race: str) -> None:
    result = project.run(f"{race}\ndef test_it():\n    twice(int)\n    return 1", "-W", "default")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*PytestReturnNotNoneWarning: Test functions should return None*"])


def test_fixtures_and_methods_work_with_outcomes(project: Project) -> None:
    source = """
@pytest.fixture
def counter():
    return Counter()

class TestCounter:
    @pytest.mark.parametrize("times", [1, 2])
    @racekit.race(outcomes=[2])
    def test_it(self, counter, times):
        twice(counter.increment)
        return counter.value
"""
    project.run(source).assert_outcomes(failed=2)
    project.run(source.replace("[2]", "{1, 2}")).assert_outcomes(passed=2)


# --- pinned schedules -------------------------------------------------------------------------------------------------


def pinned(token: object) -> str:
    return RACE.replace("@racekit.race", f"@racekit.race(replay={token!r})")


def test_a_pinned_schedule_runs_first(project: Project) -> None:
    token = told(project.run(RACE))["test_it"]["race_token"]
    result = project.run(pinned(token), "--race-forget")
    assert told(result)["test_it"]["race_executions"] == 1
    result.stdout.fnmatch_lines([f"{SENTENCE}*", f"*--race-replay='{token}'"])


def test_if_it_passes_the_search_goes_on(project: Project) -> None:
    result = project.run(pinned("rk1:"))
    assert told(result)["test_it"]["race_executions"] > 1
    result.assert_outcomes(failed=1)


def test_a_pinned_schedule_that_fits_no_longer_is_said(project: Project) -> None:
    result = project.run(pinned("rk1:1@999w.value>2").replace("Counter()", "LockedCounter()"), "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: *the schedule rk1:1@999w.value>2 can no longer be followed*"])


def test_a_pin_that_is_no_schedule_is_refused(project: Project) -> None:
    project.run(pinned("hello")).stdout.fnmatch_lines(["*is not a schedule token of this version*"])


def test_the_pin_in_the_report_can_be_pasted(project: Project) -> None:
    text = project.run(RACE).stdout.str()
    match = re.search(r"pin: +(@racekit\.race\(replay=.*\))$", text, re.MULTILINE)
    assert match is not None
    result = project.run(RACE.replace("@racekit.race", match[1]), "--race-forget")
    assert told(result)["test_it"]["race_executions"] == 1
