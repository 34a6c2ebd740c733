"""A report in colour, for a terminal that has them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from racekit.report.drawing import LANE, MARK, SWITCH

_BOLD_RED, _BOLD, _CYAN, _FAINT, _GREEN, _RESET = "\x1b[1;31m", "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[32m", "\x1b[0m"
_ADVICE = re.compile(r"(  (?:replay|pin|fix):)( +)(.*)")
_FORBIDDEN = re.compile(r"\bFORBIDDEN\b")


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
            yield _FORBIDDEN.sub(f"{_BOLD_RED}FORBIDDEN{_RESET}", line)
