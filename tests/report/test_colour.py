"""Colours change nothing but the colours."""

from __future__ import annotations

import re

import racekit
from racekit.report.colour import coloured
from racekit.scenarios import FakeDataStore, LockPair, update_three_times

RED, BOLD, CYAN, RESET = "\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[0m"


def report() -> str:
    failure = racekit.explore(lambda: LockPair().cross()).failure
    assert failure is not None
    return failure.report


def test_without_the_colours_it_is_the_same_text() -> None:
    found = racekit.explore(lambda: update_three_times(FakeDataStore()), outcomes={3}, stop_on_failure=False)
    for text in (report(), str(found)):
        assert re.sub(r"\x1b\[[\d;]*m", "", coloured(text)) == text


def test_the_sentence_is_red_what_matters_bold_and_switches_cyan() -> None:
    lines = coloured(report()).split("\n")
    assert lines[0].startswith(f"{RED}Deadlock: ")
    assert lines[1].startswith(RED)  # the rest of the sentence
    assert not lines[2]
    assert any(line.startswith(f"{BOLD}  > takes ") and line.endswith(RESET) for line in lines)
    assert f"{CYAN}  ~ preempted here{RESET}" in lines
