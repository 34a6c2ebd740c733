"""Run the tests of one test module of CPython under control, each under a few schedules."""

from __future__ import annotations

import importlib
import importlib.util
import queue
import types
import unittest
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from test import lock_tests, support

import racekit
from tests.cpython import exceptions, outcomes


def _modules_about_executors() -> list[str]:
    """A package in newer versions, before that a single module."""
    found = importlib.util.find_spec("test.test_concurrent_futures")
    if found is not None and found.submodule_search_locations is None:
        return ["test_concurrent_futures"]
    parts = ("as_completed", "future", "init", "shutdown", "thread_pool", "wait")
    return [f"test_concurrent_futures.test_{part}" for part in parts]


MODULES = (
    "test_thread",
    "test_threading",
    "test_threading_local",
    "test_queue",
    "test_sched",
    *_modules_about_executors(),
)
SECONDS = 20.0
"""For each test."""
_FEWER = {1_000: 100, 10_000: 100, 1024 * 64: 64}
"""How many messages the stress tests of queues send -> how many are enough where every switch is a choice."""
_HARMLESS_CUTS = frozenset(
    {
        "executions",
        "seconds",
        "a count of the threads of an executor",
        "the contexts of the threads of an executor",
        None,
    }
)
"""Whatever else cuts an exploration means that not all of the test was under control."""
ELSEWHERE = "passed in a process of its own"
"""What becomes of a test that starts a program: it shows nothing about control, except that it does no harm."""
_ENDLESS = 1e6
"""Virtual seconds that tests wait for their threads: a schedule may let those sleep on that look at the clock."""


def run(module: str, *, executions: int, seeds: int, only: str = "") -> dict[str, list[str]]:
    """Test -> [word, report], as it comes out under control."""
    support.SHORT_TIMEOUT = support.LONG_TIMEOUT = lock_tests.BarrierTests.defaultTimeout = _ENDLESS
    found = importlib.import_module(f"test.{module}")
    prepare(found)
    results: dict[str, list[str]] = {}
    for test in _tests(unittest.defaultTestLoader.loadTestsFromModule(found)):
        name = test.id().removeprefix("test.")
        if only in name and not reason_against(name):
            results[test.id()] = explored(test, f"test.{module}", executions, seeds)
    return results


def prepare(module: types.ModuleType) -> None:
    """Make what a module tests ready for control."""
    _use_the_one_queue(module)
    for case in vars(module).values():
        for function in vars(case).values() if isinstance(case, type) and module.__name__ == "test.test_queue" else ():
            if isinstance(function, types.FunctionType):
                code = function.__code__
                function.__code__ = code.replace(co_consts=tuple(_FEWER.get(each, each) for each in code.co_consts))


def _use_the_one_queue(module: types.ModuleType) -> None:
    """test_queue imports a second copy of `_queue`, whose SimpleQueue is a type that racekit cannot know."""
    for case in vars(module).values():
        if isinstance(case, type) and "queue" in vars(case) and vars(case)["queue"] is module.c_queue:
            setattr(case, "queue", queue)


def reason_against(name: str) -> str:
    """Why the test is not run under control, if it is not."""
    return next((reason for pattern, reason in exceptions.CONTROLLED.items() if fnmatch(name, pattern)), "")


def explored(test: unittest.TestCase, module: str, executions: int, seeds: int) -> list[str]:
    """How one test comes out by the default schedule and `executions` others for each seed: a word, and a report."""
    words: set[str] = set()

    def body() -> None:
        again = type(test)(test._testMethodName)
        for word, traceback in outcomes.run(unittest.TestSuite([again])).values():
            words.add(word)
            assert word not in ("failed", "error"), traceback

    default: dict[str, Any] = {"executions": 1, "strategy": "bounded"}
    others = [{"executions": executions, "seconds": SECONDS / seeds, "seed": seed} for seed in range(seeds)]
    for options in (default, *({"strategy": "random", **each} for each in others)):
        try:
            exploration = racekit.explore(body, include=("test.lock_tests", module), **options)
        except Exception as error:
            return ["error", repr(error)]
        if not exploration.ok:
            reason = exploration.failure and exploration.failure.exception
            return ["failed", f"{reason}\n{exploration}"]
        if exploration.cut_by == "a process outside control":
            return [ELSEWHERE, ""]
        if exploration.stuck or exploration.cut_by not in _HARMLESS_CUTS:
            return [f"cut by {exploration.cut_by}", f"{exploration.stuck} {exploration.notes}"]
    return [" or ".join(sorted(words)) or "not run", ""]


def _tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for each in suite:
        if isinstance(each, unittest.TestSuite):
            yield from _tests(each)
        else:
            yield each
