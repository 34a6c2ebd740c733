"""The report of a failure, as text for a terminal: what it is, how it came about, what that means, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from racekit.diagnose.deadlock import find_cycle
from racekit.failure import Failure
from racekit.report.cells import short_place
from racekit.report.colour import coloured, coloured_result, coloured_table
from racekit.report.columns import WIDTH, cut, width, wrapped
from racekit.report.meaning import meaning
from racekit.report.places import raised_at
from racekit.report.standstill import standstill
from racekit.report.timeline import failure_timeline
from racekit.user_values import message_of

LINES = 60
"""A report is not longer, but for what a single token takes."""

_CONTINUED = "  "
_REPEATED_SHOWN = 8
_MESSAGE_LINES = 3


def failure_report(failure: Failure, test: str = "") -> str:
    """At most `LINES` lines of `WIDTH` columns; `test` is the node id with which pytest runs it again."""
    end = [*_section(_meaning(failure)), *_section(_what_to_do(failure, test))]
    return "\n".join([*failure_lines(failure, LINES - len(end), in_pytest=bool(test)), *end])


def headline_in(report: str) -> str:
    """The sentence with which a report begins, in one line."""
    first, *others = report.strip().splitlines() or [""]
    continued = takewhile(lambda line: line.startswith(_CONTINUED) and not line.isspace(), others)
    return " ".join([first, *(line.strip() for line in continued)])


def failure_lines(failure: Failure, lines: int = LINES, *, in_pytest: bool = False) -> list[str]:
    """What it is, and how it came about, in at most so many lines. `in_pytest`: below the traceback of the test."""
    beginning = [*_what(failure, in_pytest), *_section(_where_it_stands(failure))]
    return [*beginning, *_section(failure_timeline(failure, lines - len(beginning) - 1))]


def _section(lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    return ["", *lines] if lines else []


def _what(failure: Failure, in_pytest: bool) -> Iterator[str]:
    """The sentence that names the bug, and the error by which it showed."""
    sentence = failure.headline
    yield from wrapped(sentence, indent=_CONTINUED)
    error = failure.exception
    if failure.kind == "outcome" and not sentence.startswith(failure.outcome):
        yield from wrapped(f"{failure.outcome}.", indent=_CONTINUED)
    if error is None or (in_pytest and failure.thread == next(iter(failure.trace.threads), "")):
        return
    raised = raised_at(error)
    message = message_of(error).strip().splitlines()
    first = f"{type(error).__name__} in {failure.thread}" + (f": {message[0]}" if message else "")
    if not sentence.startswith(first):
        yield cut(first, WIDTH)
    if raised is not None:
        yield cut(f"  at {short_place(raised)}  {raised.text}".rstrip(), WIDTH)


def _where_it_stands(failure: Failure) -> Iterator[str]:
    if failure.kind == "deadlock":
        yield from standstill(failure.waits, find_cycle(failure.waits))
    elif failure.kind == "data race":
        yield from failure.outcome.splitlines()
    elif failure.kind == "livelock":
        for place in failure.repeated[:_REPEATED_SHOWN]:
            yield cut(f"  {short_place(place)}  {place.text}", WIDTH)
        if len(failure.repeated) > _REPEATED_SHOWN:
            yield f"  ... {len(failure.repeated) - _REPEATED_SHOWN} more lines folded"


def _meaning(failure: Failure) -> Iterator[str]:
    for sentence in meaning(failure):
        yield from wrapped(sentence)


def _what_to_do(failure: Failure, test: str) -> Iterator[str]:
    token = failure.schedule.token
    if test:
        yield from replay_command(test, token)
    else:
        yield f"  replay:  racekit.replay(body, {token!r})"
    yield f"  pin:     @racekit.race(replay={token!r})"
    if failure.diagnosis.hint:
        yield from wrapped(f"  fix:     {failure.diagnosis.hint}", indent=" " * 11)


def replay_command(test: str, token: str) -> list[str]:
    """The shell's command that runs a test again; where one line is too short for it, the token has one of its own."""
    begin, option = f"  replay:  pytest {shlex.quote(test)}", f"--race-replay={shlex.quote(token)}"
    return [f"{begin} {option}"] if width(f"{begin} {option}") <= WIDTH else [f"{begin} \\", f"           {option}"]


def exploration_report(
    summary: str,
    outcomes: Sequence[str],
    failures: Iterable[Failure],
    notes: Iterable[str],
    *,
    proved: bool = False,
    in_colour: bool = False,
) -> str:
    """An exploration as text: in a few words, what came out, and the report of each failure."""
    failures = list(failures)
    table, reports = "\n".join(outcomes), list(map(str, failures))
    if in_colour:
        summary = coloured_result(summary, failed=bool(failures), proved=proved)
        table, reports = coloured_table(table), list(map(coloured, reports))
    beginning = [summary, *([table] if table else []), *(f"  note: {note}" for note in notes)]
    return "\n\n".join(["\n".join(beginning), *reports])
