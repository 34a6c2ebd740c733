"""Coverage measures explored code as it is written, with each of its cores."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
from small_project import Project

MEASURED = """
import threading

def classify(number):
    if number > 5:
        return "many"
    if number < 0:
        return "none"
    return "few"

def classify_in_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(classify(1))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
"""

TEST = """
import measured

@racekit.race
def test_it():
    assert measured.classify_in_threads() == ["few", "few"]
"""

CORES = ["pytrace" if find_spec("coverage.tracer") is None else "ctrace"]
if sys.version_info >= (3, 12):
    CORES.append("sysmon")


@pytest.mark.parametrize("core", CORES)
def test_lines_that_never_ran_are_the_ones_reported(
    core: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVERAGE_CORE", core)
    project.pytester.makepyfile(measured=MEASURED)
    result = project.run_in_subprocess(TEST, "--cov=measured", "--cov-report=term-missing")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["measured.py * 2 * 5, 7"])


EXPLORED = """
import measured, threading

def body():
    items = []
    threads = [threading.Thread(target=lambda: items.append(len(items))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return measured.classify_in_threads() and str(items)

def test_it():
    found = racekit.explore(body, strategy="dpor")
    shown = sorted((value, outcome.count) for value, outcome in found.outcomes.items())
    print("explored", found.executions, found.cut_by, shown)
"""


def explored(project: Project, *arguments: str) -> list[str]:
    result = project.run_in_subprocess(EXPLORED, "-s", *arguments)
    result.assert_outcomes(passed=1)
    return [line for line in result.outlines if "explored" in line]


def test_an_exploration_does_the_same_whether_it_is_measured_or_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.pytester.makepyfile(measured=MEASURED)
    plain = explored(project)
    for core in CORES:
        monkeypatch.setenv("COVERAGE_CORE", core)
        assert explored(project, "--cov=measured", "--cov=test_it") == plain
