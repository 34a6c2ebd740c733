"""Failing schedules, kept on disk from one test session to the next."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

VERSION = 1
_IGNORE = "# What racekit keeps here is of this working copy alone.\n*\n"


@dataclass(frozen=True, slots=True)
class KeptSchedule:
    """A schedule under which a test failed: its token, the failure in a line, and the source that the token speaks of.

    `lines` maps a line's number (as text, since JSON has no other keys) to its file and what is written there, by which
    it is found again when it has moved. `example` is a digest of the inputs that Hypothesis gave the test (empty for
    any other test).
    """

    token: str
    failure: str = ""
    lines: dict[str, list[str]] = field(default_factory=dict)
    example: str = ""


class KeptSchedules:
    """The store: a file for each test that failed, in `failing` below `directory` (None: nothing is kept).

    A file holds for the digest of the test's source alone: once that is another one, what was kept counts no more. It
    is written as a whole or not at all, so that test processes that run side by side do not meet half a file.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def of(self, test: str, source: str) -> tuple[KeptSchedule, ...]:
        """What is kept for this test; nothing if its file cannot be read, or speaks of another source."""
        file = self._file(test)
        if file is None:
            return ()
        try:
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if (content["version"], content["test"], content["source"]) != (VERSION, test, source):
                return ()
            return tuple(KeptSchedule(**kept) for kept in content["schedules"])
        except (OSError, ValueError, TypeError, KeyError):
            return ()

    def keep(self, test: str, source: str, schedules: Iterable[KeptSchedule]) -> None:
        """From now on exactly these are kept for this test. Raises OSError where nothing can be written."""
        file = self._file(test)
        if file is None:
            return
        content = {
            "version": VERSION,
            "test": test,
            "source": source,
            "schedules": [asdict(schedule) for schedule in schedules],
        }
        if content["schedules"]:
            self._write(file, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
        elif file.exists():
            file.unlink(missing_ok=True)

    def tests(self) -> list[str]:
        """The tests for which something is kept."""
        return [] if self._directory is None else sorted(filter(None, map(_test_in, self._directory.glob("failing/*"))))

    def forget(self) -> None:
        """Nothing is kept for any test any more. Raises OSError where nothing can be removed."""
        if self._directory is not None:
            for file in (self._directory / "failing").glob("*.json"):
                file.unlink(missing_ok=True)

    def _file(self, test: str) -> Path | None:
        return None if self._directory is None else self._directory / "failing" / f"{digest(test)}.json"

    def _write(self, file: Path, text: str) -> None:
        assert self._directory is not None
        file.parent.mkdir(parents=True, exist_ok=True)
        ignore = self._directory / ".gitignore"
        if not ignore.exists():
            _write_at_once(ignore, _IGNORE)
        _write_at_once(file, text)


def _test_in(file: Path) -> str:
    """The test that a file is about; empty if it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return str(content["test"]) if content["version"] == VERSION else ""
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def digest(*texts: str) -> str:
    """A short digest of texts, the same in every process."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _write_at_once(file: Path, text: str) -> None:
    handle, written = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".new")
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(written, file)
    except BaseException:
        os.unlink(written)
        raise
