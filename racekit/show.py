"""Failures as pages, without knowing pytest's options: `racekit show`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

from racekit.errors import BadArgument
from racekit.kept_schedules import KeptSchedules
from racekit.schedule import Schedule

STORE = ".racekit"
_SOME_TESTS_FAILED = 1
_QUIETLY = ("-q", "--tb=no", "--no-header")


def show(test: str | None, token: Schedule | None, into: str | None, *, in_browser: bool) -> int:
    """Run `test` (under the schedule of `token`), or those that failed last, and write a page for each failure.

    Returns pytest's exit code, but 0 if all that happened is that tests failed. Raises BadArgument if there is nothing
    to run.
    """
    tests, directory = ([test], Path.cwd()) if test else _failed_last()
    pages = Path(into).absolute() if into else directory / STORE / "pages"
    if not into:
        shutil.rmtree(pages, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", *tests, f"--race-report={pages}", *_QUIETLY]
    if token is not None:
        command.append(f"--race-replay={token}")
    code = subprocess.run(command, cwd=directory).returncode
    if in_browser and (pages / "index.html").exists():
        webbrowser.open((pages / "index.html").as_uri())
    return 0 if code == _SOME_TESTS_FAILED else code


def _failed_last() -> tuple[list[str], Path]:
    """The tests whose failing schedules are kept, and the directory from which they are named."""
    for directory in (Path.cwd(), *Path.cwd().parents):
        tests = KeptSchedules(directory / STORE).tests()
        if tests:
            return tests, directory
    raise BadArgument(f"no failure is kept in {STORE}/: name a test, such as test_counter.py::test_it.")
