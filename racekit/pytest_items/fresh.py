"""A test item that can be run many times, each time with fresh fixtures."""

from __future__ import annotations

import functools
import inspect
import shutil
import unittest
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from _pytest.fixtures import FixtureDef
from _pytest.outcomes import OutcomeException
from _pytest.unittest import TestCaseFunction

from racekit.pytest_items.output import Output
from racekit.pytest_items.stand_ins import NoSubtests, TestCaseResult
from racekit.pytest_items.thread_starts import ThreadStarted, thread_starts
from racekit.race import below_given, running_plainly
from racekit.schedule import Schedule
from racekit.trace import Trace

# How a test ends itself, whatever the schedule: nothing to explore further, and no failure.
ENDINGS = (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception, unittest.SkipTest)


class Ended(KeyboardInterrupt):
    """Ends an exploration at once, as Ctrl-C does: the test has ended itself. Private."""


class WiderFixtureNeeded(Ended):
    """Ends an execution that asks for a wider fixture, which has to be set up outside of control. Private."""


class FreshItem:
    """A test item as a body: each call of `execute` runs the test once, with all that belongs to one test made anew.

    Function-scoped fixtures, `setUp`, `setup_method` and the instance of the test class are made, used and torn down
    within one call, so that the threads they start and end belong to that execution. Wider fixtures stay, and are set
    up outside of control: before, or when an execution has asked for one by `request.getfixturevalue`.

    `threaded` tells whether the test is to be explored, `ending` how it ended itself (by one of the `endings`, such as
    what `pytest.skip` raises), `failed_with` what the last execution raised, `value` what the test returned, if it says
    what it may return, `statistics` what the exploration took, once it is over, `other_failures` what it found besides
    the first, and `originals` the executions of schedules that were minimized afterwards. If `test` is set, it is
    called with the instance of the test class and the fixtures, and calls the test function in its own way.
    """

    def __init__(
        self, item: pytest.Function, *, threaded: bool, endings: tuple[type[BaseException], ...] = ENDINGS
    ) -> None:
        self.item = item
        self.threaded = threaded
        self.test: Callable[[object, dict[str, object]], None] | None = None
        self.output = Output(item)
        self.ending: BaseException | None = None
        self.ended_in_set_up = False
        self.failed_with: BaseException | None = None
        self.value: object = None
        self.unexpected_success = False
        self.statistics: dict[str, Any] | None = None
        self.originals: Mapping[Schedule, Trace] = {}
        self.other_failures = ""
        self.outcomes_page = ""
        self._executions = 0
        self._executing = False
        self._in_wider_fixture = False
        self._asked_for: set[str] = set()
        self._missing: str | None = None
        self._state = item.session._setupstate
        self._run = self._run_test_case if isinstance(item, TestCaseFunction) else item.runtest
        self._function = item.obj
        self._is_method = isinstance(item.parent, pytest.Class) and inspect.ismethod(item.obj)
        self._endings = endings
        self._decorated = getattr(below_given(item.function), "__racekit_body__", None)
        self._lists: list[tuple[list[Any], list[Any]]] = []
        self._stash: dict[Any, Any] = {}
        item.user_properties[:] = [kept for kept in item.user_properties if not kept[0].startswith("race_")]  # a rerun
        self._keep(item.own_markers)
        self._keep(item.user_properties)

    # --- the plain phases of a test -----------------------------------------------------------------------------------

    @contextmanager
    def only_wider_fixtures(self, *, and_arguments: bool = False) -> Iterator[None]:
        """Meanwhile the set-up of the item sets up the wider fixtures alone, or also those that the test names."""
        fixtures = self.item._fixtureinfo.name2fixturedefs
        names = self.item.fixturenames
        kept = set(self.item._fixtureinfo.argnames) if and_arguments else set()
        kept.update(name for name in names if name in fixtures and fixtures[name][-1].scope != "function")
        with self._only([name for name in names if name in kept]):
            yield

    @contextmanager
    def _only(self, names: list[str]) -> Iterator[None]:
        before = self.item.fixturenames
        self.item.fixturenames = names
        try:
            yield
        finally:
            self.item.fixturenames = before

    @contextmanager
    def broken_off_at_a_thread(self) -> Iterator[None]:
        """What runs inside is broken off when it is about to start a thread: then the test is a threaded one."""

        def break_off() -> None:
            if not self._in_wider_fixture:
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
        self._make_base_of_tmp_path(self.item.fixturenames)
        self.tear_down()

    def _keep(self, content: list[Any]) -> None:
        self._lists.append((content, content.copy()))

    @contextmanager
    def setting_up(self, fixture: FixtureDef[Any]) -> Iterator[None]:
        """Around the set-up of a wider fixture: it breaks an execution off, and in a plain phase may start threads."""
        if self._executing and fixture.argname not in self._asked_for:
            self._missing = fixture.argname
            fixture._finalizers.clear()
            raise WiderFixtureNeeded
        before, self._in_wider_fixture = self._in_wider_fixture, True
        try:
            yield
        finally:
            self._in_wider_fixture = before

    def set_up_missing_fixture(self) -> bool:
        """Set up the wider fixture that the last execution asked for; False if it did not."""
        if self._missing is None:
            return False
        self._asked_for.add(self._missing)
        self.item._initrequest()
        with self._only([self._missing]):
            self._state.setup(self.item)
        self._make_base_of_tmp_path([self._missing])
        self._missing = None
        self.tear_down()
        return True

    # --- executions ---------------------------------------------------------------------------------------------------

    def execute(self) -> object:
        """One execution; returns `value`. Raises what the test raises, or Ended."""
        __tracebackhide__ = True
        self._executing = True
        try:
            self._execute()
        finally:
            self._executing = False
        return self.value

    def _execute(self) -> None:
        __tracebackhide__ = True
        self._renew()
        try:
            self._set_up()
            if self.ending is None:
                self.output.enter("call")
                with running_plainly(self._decorated):
                    if self.test is None:
                        self._run()
                    else:
                        self._run_instead(self.test)
        except self._endings as ending:
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
        self.value = None
        self._remove_tmp_path()
        self.failed_with = None
        item.stash._storage.update(self._stash)
        for kept, content in self._lists:
            kept[:] = content
        if self._is_method:
            vars(item).pop("_obj", None)
            vars(item).pop("_instance", None)
        else:
            item.obj = self._function
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
        if self._uses("subtests", "_pytest.subtests") or self._uses("subtests", "pytest_subtests.plugin"):
            self.item.funcargs["subtests"] = NoSubtests()

    def _run_instead(self, test: Callable[[object, dict[str, object]], None]) -> None:
        __tracebackhide__ = True
        item = self.item
        instance = getattr(item.obj, "__self__", None)
        if isinstance(item, TestCaseFunction):
            item.obj = functools.partial(test, instance, {})
            self._run_test_case()
        else:
            test(instance, {name: item.funcargs[name] for name in item._fixtureinfo.argnames})

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

    def _make_base_of_tmp_path(self, fixtures: list[str]) -> None:
        """The first `tmp_path` of a session makes a directory for all of them, which no execution shall do alone."""
        factory = getattr(self.item.config, "_tmp_path_factory", None)
        if factory is not None and "tmp_path_factory" in fixtures:
            factory.getbasetemp()

    def _remove_tmp_path(self) -> None:
        """Each execution has a `tmp_path` of its own, with the same name: only that of the last one is kept."""
        if self._uses("tmp_path", "_pytest.tmpdir"):
            shutil.rmtree(str(self.item.funcargs["tmp_path"]), ignore_errors=True)

    def _uses(self, name: str, module: str) -> bool:
        """Whether the test has a fixture of this name, and it is that of this module."""
        fixtures = self.item._fixtureinfo.name2fixturedefs.get(name, ())
        return name in self.item.funcargs and len(fixtures) > 0 and fixtures[-1].func.__module__ == module


def _finish(finalizers: list[Callable[[], object]]) -> None:
    while finalizers:
        try:
            finalizers.pop()()
        except BaseException:
            pass
