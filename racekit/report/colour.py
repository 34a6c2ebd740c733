"""A report in colour, for a terminal that has them.

`str()` and `print()` of what was found are plain, wherever that goes: what somebody compares, logs or writes to a file
must not depend on a terminal. Colours come where racekit or pytest itself writes, and by `Exploration.show`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TextIO

from racekit.report.drawing import LANE, MARK, SWITCH

_BOLD_RED, _BOLD, _CYAN, _FAINT = "\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[2m"
_GREEN, _YELLOW, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[0m"
_ADVICE = re.compile(r"(  (?:replay|pin|fix):)( +)(.*)")
_FORBIDDEN = re.compile(r"\bFORBIDDEN\b")


def has_colours(stream: TextIO) -> bool:
    """Whether to write to `stream` in colour: if it is a terminal, unless NO_COLOR or FORCE_COLOR say otherwise."""
    for name, answer in (("NO_COLOR", False), ("FORCE_COLOR", True)):
        if os.environ.get(name):
            return answer
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def coloured_result(summary: str, *, failed: bool, proved: bool) -> str:
    """The lines above an exploration: red if it has failed, green if it has proved something, else yellow."""
    colour = _BOLD_RED if failed else _GREEN if proved else _YELLOW
    return "\n".join(f"{colour}{line}{_RESET}" for line in summary.split("\n"))


def coloured_table(rows: str) -> str:
    """A table of outcomes, in which what is forbidden stands out."""
    return _FORBIDDEN.sub(f"{_BOLD_RED}FORBIDDEN{_RESET}", rows)


def coloured(report: str) -> str:
    """The same lines with ANSI colours: the sentence red, what matters bold, switches cyan, what is folded faint."""
    return "\n".join(_lines(report.split("\n")))


def _lines(lines: list[str]) -> Iterator[str]:
    in_sentence = True
    for index, line in enumerate(lines):
        in_sentence = in_sentence and bool(line) and (index == 0 or line.startswith("  ")) and " at " not in line[:5]
        text = line.lstrip(" " + LANE)
        advice = _ADVICE.fullmatch(line)
        if in_sentence:
            yield f"{_BOLD_RED}{line}{_RESET}"
        elif text.startswith(MARK):
            yield f"{_BOLD}{line}{_RESET}"
        elif text.startswith(SWITCH):
            yield f"{_CYAN}{line}{_RESET}"
        elif text.startswith(("... ", "(")):
            yield f"{_FAINT}{line}{_RESET}"
        elif advice:
            yield f"{_BOLD}{advice[1]}{_RESET}{advice[2]}{_GREEN if 'fix' not in advice[1] else ''}{advice[3]}{_RESET}"
        else:
            yield line
