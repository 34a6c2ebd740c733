"""What pytest says of the explorations: behind each test's name when it is verbose, and at the end of the session."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import pytest

from racekit.report.statistics import Statistics, statistics_of, total
from racekit.results import Exploration


def statistics(found: Exploration) -> dict[str, Any]:
    """What an exploration took, in the plain types in which a report travels between processes."""
    failure = found.failure
    verdict = found.verdict if failure is None else f"failed in execution {failure.execution:,}"
    effort = found.effort
    return asdict(
        Statistics(
            result(found),
            verdict,
            found.executions,
            found.seconds,
            effort.points,
            effort.rewriting,
            effort.running,
            effort.searching,
        )
    )


def result(found: Exploration) -> str:
    """What became of an exploration, in a word or two."""
    return "failed" if not found.ok else "proved" if found.proved else f"cut by {found.cut_by}"


def status(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """How pytest shows a test that passed: `PASSED (proved)` if it is verbose. None: as any other."""
    result = _told(report, "race_result")
    if report.when != "call" or not report.passed or hasattr(report, "wasxfail") or not result:
        return None
    color = "green" if result[0].startswith("proved") else "yellow"
    return report.outcome, ".", (f"PASSED ({result[0]})", {color: True})


def summarize(terminal: pytest.TerminalReporter, *, replaying: bool, with_statistics: bool) -> None:
    """Write what is to be said at the end of the session."""
    reports = [
        report
        for category in terminal.stats.values()
        for report in category
        if isinstance(report, pytest.TestReport) and report.when == "call"
    ]
    explored = {
        report.nodeid: Statistics(**report.race_statistics) for report in reports if hasattr(report, "race_statistics")
    }
    if with_statistics and explored:
        terminal.write_sep("=", "race statistics")
        for nodeid, statistics in explored.items():
            for line in statistics_of(nodeid, statistics):
                terminal.write_line(line)
    for report in reports:
        astray = report.failed or "cut by nondeterminism" in _told(report, "race_result")
        notes = _told(report, "race_note") if astray or terminal.verbosity > 0 else []
        for note in _told(report, "race_kept") + notes:
            terminal.write_line(f"race: {report.nodeid}: {note}")
    if explored:
        executions = sum(statistics.executions for statistics in explored.values())
        seconds = sum(statistics.seconds for statistics in explored.values())
        results = [statistics.result for statistics in explored.values()]
        terminal.write_line(f"race: {total(results, executions, seconds)}")
    others = Counter(result for report in reports for result in _told(report, "race_result"))
    if replaying:
        terminal.write_line(_replayed(others))


def _told(report: pytest.TestReport, name: str) -> list[str]:
    return [str(value) for property, value in report.user_properties if property == name]


def _replayed(results: Counter[str]) -> str:
    told = [(result, results[result]) for result in ("failed", "passed") if results[result]]
    count = sum(number for _, number in told)
    if not count:
        return "race: no test was replayed"
    tests = f"{count} {'test' if count == 1 else 'tests'} replayed"
    return ", ".join([f"race: {tests}", *(f"{number} {result}" for result, number in told)])
