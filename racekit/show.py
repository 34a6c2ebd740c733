"""Failures as pages, without knowing pytest's options: `racekit show`."""

from __future__ import annotations

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
_NAME_IT = "name a test as pytest does, such as test_counter.py::test_it"
_NAME_ANOTHER = f"{_NAME_IT}, or have `pytest --race-forget` forget those that failed last"
_NOTHING_WRITTEN = """\
racekit show: pytest ran no test, for the reason that it gives above, so no page was written, and what was there is left
as it is: {fix}."""


def show(test: str | None, token: Schedule | None, into: str | None, *, in_browser: bool) -> int:
    """Run `test` (under the schedule of `token`), or those that failed last, and write a page for each failure.

    Returns pytest's exit code, but 0 if all that happened is that tests failed. Where pytest runs no test, the
    pages that are there are left, and it is said so. Raises BadArgument if there is nothing to run.
    """
    tests, directory = ([test], Path.cwd()) if test else _failed_last()
    pages = Path(into).absolute() if into else directory / STORE / "pages"
    index = pages / "index.html"
    before = _times(pages)
    command = [sys.executable, "-m", "pytest", *tests, f"--race-report={pages}", *_QUIETLY]
    if token is not None:
        command.append(f"--race-replay={token}")
    code = subprocess.run(command, cwd=directory).returncode
    after = _times(pages)
    if after.get(index) == before.get(index):
        print(_NOTHING_WRITTEN.format(fix=_NAME_IT if test else _NAME_ANOTHER), file=sys.stderr)
        return code
    if not into:
        for page, _ in before.items() & after.items():
            page.unlink()
    if in_browser:
        webbrowser.open(index.as_uri())
    return 0 if code == _SOME_TESTS_FAILED else code


def _times(directory: Path) -> dict[Path, int]:
    """When each file there was written."""
    return {file: file.stat().st_mtime_ns for file in directory.glob("*") if file.is_file()}


def _failed_last() -> tuple[list[str], Path]:
    """The tests whose failing schedules are kept, and the directory from which they are named."""
    for directory in (Path.cwd(), *Path.cwd().parents):
        tests = KeptSchedules(directory / STORE).tests()
        if tests:
            return tests, directory
    raise BadArgument(f"no failure is kept in {STORE}/: {_NAME_IT}.")
