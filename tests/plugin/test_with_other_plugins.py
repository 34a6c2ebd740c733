"""racekit beside pytest-timeout, pytest-repeat, pytest-xdist, pytest-cov and the junit report."""

from __future__ import annotations

import importlib.util
from xml.etree import ElementTree

import pytest
from small_project import Project, told

RACES = """
@racekit.race
def test_lost():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2

@racekit.race
def test_locked():
    counter = LockedCounter()
    twice(counter.increment)
    assert counter.value == 2

@racekit.race(executions=1)
def test_cut():
    twice(Counter().increment)

def test_plain(): ...
"""
SUMMARY = "race: 3 tests explored, 1 proved, 1 failed, 1 cut by its budget; * executions in * s"

ENDLESS = """
@racekit.race(executions=None, strategy="random")
def test_it():
    counter = LockedCounter()
    twice(lambda: [counter.increment() for _ in range(20)])
"""


def needs(plugin: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(plugin) is None, reason=f"needs {plugin}")


def test_one_line_sums_up_the_explorations(project: Project) -> None:
    result = project.run(RACES)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([SUMMARY])


def test_a_session_without_explorations_has_no_such_line(project: Project) -> None:
    project.run("def test_it(): ...").stdout.no_fnmatch_line("race:*")


def test_what_blocked_outside_control_is_named_when_pytest_is_verbose(project: Project) -> None:
    result = project.run(
        """
import socket, time

@racekit.race
def test_it():
    here, there = socket.socketpair()
    def receive():
        here.recv(1)
    with here, there:
        thread = threading.Thread(target=receive)
        thread.start()
        time.sleep(1)
        there.sendall(b"x")
        thread.join()
""",
        "-v",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: test_it.py::test_it: *here.recv(1)*", "race: 1 test explored, 1 cut by*"])


def test_the_junit_report_tells_of_the_explorations(project: Project) -> None:
    project.run(RACES, "--junitxml=report.xml")
    cases = {
        case.attrib["name"]: {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        for case in ElementTree.parse(project.pytester.path / "report.xml").iter("testcase")
    }
    assert cases["test_locked"]["race_result"] == "proved"
    assert cases["test_cut"] == {"race_executions": "1", "race_result": "cut by executions"}
    assert cases["test_lost"]["race_token"].startswith("rk1:")
    assert cases["test_plain"] == {}


@needs("xdist")
def test_the_workers_of_xdist_explore_and_the_summary_counts_them_all(project: Project) -> None:
    result = project.run(RACES, "-n2")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines([SUMMARY])


@needs("pytest_cov")
def test_coverage_sees_the_explored_code(project: Project) -> None:
    result = project.run_in_subprocess(RACES, "--cov=counters", "--cov-report=term-missing", "-k", "locked")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["counters.py * 100%*"])


def test_each_repetition_is_explored(project: Project) -> None:
    result = project.run(RACES, "--count=3", "-k", "locked")
    result.assert_outcomes(passed=3, deselected=9)
    result.stdout.fnmatch_lines(["race: 3 tests explored, 3 proved; * executions in * s"])


def test_a_timeout_ends_an_exploration_and_tells_how_far_it_came(project: Project) -> None:
    result = project.run(ENDLESS, "--timeout=0.3")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Timeout (>0.3s) in an exploration*"])
    assert told(result)["test_it"]["race_result"] == "cut by timeout"


def test_a_timeout_after_many_executions_names_the_option_that_ends_them_in_time(project: Project) -> None:
    source = "@racekit.race(executions=None, strategy='random')\ndef test_it():\n    twice(Counter().increment)"
    result = project.run(source, "--timeout=0.5")
    result.stdout.fnmatch_lines(
        [
            "Timeout (>0.5s) in an exploration by racekit, after * executions.",
            "With seconds=, or --race-seconds, it would have ended by itself.",
        ]
    )


def test_a_timeout_marker_goes_for_an_exploration(project: Project) -> None:
    result = project.run(ENDLESS.replace("@racekit", "@pytest.mark.timeout(0.3, func_only=True)\n@racekit"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Timeout (>0.3s) in an exploration*"])


def test_a_timeout_by_thread_does_not_end_the_process(project: Project) -> None:
    result = project.run_in_subprocess(ENDLESS + "\ndef test_after(): ...", "--timeout=0.3", "--timeout-method=thread")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["Timeout (>0.3s) in an exploration*"])


def test_a_timeout_ends_a_replay(project: Project) -> None:
    result = project.run(
        """
@racekit.race(steps=10**9)
def test_it():
    thread = threading.Thread(target=lambda: [sum(range(100)) for _ in range(10**9)])
    thread.start()
    thread.join()
""",
        "--timeout=0.3",
        "--race-replay=rk1:",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Timeout (>0.3s) in a replay*"])


def test_a_test_that_is_fast_enough_passes_under_a_timeout(project: Project) -> None:
    result = project.run(RACES, "--timeout=30", "-k", "locked")
    result.assert_outcomes(passed=1, deselected=3)


def test_a_timeout_still_watches_what_is_set_up_for_an_exploration(project: Project) -> None:
    result = project.run(
        """
import time

@pytest.fixture(scope="module")
def slow():
    time.sleep(10)

@racekit.race
def test_it(slow): ...
""",
        "--timeout=0.2",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*Timeout *>0.2s*"])


REWRITTEN = """
from helper import check

def beside_an_increment(look):
    counter = Counter()
    thread = threading.Thread(target=counter.increment)
    thread.start()
    look(counter)
    thread.join()

@racekit.race
def test_of_a_helper():
    beside_an_increment(check)

@racekit.race
def test_itself():
    def check_here(counter):
        assert counter.value == 0

    beside_an_increment(check_here)
"""


def test_a_read_in_an_assertion_that_pytest_rewrites_is_seen_and_explained(project: Project) -> None:
    project.pytester.makeconftest("import pytest\npytest.register_assert_rewrite('helper')")
    project.pytester.makepyfile(helper="def check(counter):\n    assert counter.value == 0")
    result = project.run(REWRITTEN)
    result.assert_outcomes(failed=2)
    explained = ["E  *assert 1 == 0", "E  *where 1 = <*Counter object at *>.value", "*Found in execution [!1]*"]
    result.stdout.fnmatch_lines(["*test_of_a_helper*", *explained, "*test_itself*", *explained])
    result.stdout.fnmatch_lines(["*reads 1*helper.py:2*assert counter.value == 0"])
