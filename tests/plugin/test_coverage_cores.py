"""Coverage measures explored code as it is written, with each of its cores."""

from __future__ import annotations

import sys

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

CORES = ["ctrace", "sysmon"] if sys.version_info >= (3, 12) else ["ctrace"]


@pytest.mark.parametrize("core", CORES)
def test_lines_that_never_ran_are_the_ones_reported(
    core: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COVERAGE_CORE", core)
    project.pytester.makepyfile(measured=MEASURED)
    result = project.run_in_subprocess(TEST, "--cov=measured", "--cov-report=term-missing")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["measured.py * 2 * 5, 7"])
