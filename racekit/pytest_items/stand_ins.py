"""What stands in for parts of pytest in a test that runs many times."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class TestCaseResult:
    """What unittest tells of one run of a TestCase: the first problem, as pytest would report it.

    It has no `addSubTest`, so that a failure in a `subTest` ends the test.
    """

    __test__ = False
    failfast = shouldStop = False

    def __init__(self) -> None:
        self.problem: BaseException | None = None
        self.unexpected_success = False

    def addError(self, case: unittest.TestCase, error: tuple[type, BaseException, object]) -> None:
        self.problem = self.problem or error[1]

    addFailure = addError

    def addSkip(self, case: unittest.TestCase, reason: str) -> None:
        self.problem = self.problem or pytest.skip.Exception(reason, _use_item_location=True)

    def addExpectedFailure(self, case: unittest.TestCase, error: object) -> None:
        self.problem = self.problem or pytest.xfail.Exception("")

    def addUnexpectedSuccess(self, case: unittest.TestCase) -> None:
        self.unexpected_success = True

    def startTest(self, case: unittest.TestCase) -> None: ...

    def stopTest(self, case: unittest.TestCase) -> None: ...

    def addSuccess(self, case: unittest.TestCase) -> None: ...

    def addDuration(self, case: unittest.TestCase, seconds: float) -> None: ...


class NoSubtests:
    """The `subtests` fixture of an explored test: a failure in a subtest ends the test, so that it counts."""

    @contextmanager
    def test(self, msg: str | None = None, **kwargs: object) -> Iterator[None]:
        yield
