"""The report of a failure as a part of pytest's own: below the traceback, plain in files, coloured on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from racekit.failure import Failure
from racekit.report.colour import coloured
from racekit.report.text import failure_report
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


def take_out(error: BaseException, text: str) -> bool:
    """Take the report from the notes of an exception, among which pytest would show it in a narrow column."""
    notes = getattr(error, "__notes__", [])
    if text not in notes:
        return False
    notes.remove(text)
    return True


def put_below(report: pytest.TestReport, text: str) -> None:
    """Show the report below the traceback; a test that failed without one shows nothing else."""
    longrepr: Any = report.longrepr
    longrepr.addsection(SECTION, text)


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
