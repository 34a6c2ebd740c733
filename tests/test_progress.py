"""The progress line: on a terminal, after a while, and gone without a trace when the exploration is over."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import racekit
from racekit import progress
from racekit.options import Options
from racekit.progress import Line, Progress, shown_on, shown_on_terminal
from racekit.results import Exploration
from racekit.runtime import originals

ESCAPE = re.compile(r"\x1b\[(\d*)([A-Z])")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER", 0)


@pytest.fixture
def written() -> Iterator[list[str]]:
    texts: list[str] = []
    with shown_on(Line(texts.append)):
        yield texts


def screen(texts: list[str]) -> list[str]:
    """The lines of a terminal to which these texts were written."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\d*[A-Z]|[^\x1b]", "".join(texts)):
        command = ESCAPE.match(part)
        if part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif command is None:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + 1 :]
            column += 1
        elif command[2] == "K":
            lines[row] = lines[row][:column]
        elif command[2] == "A":
            row -= 1
        else:
            assert command[2] == "C"
            column += int(command[1])
    return lines


def test_each_text_replaces_the_one_before() -> None:
    texts: list[str] = []
    line = Line(texts.append)
    line.show("a long text")
    line.show("short")
    assert screen(texts) == ["short"]
    line.clear()
    assert screen(texts) == [""]


def test_what_stood_there_goes_on_where_it_was() -> None:
    texts = ["test_it.py .."]
    line = Line(texts.append, column=lambda: 13)
    line.show("on its way")
    assert screen(texts) == ["test_it.py ..", "on its way"]
    line.clear()
    texts.append(".")
    assert screen(texts) == ["test_it.py ...", ""]


def test_a_text_is_cut_off_at_the_edge_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    texts: list[str] = []
    Line(texts.append).show("x" * 50)
    assert screen(texts) == ["x" * 19]


def test_nothing_is_written_by_clearing_what_was_not_shown() -> None:
    texts: list[str] = []
    Line(texts.append, column=lambda: 5).clear()
    assert texts == []


@pytest.mark.usefixtures("at_once")
def test_an_exploration_shows_how_far_it_has_come(written: list[str]) -> None:
    with Progress(Exploration(executions=7), Options(executions=70)) as shown:
        shown.show()
        assert screen(written)[0].startswith("race: 7 of at most 70 executions")
    assert screen(written) == [""]


def test_a_short_exploration_shows_nothing(written: list[str]) -> None:
    with Progress(Exploration(executions=7), Options()) as shown:
        shown.show()
    assert written == []


def test_an_exploration_of_more_than_two_seconds_shows_itself(
    written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(originals, "monotonic", lambda: now)
    with Progress(Exploration(executions=7), Options(executions=70)) as shown:
        now = 1.9
        shown.show()
        assert written == []
        now = 2.1
        shown.show()
        assert screen(written)[0].startswith("race: 7 of at most 70 executions")


@pytest.mark.usefixtures("at_once")
def test_where_nobody_has_a_terminal_nothing_is_shown() -> None:
    with Progress(Exploration(), Options()) as shown:
        shown.show()


@pytest.mark.usefixtures("at_once")
def test_a_real_exploration_shows_its_progress_and_leaves_nothing(written: list[str]) -> None:
    def body() -> None:
        while not written:
            pass

    racekit.explore(body, executions=1, steps=10**9)
    assert "executions" in "".join(written)
    assert screen(written) == [""]


def test_a_file_is_no_terminal(tmp_path: Path) -> None:
    with open(tmp_path / "log", "w+") as log:
        with shown_on_terminal(log):
            assert progress._lines == []


TEST = """
import racekit, racekit.progress

racekit.progress.SHOWN_AFTER = 0

@racekit.race(executions=1, steps=10**9)
def test_it():
    while any(line._below is None for line in racekit.progress._lines):
        pass
"""


def start_pytest(directory: Path, stdout: int) -> subprocess.Popen[bytes]:
    (directory / "test_it.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"]
    process = subprocess.Popen(command, cwd=directory, stdout=stdout, env={**os.environ, "TERM": "xterm"})
    os.close(stdout)
    return process


def read_to_the_end(terminal: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(terminal, 10_000):
            yield chunk
    except OSError:
        pass  # which is how Linux says that nobody writes any more
    os.close(terminal)


def test_pytest_shows_it_on_a_terminal(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    try:
        here, there = pty.openpty()
    except OSError as error:
        pytest.skip(f"there are no pseudo-terminals here: {error}")
    with start_pytest(tmp_path, there):
        shown = b"".join(read_to_the_end(here)).decode()
    assert re.search(r"\rrace: \d+ of at most 1 executions", shown)
    assert "1 passed" in shown


def test_pytest_shows_nothing_of_it_in_a_log_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with start_pytest(tmp_path, os.open(log, os.O_WRONLY | os.O_CREAT)):
        pass
    assert "1 passed" in log.read_text()
    assert "at most" not in log.read_text()
