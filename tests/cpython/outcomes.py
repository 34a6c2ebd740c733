"""How the tests of a unittest suite come out, in one word each."""

from __future__ import annotations

import contextlib
import os
import traceback
import unittest
from collections.abc import Iterator
from typing import Any


class Outcomes(unittest.TestResult):
    """A result that keeps, for each test, a word and the traceback if there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, list[str]] = {}

    def _note(self, test: Any, word: str, error: Any = None, *, again: bool = False) -> None:
        if again or test.id() not in self.of:
            self.of[test.id()] = [word, "".join(traceback.format_exception(*error)) if error else ""]

    def addSuccess(self, test: Any) -> None:
        self._note(test, "passed")

    def addError(self, test: Any, error: Any) -> None:
        self._note(test, "error", error, again=True)

    def addFailure(self, test: Any, error: Any) -> None:
        self._note(test, "failed", error, again=True)

    def addSkip(self, test: Any, reason: str) -> None:
        self._note(test, "skipped")

    def addExpectedFailure(self, test: Any, error: Any) -> None:
        self._note(test, "failed as expected")

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._note(test, "passed unexpectedly")

    def addSubTest(self, test: Any, subtest: Any, error: Any) -> None:
        if error is not None:
            self._note(test, "failed", error, again=True)


def run(suite: unittest.TestSuite | unittest.TestCase) -> dict[str, list[str]]:
    """Test -> [word, traceback]."""
    outcomes = Outcomes()
    with in_silence():
        suite.run(outcomes)
    return outcomes.of


@contextlib.contextmanager
def in_silence() -> Iterator[None]:
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.redirect_stderr(nothing):
        yield
