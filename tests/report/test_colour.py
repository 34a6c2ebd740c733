"""Colours change nothing but the colours."""

from __future__ import annotations

import io
import re

import pytest

import racekit
from racekit.report.colour import coloured, has_colours
from racekit.scenarios import FakeDataStore, LockPair, update_three_times

RED, BOLD, CYAN, RESET = "\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[0m"
GREEN, YELLOW = "\x1b[32m", "\x1b[33m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def shown(found: racekit.Exploration, stream: io.StringIO) -> str:
    found.show(stream)
    return stream.getvalue()


def without_colours(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def report() -> str:
    failure = racekit.explore(lambda: LockPair().cross()).failure
    assert failure is not None
    return failure.report


def test_without_the_colours_it_is_the_same_text() -> None:
    found = racekit.explore(lambda: update_three_times(FakeDataStore()), outcomes={3}, stop_on_failure=False)
    assert without_colours(coloured(report())) == report()
    assert without_colours(shown(found, Terminal())) == f"{found}\n"


def test_the_sentence_is_red_what_matters_bold_and_switches_cyan() -> None:
    lines = coloured(report()).split("\n")
    assert lines[0].startswith(f"{RED}Deadlock: ")
    assert lines[1].startswith(RED)  # the rest of the sentence
    assert not lines[2]
    assert any(line.startswith(f"{BOLD}  > takes ") and line.endswith(RESET) for line in lines)
    assert f"{CYAN}  ~ preempted here{RESET}" in lines


def test_what_was_found_is_shown_in_colour_on_a_terminal_alone() -> None:
    found = racekit.explore(lambda: update_three_times(FakeDataStore()), outcomes={3})
    assert shown(found, io.StringIO()) == f"{found}\n"
    text = shown(found, Terminal())
    assert text.startswith(f"{RED}1 execution (")
    assert f"{RED}FORBIDDEN{RESET}" in text
    assert f"\n{RED}Lost update on " in text


def test_printing_is_always_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    print(racekit.explore(lambda: LockPair().cross()))
    assert "\x1b" not in terminal.getvalue()


def test_a_proof_is_green_and_a_search_that_was_cut_yellow() -> None:
    proved = racekit.explore(lambda: None)
    cut = racekit.explore(lambda: update_three_times(FakeDataStore()), executions=2)
    assert shown(proved, Terminal()).startswith(f"{GREEN}1 execution (")
    assert shown(cut, Terminal()).startswith(f"{YELLOW}2 executions (")


@pytest.mark.parametrize(
    ("variables", "on_a_terminal", "in_a_file"),
    [
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_the_environment_decides(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], on_a_terminal: bool, in_a_file: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert (has_colours(Terminal()), has_colours(io.StringIO())) == (on_a_terminal, in_a_file)
