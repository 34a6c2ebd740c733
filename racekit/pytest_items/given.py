"""Tests of Hypothesis: each example is explored."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from _pytest.unittest import TestCaseFunction

from racekit.errors import ScheduleMismatch
from racekit.kept_schedules import KeptSchedule, digest
from racekit.options import Options
from racekit.pytest_items import reports
from racekit.pytest_items.explored import Timeout, fail, judge, properties, remember, search, timed_out
from racekit.pytest_items.fresh import Ended, FreshItem
from racekit.pytest_items.summary import statistics
from racekit.pytest_items.tried_first import FailedBefore
from racekit.report.participants import shown_at
from racekit.results import Execution, Exploration
from racekit.schedule import Schedule

if TYPE_CHECKING:
    from racekit.properties.examples import PausedClock

InTime = Callable[[Callable[[Timeout | None], None]], None]
"""Explores within the real time that the test has left."""


class GivenItem:
    """A test item with `@given`: Hypothesis calls the test with one example after another, and each is explored.

    Its fixtures are set up once, as Hypothesis expects it, and then anew for each execution of each example. An example
    that does not follow a schedule to be replayed does not count. Of each bug, the schedule is kept with which the last
    example failed, since that is the smallest one.
    """

    def __init__(self, fresh: FreshItem, options: Options, replay: Schedule | None, before: FailedBefore) -> None:
        self.fresh = fresh
        self._options = options
        self._replay = replay
        self._before = before
        self._failing: dict[object, KeptSchedule] = {}
        self._fixtures = frozenset(fresh.item._fixtureinfo.argnames)
        self._instance: object = None
        self._found: list[Exploration | Execution] = []
        self._mismatch: ScheduleMismatch | None = None
        self._timed_out = ""

    def run(self, run_plainly: Callable[[], None], in_time: InTime) -> None:
        """Have Hypothesis run the test."""
        from racekit.properties.examples import each_example

        __tracebackhide__ = True
        item = self.fresh.item
        test = item.obj
        self._instance = getattr(test, "__self__", None)
        if self.fresh.threaded:
            self.fresh.let_go()
            if isinstance(item, TestCaseFunction):
                run_plainly = test  # each execution runs setUp and tearDown
        failed = True
        try:
            with each_example(item.function, functools.partial(self._run_example, in_time)):
                run_plainly()
            failed = False
        except Ended:
            fail(self._timed_out)
        except Exception:
            if self._mismatch is not None and not self._found:
                fail(str(self._mismatch))
            raise
        finally:
            item.obj = test
            self._tell(failed)

    def _run_example(
        self,
        in_time: InTime,
        function: Callable[..., object],
        args: tuple[object, ...],
        kwargs: dict[str, object],
        clock: PausedClock,
    ) -> None:
        from racekit.properties.examples import inputs_for_each_execution, unexplained

        __tracebackhide__ = True
        fixtures = {name: value for name, value in kwargs.items() if name in self._fixtures or value is self._instance}
        inputs = inputs_for_each_execution({name: value for name, value in kwargs.items() if name not in fixtures})
        if not self._is_threaded(lambda: function(*args, **inputs(), **fixtures)):
            return

        def test(instance: object, fresh: dict[str, object]) -> None:
            __tracebackhide__ = True
            own = {name: instance for name, value in fixtures.items() if value is self._instance}
            function(*(instance if value is self._instance else value for value in args), **inputs(), **fresh, **own)

        self.fresh.test = test
        with clock.paused(), unexplained():
            in_time(functools.partial(self._explore, digest_of(inputs())))

    def _is_threaded(self, run: Callable[[], object]) -> bool:
        """Whether to explore; if no example has started a thread so far, this one is run plainly to see."""
        __tracebackhide__ = True
        fresh = self.fresh
        was_threaded = fresh.threaded
        if not was_threaded:
            with fresh.broken_off_at_a_thread():
                run()
        if fresh.threaded and not was_threaded:
            fresh.let_go()
        return fresh.threaded

    def _explore(self, example: str, timeout: Timeout | None) -> None:
        from racekit.properties.examples import event, reject

        __tracebackhide__ = True
        try:
            try_first = functools.partial(self._before.try_again, example=example)
            found = search(self.fresh, self._options, self._replay, try_first, timeout)
        except ScheduleMismatch as mismatch:
            self._mismatch = self._mismatch or mismatch
            reject()
        self._found.append(found)
        if found.failure is not None:
            bug = type(found.failure.exception), shown_at(found.failure)
            self._failing[bug] = self._before.to_keep(found.failure, example)
        event(f"race: {dict(properties(found))['race_result']}")
        self._timed_out = timed_out(found, timeout)
        if self._timed_out:
            raise Ended
        judge(self.fresh, found)

    def _tell(self, failed: bool) -> None:
        """Put into the test's report what came of all examples together."""
        if not self._found:
            return
        told = [dict(properties(found)) for found in self._found]
        results = [str(each["race_result"]) for each in told]
        cut = next((result for result in results if result.startswith("cut")), None)
        result = "failed" if failed else cut or ("passed" if self._replay else "proved for each example")
        executions = sum(1 if isinstance(found, Execution) else found.executions for found in self._found)
        notes = {note: None for found in self._found for note in properties(found) if note[0] == "race_note"}
        tokens = [("race_token", each["race_token"]) for each in told if "race_token" in each]
        self.fresh.item.user_properties += [
            ("race_executions", executions),
            ("race_result", result),
            *notes,
            *tokens[-1:],
        ]
        if self._replay is None and failed == bool(self._failing):
            remember(self.fresh, self._before, self._failing.values())
        failing = [found for found in self._found if found.failure is not None]
        if failed and failing:
            reports.tell(self.fresh.item, failing[-1], self.fresh.originals, self.fresh.outcomes_page)
        each_took = [statistics(found) for found in self._found if isinstance(found, Exploration)]
        if each_took:
            sums = {
                name: sum(took[name] for took in each_took)
                for name, value in each_took[0].items()
                if not isinstance(value, str)
            }
            verdict = f"{len(each_took):,} examples: {result}"
            self.fresh.statistics = {**sums, "result": result, "verdict": verdict}


def digest_of(inputs: Mapping[str, object]) -> str:
    """A short text that tells the inputs of one example from those of others, as far as their `repr` does."""
    try:
        return digest(*(f"{name}={value!r}" for name, value in inputs.items()))
    except Exception:  # of the repr of one of them
        return digest(*inputs)


def control_exceptions() -> tuple[type[BaseException], ...]:
    """The exceptions by which an example says that it tells nothing."""
    from racekit.properties.examples import CONTROL_EXCEPTIONS

    return CONTROL_EXCEPTIONS
