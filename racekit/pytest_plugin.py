"""The pytest plugin: the marker, the options and the hooks."""

from __future__ import annotations

import functools
import shlex
import sys
import time
import zlib
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest

from racekit.errors import BadArgument
from racekit.kept_schedules import KeptSchedules
from racekit.options import Options
from racekit.progress import shown_on_terminal
from racekit.pytest_items import reports
from racekit.pytest_items.explored import Timeout, explore_item, fail
from racekit.pytest_items.fresh import ENDINGS, FreshItem
from racekit.pytest_items.given import GivenItem, control_exceptions
from racekit.pytest_items.programs import is_concurrent_object, replaying
from racekit.pytest_items.settings import PRECEDENCE, Settings, add_options, settings_of
from racekit.pytest_items.summary import status, summarize
from racekit.pytest_items.told import Colours, Told
from racekit.pytest_items.tried_first import FailedBefore
from racekit.race import below_given, check_test, is_given, is_state_machine
from racekit.schedule import Schedule


@dataclass(frozen=True)
class Plan:
    """How to explore a test."""

    fresh: FreshItem
    options: Options
    replay: Schedule | None
    before: FailedBefore
    given: bool


SETTINGS = pytest.StashKey[Settings]()
PLAN = pytest.StashKey[Plan | None]()
TRIED_FIRST = "This failed in an earlier run, so it was tried first (--race-forget forgets it)."
TIMER = pytest.StashKey[tuple[Any, float]]()


# --- options ---------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("racekit", "race conditions (racekit)")
    add_options(group, parser)
    reports.add_options(group, parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "race(**options): explore the interleavings of the threads that this test starts; the options are those of "
        f"racekit.explore, such as executions=, seconds= and strategy=. {PRECEDENCE}",
    )
    config.stash[SETTINGS] = settings_of(config)
    _show_progress(config)
    reports.register(config)
    config.pluginmanager.register(Colours(config), "racekit-colours")
    if config.getoption("race_forget") and not hasattr(config, "workerinput"):
        _forget(config.stash[SETTINGS].store)


def _show_progress(config: pytest.Config) -> None:
    """Show on pytest's terminal how far a long exploration has come; its output is not captured yet."""

    def column() -> int:
        reporter: Any = config.pluginmanager.getplugin("terminalreporter")
        return 0 if reporter is None else int(reporter._tw.width_of_current_line % reporter._tw.fullwidth)

    shown = ExitStack()
    shown.enter_context(shown_on_terminal(sys.stdout, column))
    config.add_cleanup(shown.close)


def _forget(store: KeptSchedules) -> None:
    try:
        store.forget()
    except OSError as error:
        raise pytest.UsageError(f"--race-forget: {error}: what is kept there is not forgotten.") from None


# --- running ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    __tracebackhide__ = True
    plan = item.stash[PLAN] = plan_for(item)
    if plan is None:
        return (yield)
    with plan.fresh.only_wider_fixtures(and_arguments=plan.given):
        yield
    if not plan.fresh.threaded:
        with plan.fresh.broken_off_at_a_thread():
            plan.fresh.item._request._fillfixtures()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: Any) -> Generator[None, object, object]:
    __tracebackhide__ = True
    plan = request._pyfuncitem.stash.get(PLAN, None)
    if plan is None or fixturedef.scope == "function":
        return (yield)
    with plan.fresh.setting_up(fixturedef):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    __tracebackhide__ = True
    plan = item.stash[PLAN]
    if plan is None:
        with replaying(item, item.config.stash[SETTINGS].token):
            return (yield)
    item.runtest = functools.partial(run_given if plan.given else run, plan, item.runtest)  # type: ignore[method-assign]
    try:
        return (yield)
    finally:
        del item.runtest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.when != "call":
        return (yield)
    plan = item.stash.get(PLAN, None)
    told = Told(item, call)
    report = yield
    told.put_into(report, explored=plan is not None)
    if plan is None:
        return report
    if plan.fresh.statistics is not None:
        setattr(report, "race_statistics", plan.fresh.statistics)
    if plan.fresh.ended_in_set_up and report.failed:
        report.when = "setup"
    if plan.fresh.other_failures:
        report.sections.append(("other failures of this test", plan.fresh.other_failures))
    token = dict(item.user_properties).get("race_token")
    if token in plan.before.failed_again:
        report.sections.append(("replay", TRIED_FIRST))
    elif not told.is_there and token is not None:
        command = f"pytest {shlex.quote(item.nodeid)} --race-replay={shlex.quote(str(token))}"
        report.sections.append(("replay", command))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Call a test that says which values it may return, and keep what it returns."""
    __tracebackhide__ = True
    plan = pyfuncitem.stash.get(PLAN, None)
    if plan is None or plan.options.outcomes is None:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    plan.fresh.value = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    return True


def run(plan: Plan, run_plainly: Callable[[], None]) -> None:
    """Explore a test; but one that was not marked is run plainly first, as far as it starts no thread."""
    __tracebackhide__ = True
    if not plan.fresh.threaded:
        with plan.fresh.broken_off_at_a_thread():
            run_plainly()
    if plan.fresh.threaded:
        explore = functools.partial(explore_item, plan.fresh, plan.options, plan.replay, plan.before)
        in_time(plan.fresh.item, explore)


def run_given(plan: Plan, run_plainly: Callable[[], None]) -> None:
    """Have Hypothesis run a test, each example of which is explored; if it was not marked, once one starts a thread."""
    __tracebackhide__ = True
    GivenItem(plan.fresh, plan.options, plan.replay, plan.before).run(
        run_plainly, functools.partial(in_time, plan.fresh.item)
    )


def plan_for(item: pytest.Item) -> Plan | None:
    """How to explore a test; None if it is only run plainly."""
    settings = item.config.stash[SETTINGS]
    if item.config.getoption("setuponly", False):
        return None
    try:
        keywords = race_keywords(item)
        if not isinstance(item, pytest.Function):
            return None
        explores_itself = is_state_machine(item.function) or is_concurrent_object(item)
        if keywords is None and (explores_itself or not settings.every_thread):
            return None
        options = Options.of({**settings.ini_file, **(keywords or {}), **settings.command_line})
    except BadArgument as error:
        fail(str(error))
    options = replace(options, seed=zlib.crc32(f"{options.seed} {item.nodeid}".encode()))
    before = FailedBefore(settings.store, item, options)
    given = is_given(item.function)
    endings = (*ENDINGS, *control_exceptions()) if given else ENDINGS
    return Plan(
        FreshItem(item, threaded=keywords is not None, endings=endings), options, settings.replay, before, given
    )


def race_keywords(item: pytest.Item) -> dict[str, Any] | None:
    """The options that a test's markers and its decorator give; None if it has neither."""
    function = below_given(getattr(item, "function", item))
    markers = list(item.iter_markers("race"))
    decorated: dict[str, Any] | None = getattr(function, "__racekit_keywords__", None)
    if decorated is None and not markers:
        return None
    check_test(function)
    keywords: dict[str, Any] = {}
    for marker in reversed(markers):
        if marker.args:
            raise BadArgument(
                f"The race marker was given {marker.args[0]!r} without a keyword: name the option, as in executions=50."
            )
        keywords.update(marker.kwargs)
    return keywords | (decorated or {})


# --- pytest-timeout --------------------------------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> None:
    """Remember the timeout, which pytest-timeout itself watches until an exploration takes it over."""
    item.stash[TIMER] = settings, time.monotonic()


def in_time(item: pytest.Item, explore: Callable[[Timeout | None], None]) -> None:
    """Explore a test under its timeout. Its timer is off meanwhile: only racekit can tell which threads were where."""
    __tracebackhide__ = True
    settings, started = item.stash.get(TIMER, (None, 0.0))
    if settings is None:
        explore(None)
        return
    hook = item.config.hook
    hook.pytest_timeout_cancel_timer(item=item)
    try:
        left = max(started + settings.timeout - time.monotonic(), 0.001)
        explore(Timeout(left, settings.timeout))
    finally:
        left = started + settings.timeout - time.monotonic()
        if left > 0:
            hook.pytest_timeout_set_timer(item=item, settings=settings._replace(timeout=left))


# --- summary ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: object) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    return status(report) if isinstance(report, pytest.TestReport) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    settings = config.stash[SETTINGS]
    summarize(terminalreporter, replaying=settings.replay is not None, with_statistics=settings.statistics)
