"""A small project to be tested: counters, with what they need, and what runs pytest over it."""

from __future__ import annotations

from typing import Any

import hypothesis  # noqa: F401  # here, so that not each inner run imports it anew
import pytest

COUNTERS = '''
import threading
from contextlib import nullcontext

class Counter:
    lock = nullcontext()

    def __init__(self):
        self.value = 0

    def increment(self):
        with self.lock:
            value = self.value
            self.value = value + 1

class LockedCounter(Counter):
    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

def twice(function):
    """Run the function in two threads."""
    threads = [threading.Thread(target=function) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
'''

HEAD = """
import pytest, racekit, threading
from counters import Counter, LockedCounter, twice
"""


class Project:
    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makepyfile(counters=COUNTERS)

    def run(self, source: str, *arguments: str) -> pytest.RunResult:
        """Run pytest, in this process, over a test file with this source, which can use the counters."""
        self.write(source)
        return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    def run_in_subprocess(self, source: str, *arguments: str) -> pytest.RunResult:
        self.write(source)
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    def write(self, source: str) -> None:
        self.pytester.path.joinpath("test_it.py").write_text(HEAD + source)


def told(result: pytest.RunResult) -> dict[str, dict[str, Any]]:
    """What the reports of the tests tell of their explorations, by the test's name."""
    reports = result.reprec.getreports("pytest_runtest_logreport")  # type: ignore[attr-defined]
    return {
        report.nodeid.partition("::")[2]: dict(report.user_properties) for report in reports if report.when == "call"
    }
