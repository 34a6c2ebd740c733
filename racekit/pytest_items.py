"""Test items as bodies: run many times, each time with fresh fixtures, and explored."""

from __future__ import annotations

import inspect
import shutil
import threading
import unittest
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any, NamedTuple, NoReturn

import pytest
from _pytest.logging import caplog_records_key
from _pytest.outcomes import OutcomeException
from _pytest.unittest import TestCaseFunction

from racekit.errors import ExecutionAborted, InternalError, RaceFailure, RacekitError
from racekit.explore import Execution, Exploration, explore_body, replay_body
from racekit.options import Options
from racekit.race import running_plainly
from racekit.runtime import originals
from racekit.schedule import Schedule
from racekit.watch.swap import Swaps, copy_of, forwarding_code

# How a test ends itself, whatever the schedule: nothing to explore further, and no failure.
ENDINGS = (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception, unittest.SkipTest)


class Ended(KeyboardInterrupt):
    """Ends an exploration at once, as Ctrl-C does: the test has ended itself. Private."""


class ThreadStarted(BaseException):
    """Ends the plain run of a test just before it starts a thread. Private."""


class FreshItem:
    """A test item as a body: each call of `execute` runs the test once, with all that belongs to one test made anew.

    Function-scoped fixtures, `setUp`, `setup_method` and the instance of the test class are made, used and torn down
    within one call, so that the threads they start and end belong to that execution. Wider fixtures stay, and are set
    up before, outside of control.

    `threaded` tells whether the test is to be explored, `ending` how it ended itself, such as by `pytest.skip`, and
    `failed_with` what the last execution raised.
    """

    def __init__(self, item: pytest.Function, *, threaded: bool) -> None:
        self.item = item
        self.threaded = threaded
        self.output = Output(item)
        self.ending: BaseException | None = None
        self.ended_in_set_up = False
        self.failed_with: BaseException | None = None
        self.unexpected_success = False
        self._executions = 0
        self._state = item.session._setupstate
        self._run = self._run_test_case if isinstance(item, TestCaseFunction) else item.runtest
        self._decorated = getattr(item.function, "__racekit_body__", None)
        self._lists: list[tuple[list[Any], list[Any]]] = []
        self._stash: dict[Any, Any] = {}
        self._keep(item.own_markers)
        self._keep(item.user_properties)

    # --- the plain phases of a test -----------------------------------------------------------------------------------

    @contextmanager
    def only_wider_fixtures(self) -> Iterator[None]:
        """Meanwhile the set-up of the item sets up the wider fixtures alone."""
        item = self.item
        names = item.fixturenames
        fixtures = item._fixtureinfo.name2fixturedefs
        item.fixturenames = [name for name in names if name in fixtures and fixtures[name][-1].scope != "function"]
        try:
            yield
        finally:
            item.fixturenames = names

    @contextmanager
    def broken_off_at_a_thread(self) -> Iterator[None]:
        """What runs inside is broken off when it is about to start a thread: then the test is a threaded one."""

        def break_off() -> None:
            self.threaded = True
            raise ThreadStarted

        try:
            with thread_starts(break_off):
                yield
        except (KeyboardInterrupt, pytest.exit.Exception):
            raise
        except BaseException:
            if not self.threaded:
                raise
        if self.threaded:
            vars(self.item).pop("_excinfo", None)  # where unittest has put the ThreadStarted

    def let_go(self) -> None:
        """Tear down what the plain phases have made for this test: each execution makes its own."""
        self._stash = dict(self.item.stash._storage)
        self._keep(self.item._report_sections)
        self.tear_down()

    def _keep(self, content: list[Any]) -> None:
        self._lists.append((content, content.copy()))

    # --- executions ---------------------------------------------------------------------------------------------------

    def execute(self) -> None:
        """One execution. Raises what the test raises, or Ended."""
        __tracebackhide__ = True
        self._renew()
        try:
            self._set_up()
            if self.ending is None:
                self.output.enter("call")
                with running_plainly(self._decorated):
                    self._run()
        except ENDINGS as ending:
            self.ending = ending
        except BaseException as failure:
            self.failed_with = failure
            try:
                self.tear_down()
            except (Exception, OutcomeException) as another:
                failure.add_note(f"Then its teardown raised {another!r}.")
            raise
        self.output.enter("teardown")
        self.tear_down()
        if self.ending is not None:
            raise Ended

    def tear_down(self) -> None:
        """Tear down what belongs to this test alone."""
        __tracebackhide__ = True
        left = self._state.stack.get(self.item, ([], None))[0]
        try:
            self._state.teardown_exact(self.item.parent)  # type: ignore[arg-type]
        finally:
            # Only an abort leaves something here. pytest does not reckon with exceptions that are neither errors nor
            # outcomes: it would skip the rest, and keep half a fixture whose set-up was cut off.
            _finish(left)
            for fixtures in self.item._fixtureinfo.name2fixturedefs.values():
                for fixture in fixtures:
                    if fixture.cached_result is None:
                        _finish(fixture._finalizers)

    def _renew(self) -> None:
        """Forget what the last execution left on the item."""
        item = self.item
        self.output.discard()
        self._remove_tmp_path()
        self.failed_with = None
        item.stash._storage.update(self._stash)
        for kept, content in self._lists:
            kept[:] = content
        bound = vars(item).get("_obj")
        if isinstance(item.parent, pytest.Class) and (bound is None or inspect.ismethod(bound)):
            vars(item).pop("_obj", None)
            vars(item).pop("_instance", None)
        item._initrequest()
        assert item.obj is not None  # this makes the new instance: the teardown of a TestCase counts on it

    def _set_up(self) -> None:
        __tracebackhide__ = True
        self.output.enter("setup")
        self._executions += 1
        try:
            self._state.setup(self.item)
        except (Exception, OutcomeException) as error:
            if self._executions > 1:
                raise
            self.ending = error  # it cannot be set up at all: that is an error, as in any test
            self.ended_in_set_up = True
        if "subtests" in self.item.funcargs:
            self.item.funcargs["subtests"] = NoSubtests()

    def _run_test_case(self) -> None:
        """As TestCaseFunction.runtest does, except that the result is ours to judge."""
        __tracebackhide__ = True
        item = self.item
        case: Any = item.instance
        result = TestCaseResult()
        setattr(case, item.name, item.obj)
        try:
            case(result=result)
        finally:
            delattr(case, item.name)
        self.unexpected_success = result.unexpected_success
        if result.problem is not None:
            raise result.problem

    def _remove_tmp_path(self) -> None:
        """Each execution has a `tmp_path` of its own, with the same name: only that of the last one is kept."""
        fixtures = self.item._fixtureinfo.name2fixturedefs.get("tmp_path", ())
        path = self.item.funcargs.get("tmp_path")
        if path is not None and fixtures and fixtures[-1].func.__module__ == "_pytest.tmpdir":
            shutil.rmtree(str(path), ignore_errors=True)


def _finish(finalizers: list[Callable[[], object]]) -> None:
    while finalizers:
        try:
            finalizers.pop()()
        except BaseException:
            pass


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


class Output:
    """What a test prints, logs and warns of in its executions, which must not pile up.

    Left at the end is what the last execution printed and logged, and each warning once.
    """

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.capture: Any = item.config.pluginmanager.getplugin("capturemanager")
        self.logging: Any = item.config.pluginmanager.getplugin("logging-plugin")
        self.warnings: list[warnings.WarningMessage] = []

    def discard(self) -> None:
        if self.capture is not None:
            self.capture.read_global_capture()
        if self.logging is not None:
            self.logging.report_handler.reset()
        self._discard_repeated_warnings()

    def _discard_repeated_warnings(self) -> None:
        if self.warnings:
            different = {(w.category, str(w.message), w.filename, w.lineno): w for w in self.warnings}
            self.warnings[:] = different.values()

    def enter(self, when: str) -> None:
        """From here on `caplog` shows what is logged in this phase of the test, as it does in a plain run."""
        if self.logging is not None:
            self.logging.caplog_handler.reset()
            self.item.stash[caplog_records_key][when] = self.logging.caplog_handler.records

    @contextmanager
    def of_one_run(self) -> Iterator[None]:
        try:
            with warnings.catch_warnings(record=True) as self.warnings:
                yield
        finally:
            self._discard_repeated_warnings()
            for w in self.warnings:
                warnings.showwarning(w.message, w.category, w.filename, w.lineno)


class Timeout(NamedTuple):
    """The real seconds that an exploration has left, of those that its test was given."""

    left: float
    given: float


def explore_item(fresh: FreshItem, options: Options, schedule: Schedule | None, timeout: Timeout | None = None) -> None:
    """Explore a test that has been set up, or replay `schedule`, and raise what the result deserves."""
    __tracebackhide__ = True
    fresh.let_go()
    found: Exploration | Execution | None = None
    seconds = None if timeout is None else timeout.left
    try:
        with fresh.output.of_one_run():
            if schedule is None:
                found = explore_body(fresh.execute, options, timeout=seconds)
            else:
                found = replay_body(fresh.execute, schedule, options, timeout=seconds)
            if found.failure is not None and fresh.failed_with is None:
                replay_body(fresh.execute, found.failure.schedule, options)  # so that its output is what is shown
    except Ended:
        pass
    except InternalError:
        raise
    except RacekitError as error:
        if found is None:
            fail(str(error))
    if fresh.ending is not None:
        raise fresh.ending
    assert found is not None
    fresh.item.user_properties += properties(found)
    if timeout is not None and isinstance(found, Exploration) and found.cut_by == "timeout":
        fail(f"Timeout (>{timeout.given:g}s) in an exploration by racekit.\n{found.stuck}")
    try:
        found.check()
    except RaceFailure as stuck:
        # A test that fails and then gets stuck in its teardown has failed, first of all.
        if fresh.failed_with is None or isinstance(fresh.failed_with, (RaceFailure, ExecutionAborted)):
            raise
        raise stuck from fresh.failed_with
    if fresh.unexpected_success:
        fail("Unexpected success")


def fail(message: str) -> NoReturn:
    """Fail a test with just this message. (pytest has words of its own for a traceback without a frame to be seen.)"""
    raise pytest.fail.Exception(message, pytrace=False) from None


def properties(found: Exploration | Execution) -> list[tuple[str, object]]:
    """What a test report tells of an exploration, in --junitxml too."""
    if isinstance(found, Execution):
        executions, result = 1, "passed"
    else:
        executions, result = found.executions, "proved" if found.proved else f"cut by {found.cut_by}"
    if found.failure is None:
        return [("race_executions", executions), ("race_result", result)]
    token = found.failure.schedule.token
    return [("race_executions", executions), ("race_result", "failed"), ("race_token", token)]


@contextmanager
def thread_starts(act: Callable[[], object]) -> Iterator[None]:
    """Meanwhile `act` is called whenever the calling thread is about to start another one."""
    caller = threading.get_ident()
    start = originals.thread_start
    assert isinstance(start, FunctionType)
    plain_start = copy_of(start)

    def announced_start(thread: threading.Thread) -> None:
        __tracebackhide__ = True
        if threading.get_ident() == caller:
            act()
        plain_start(thread)

    swaps = Swaps()
    swaps.swap(start, forwarding_code(start.__code__, announced_start))
    try:
        yield
    finally:
        swaps.undo()
