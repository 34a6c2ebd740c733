"""The report of a failure as a part of pytest's own: below the traceback, plain in files, coloured on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from racekit.errors import RaceFailure
from racekit.failure import Failure, failure_noted_on
from racekit.pytest_items.programs import is_concurrent_object
from racekit.report.colour import coloured
from racekit.report.columns import WIDTH, wrapped
from racekit.report.text import failure_report, headline_in, replay_command
from racekit.results import Execution, Exploration

SECTION = "race"


def tell_with(found: Exploration | Execution, test: str) -> None:
    """Have the reports of what was found say how this test is run again."""

    def told(failure: Failure) -> Failure:
        return replace(failure, report=failure_report(failure, test))

    if isinstance(found, Exploration):
        found.failures = tuple(map(told, found.failures))
    elif found.failure is not None:
        found.failure = told(found.failure)


def other_failures(found: Exploration | Execution, test: str) -> str:
    """The failures besides the first one, which is what the test raises: each with its number and its command."""
    return in_brief(found.failures[1:] if isinstance(found, Exploration) else (), test)


def in_brief(failures: Iterable[Failure], test: str) -> str:
    """Each failure with its number and its command."""
    lines: list[str] = []
    for failure in failures:
        count = f"{failure.count:,} execution{'' if failure.count == 1 else 's'}"
        lines += wrapped(f"{failure.headline} ({count})", indent="  ")
        lines += replay_command(test, failure.schedule.token)
    return "\n".join(lines)


class Told:
    """How pytest reports what a test raised, if that comes with the report of a failure.

    In the summary, which shows the whole message on a CI server, in the attribute of junit's XML, and beside a line of
    code it is a sentence. Of several errors that Hypothesis found, the report of the first one is shown as a whole.
    """

    def __init__(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        of_test_case: Sequence[pytest.ExceptionInfo[BaseException]] = vars(item).get("_excinfo") or ()
        raised = next(iter(of_test_case), call.excinfo)
        error = None if raised is None else raised.value
        self._raised = raised
        self._test = item.nodeid
        self._race = error if isinstance(error, RaceFailure) and error.failure is not None else None
        self._of_program = is_concurrent_object(item)
        self._in_full = "" if self._race is None else str(self._race)
        if self._race is not None:
            self._race.args = (_in_a_narrow_column(self._race),)
        self._noted = _noted_on(error)
        for each in _leaves(error):
            failure = failure_noted_on(each)
            notes = getattr(each, "__notes__", [])
            if failure is not None and failure.report in notes:
                notes.remove(failure.report)  # pytest would show it in a narrow column

    @property
    def is_there(self) -> bool:
        """Whether there is such a report to be shown."""
        return self._race is not None or bool(self._noted)

    def put_into(self, report: pytest.TestReport, *, explored: bool) -> None:
        """Show it. In a test that was `explored`, or of a program that was made, no line of code has raised it."""
        if self._race is not None:
            self._race.args = (self._in_full,)
            if (explored or self._of_program) and self._race.__cause__ is None and self._raised is not None:
                report.longrepr = self._raised.getrepr(style="value", tbfilter=False)
                if notes := getattr(self._race, "__notes__", ()):
                    report.sections.insert(0, ("example", "\n".join(notes)))
            else:
                _add_section(report, self._in_full)
            _summarize(report, headline_in(self._in_full))
        elif self._noted:
            first, *others = self._noted
            _add_section(report, first.report)
            if others:
                report.sections.append(("other failures of this test", in_brief(others, self._test)))
            if first.diagnosis.pattern not in _WITHOUT_A_NAME:
                line, *lines = _message(report).split("\n")
                _summarize(report, "\n".join([f"{line} ({first.headline})", *lines]))
        if self.is_there:
            setattr(report, "race_report", True)


_MARGIN = len("E       ")


def _in_a_narrow_column(error: RaceFailure) -> str:
    """The sentence alone, as it fits beside a line of code, behind the margin and the name of the error."""
    name = f"{type(error).__module__}.{type(error).__qualname__}: "
    sentence = headline_in(str(error))
    return textwrap.fill(sentence, WIDTH - _MARGIN, initial_indent=name, subsequent_indent="  ").removeprefix(name)


def _leaves(error: BaseException | None) -> Iterator[BaseException]:
    """The errors in a group, and in the groups in it; or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    elif error is not None:
        yield error


def _noted_on(error: BaseException | None) -> list[Failure]:
    return [failure for each in _leaves(error) if (failure := failure_noted_on(each)) is not None]


_WITHOUT_A_NAME = ("", "exception in a thread")
"""Patterns whose sentence begins with the exception itself."""


def _add_section(report: pytest.TestReport, text: str) -> None:
    """Below the traceback; an item of another plugin may have shown the exception as a mere text."""
    longrepr: Any = report.longrepr
    if hasattr(longrepr, "addsection"):
        longrepr.addsection(SECTION, text)
    else:
        report.sections.append((SECTION, text))


def _message(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return "" if crash is None else str(crash.message)


def _summarize(report: pytest.TestReport, message: str) -> None:
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = message


class Colours:
    """Colours the reports for the terminal, after all that writes files has seen them."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "race_report") or not self._config.get_terminal_writer().hasmarkup:
            return
        longrepr: Any = report.longrepr
        sections = getattr(longrepr, "sections", [])
        sections[:] = [
            (name, coloured(content) if name == SECTION else content, separator)
            for name, content, separator in sections
        ]
        for entry in getattr(getattr(longrepr, "reprtraceback", None), "reprentries", []):
            if getattr(entry, "style", "") == "value":
                entry.lines = coloured("\n".join(entry.lines)).split("\n")
