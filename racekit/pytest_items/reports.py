"""The pages and the SARIF log of a test session: `--race-report` and `--race-sarif`.

Each test process tells its reports of failures; what they tell travels in the reports to the one process that writes.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from racekit.errors import RacekitError
from racekit.failure import Failure
from racekit.results import Execution, Exploration
from racekit.schedule import Schedule
from racekit.trace import Trace

_FOUND = pytest.StashKey[tuple[Exploration | Execution, Mapping[Schedule, Trace], str]]()

_NAME = "racekit-reports"
_MOST_PER_TEST = 20
_LONGEST_NAME = 80


def add_options(group: Any, parser: pytest.Parser) -> None:
    """`--race-report` and `--race-sarif`, on the command line and in the ini file."""
    for name, metavar, text in [
        ("report", "DIR", "write a page for each failure into this directory, with an index and traces for Perfetto"),
        ("sarif", "FILE", "write the failures into this file in SARIF 2.1, for code scanning"),
    ]:
        group.addoption(f"--race-{name}", metavar=metavar, help=text)
        parser.addini(f"race_{name}", f"{text} (as --race-{name})", default=None)


def register(config: pytest.Config) -> None:
    """Write the reports that this session has been asked for. Raises UsageError if there is no place for them."""
    directory, sarif = (_path(config, name) for name in ("race_report", "race_sarif"))
    try:
        for place in filter(None, (directory, sarif and sarif.parent)):
            place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"The reports of racekit cannot be written: {error}.") from None
    if directory is not None or sarif is not None:
        config.pluginmanager.register(Reports(config, directory, sarif), _NAME)


def tell(
    item: pytest.Item, found: Exploration | Execution, originals: Mapping[Schedule, Trace], outcomes: str = ""
) -> None:
    """Have the reports tell what came of an item.

    `originals` are the executions that failed first, by their schedules, where these were minimized afterwards;
    `outcomes` is the page of the values that came out.
    """
    item.stash[_FOUND] = found, originals, outcomes


def outcomes_page(item: pytest.Item, found: Exploration) -> str:
    """The page of the values that came out, if there are any and somebody wants it. Each is made once more."""
    if not are_wanted(item.config) or not found.outcomes or set(found.outcomes) == {None}:
        return ""
    from racekit.pages import page_of

    try:
        return page_of(found, test=item.nodeid, index="index.html", root=str(item.config.rootpath))
    except RacekitError:
        return ""  # the test does not repeat itself


def are_wanted(config: pytest.Config) -> bool:
    """Whether this session writes reports."""
    return config.pluginmanager.has_plugin(_NAME)


def _path(config: pytest.Config, name: str) -> Path | None:
    """What the command line says, seen from where pytest was called; or the ini file, seen from where that is."""
    given: str | None = config.getoption(name)
    if given:
        return config.invocation_params.dir / given
    written: str | None = config.getini(name)
    return (config.inipath or config.rootpath / "ini").parent / written if written else None


class Reports:
    """Collects what the tests tell, and writes it down; if none was run, what is there from another session stays."""

    def __init__(self, config: pytest.Config, directory: Path | None, sarif: Path | None) -> None:
        self._config = config
        self._directory = directory
        self._sarif = sarif
        self._writes = not hasattr(config, "workerinput")
        self._failures: list[Mapping[str, Any]] = []
        self._explored: list[tuple[str, Mapping[str, Any], str]] = []
        self._ran = False
        self._unwritten: OSError | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call" and _FOUND in item.stash:
            found, originals, outcomes = item.stash[_FOUND]
            report.race_failures = list(self._told(item, found, originals))  # type: ignore[attr-defined]
            report.race_outcomes = outcomes  # type: ignore[attr-defined]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._ran = True
        if self._writes:
            self._failures += getattr(report, "race_failures", ())
            if hasattr(report, "race_statistics"):
                self._explored.append((report.nodeid, report.race_statistics, getattr(report, "race_outcomes", "")))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not (self._writes and self._ran):
            return
        self._failures.sort(key=lambda told: (told["test"], told["name"]))
        self._explored.sort(key=lambda told: told[0])
        try:
            if self._directory is not None:
                self._write_pages(self._directory)
            if self._sarif is not None:
                self._write_sarif(self._sarif)
        except OSError as error:
            self._unwritten = error
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._ran:
            terminalreporter.write_line("race: no test was run, so no report was written")
            return
        if self._unwritten is not None:
            terminalreporter.write_line(f"race: its reports could not be written: {self._unwritten}", red=True)
            return
        if self._directory is not None:
            terminalreporter.write_line(f"race: pages in {self._directory / 'index.html'}")
        if self._sarif is not None:
            terminalreporter.write_line(f"race: SARIF in {self._sarif}")

    # --- in the process of the test ----------------------------------------------------------------------------------

    def _told(
        self, item: pytest.Item, found: Exploration | Execution, originals: Mapping[Schedule, Trace]
    ) -> Iterator[Mapping[str, Any]]:
        """What is told of each different failure, in plain types that travel between processes."""
        from racekit.report.chrome_trace import chrome_trace
        from racekit.report.page.failure_page import Around, failure_facts, failure_page
        from racekit.report.page.sketch import sketch_markup
        from racekit.report.sarif import sarif_result

        root = str(self._config.rootpath)
        for failure in different(found):
            name = file_name(item.nodeid, failure.schedule.token)
            around = Around(
                original=originals.get(failure.original),
                test=item.nodeid,
                ways=_ways(item, failure),
                index="index.html",
                trace=f"{quote(name)}.trace.json",
                root=root,
            )
            yield {
                "name": name,
                "headline": failure.headline,
                "test": item.nodeid,
                "facts": failure_facts(failure),
                "sketch": sketch_markup(failure.trace),
                "page": failure_page(failure, around) if self._directory else "",
                "trace": chrome_trace(failure, item.nodeid, root) if self._directory else {},
                "sarif": sarif_result(failure, item.nodeid, root),
            }

    # --- in the process that writes ----------------------------------------------------------------------------------

    def _write_pages(self, directory: Path) -> None:
        from racekit.report.page.index_page import ExploredEntry, FailureEntry, index_page

        directory.mkdir(parents=True, exist_ok=True)
        entries = []
        for told in self._failures:
            (directory / f"{told['name']}.html").write_text(told["page"], encoding="utf-8")
            trace = json.dumps(told["trace"], ensure_ascii=False, indent=1)
            (directory / f"{told['name']}.trace.json").write_text(trace, encoding="utf-8")
            href = f"{quote(told['name'])}.html"
            entries.append(FailureEntry(href, told["headline"], told["test"], told["facts"], told["sketch"]))
        explored = []
        for test, took, outcomes in self._explored:
            name = file_name(test, "outcomes") if outcomes else ""
            if outcomes:
                (directory / f"{name}.html").write_text(outcomes, encoding="utf-8")
            href = f"{quote(name)}.html" if outcomes else ""
            explored.append(ExploredEntry(test, took["result"], took["verdict"], took["executions"], href))
        (directory / "index.html").write_text(index_page(entries, explored), encoding="utf-8")

    def _write_sarif(self, file: Path) -> None:
        from racekit.report.sarif import sarif_log

        file.parent.mkdir(parents=True, exist_ok=True)
        log = sarif_log([told["sarif"] for told in self._failures])
        file.write_text(json.dumps(log, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def different(found: Exploration | Execution) -> Sequence[Failure]:
    """The failures that have a page."""
    failures = found.failures if isinstance(found, Exploration) else [found.failure] if found.failure else []
    return failures[:_MOST_PER_TEST]


def file_name(test: str, what: str) -> str:
    """The name of the files about one thing of a test, without what tells their kinds apart; always the same."""
    readable = re.sub(r"[^\w.]+", "-", test).strip("-")[-_LONGEST_NAME:]
    return f"{readable}-{hashlib.sha256(f'{test} {what}'.encode()).hexdigest()[:6]}"


def _ways(item: pytest.Item, failure: Failure) -> Sequence[tuple[str, str]]:
    token = failure.schedule.token
    command = f"pytest {shlex.quote(item.nodeid)} --race-replay={shlex.quote(token)}"
    return [
        ("This runs the test under this schedule again:", command),
        ("This has it run first, each time:", f"@racekit.race(replay={token!r})"),
    ]
