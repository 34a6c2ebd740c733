"""The test case of a concurrent object: it has Hypothesis look for a program that fails, and is collected by pytest.

It can be told what Hypothesis's own tests are told: by `settings`, `seed` and `replay`, which are attributes as those
of a state machine's test case are, and by decorators such as `@reproduce_failure`, on it or on the decorated class.
"""

from __future__ import annotations

import os
import re
import shlex
import unittest
import warnings
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, reproduce_failure, settings
from hypothesis.errors import DidNotReproduce

from racekit.errors import ScheduleMismatch
from racekit.programs.judging import Violation
from racekit.programs.token import ProgramToken, sizes_of
from racekit.properties.search import Found, Search
from racekit.report.text import replay_command

Decorator = Callable[[Any], Any]
"""Passes on what decorators have told, to what Hypothesis runs."""

Test = Callable[[settings, Decorator], None]
"""Has Hypothesis run a search."""

_BLOB = re.compile(r"@reproduce_failure\('[^']*', b'([^']*)'\)")


class ConcurrentTestCase(unittest.TestCase):
    """Base of all test cases of concurrent objects."""

    settings = settings(deadline=None, suppress_health_check=list(HealthCheck))
    seed: int | None = None
    replay: str | None = None
    """A token, instead of a search."""

    _begin: ClassVar[Callable[[], tuple[Search, Test]]]
    _pinned: ClassVar[str | None]
    _pinning: ClassVar[str]
    _decorated: ClassVar[type]
    _undecorated: ClassVar[frozenset[str]]

    def runTest(self) -> None:
        __tracebackhide__ = True
        cls = type(self)
        if cls.replay is not None:
            self._run_again(ProgramToken.parse(cls.replay))
            return
        if cls._pinned is not None:
            self._run_pinned(ProgramToken.parse(cls._pinned))
        search, test = cls._begin()
        if not fails(search, test, cls.settings, self._decorate):
            return
        raise search.failure(self._what_to_do(search.example))

    def _run_again(self, token: ProgramToken) -> None:
        __tracebackhide__ = True
        search, test = type(self)._begin()
        search.replayed = token
        chosen = settings(type(self).settings, database=None)
        reproduced = reproduce_failure(hypothesis.__version__, token.example.encode())
        try:
            test(chosen, reproduced)
        except DidNotReproduce:
            return
        except Found:
            pass
        raise search.failure(self._what_to_do(token.example))

    def _run_pinned(self, token: ProgramToken) -> None:
        __tracebackhide__ = True
        try:
            self._run_again(token)
        except ScheduleMismatch as mismatch:
            message = f"The program of {token} can no longer be run like that, so it was not run first. {mismatch}"
            warnings.warn(message, stacklevel=2)

    @classmethod
    def _decorate(cls, function: Any) -> Any:
        """Give to a function, or a class, what decorators have left on this class, and on the one it was made for."""
        for told in cls._decorated, cls:
            for name, value in vars(told).items():
                if name not in cls._undecorated and not name.startswith("__"):
                    setattr(function, name, value)
        return function if cls.seed is None else hypothesis.seed(cls.seed)(function)

    @classmethod
    def _what_to_do(cls, example: str) -> Callable[[Violation], list[str]]:
        def lines(violation: Violation) -> Iterator[str]:
            if not example:
                yield f"  schedule:  {violation.schedule}"
                return
            program = str(ProgramToken(violation.schedule, sizes_of(violation.task.program), example))
            token = shlex.quote(program)
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
            if test:
                yield from replay_command(test, program)
            else:
                yield f"  replay:  {cls.__qualname__}.replay = {token}"
            yield f"  pin:     {cls._pinning.format(token)}"
            if cls.settings.print_blob:
                yield f"  blob:    @reproduce_failure({hypothesis.__version__!r}, {example.encode()!r})"

        return lambda violation: list(lines(violation))


def make_test_case(
    cls: type, begin: Callable[[], tuple[Search, Test]], pinned: str | None, pinning: str
) -> type[ConcurrentTestCase]:
    """The test case of a decorated class.

    `pinned` is the token of what it runs first, and `pinning` the code that says so, with `{}` for a token. Raises
    BadArgument for what is no token of a program.
    """
    if pinned is not None:
        ProgramToken.parse(pinned)
    name = {"__module__": cls.__module__, "__qualname__": f"{cls.__qualname__}.TestCase"}
    told = {"_begin": staticmethod(begin), "_pinned": pinned, "_pinning": pinning, "_decorated": cls}
    made: Any = type(f"{cls.__name__}.TestCase", (ConcurrentTestCase,), {**name, **told})
    made._undecorated = frozenset({*vars(cls), *vars(made), *vars(ConcurrentTestCase), "_undecorated", "TestCase"})
    test_case: type[ConcurrentTestCase] = made
    return test_case


def fails(search: Search, test: Test, chosen: settings, decorate: Decorator) -> bool:
    """Have Hypothesis look for a program that fails; the search then knows it, and how it was made.

    A program is explored for as long as that takes, so it has no deadline; one failure is enough.
    """
    __tracebackhide__ = True
    phases = [phase for phase in chosen.phases if phase is not Phase.explain]
    configured = settings(chosen, deadline=None, report_multiple_bugs=False, phases=phases, print_blob=True)
    try:
        if Phase.reuse in phases and chosen.database is not None:
            _explore_what_failed_before(search, test, configured, decorate)
        try:
            test(configured, decorate)
        except DidNotReproduce:
            search.thorough = True
            test(configured, decorate)
    except Found as found:
        told = _BLOB.search("\n".join(getattr(found, "__notes__", ())))
        search.example = "" if told is None else told[1]
    return search.violation is not None


def _explore_what_failed_before(search: Search, test: Test, chosen: settings, decorate: Decorator) -> None:
    """With all executions: it may have been found late in the last run, when programs get more of them.

    What fails is then known to the search, which comes to it again at once. It may be smaller now, if the class has
    changed since, as Hypothesis makes up what is missing.
    """
    __tracebackhide__ = True
    search.thorough = True
    try:
        test(settings(chosen, phases=[Phase.reuse]), decorate)
    except (Found, unittest.SkipTest):
        pass  # unittest: there is nothing in the database
    search.thorough = False
