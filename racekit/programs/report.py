"""A violation in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from racekit.errors import Deadlock, Inconsistent, Livelock, RaceFailure, ScheduleMismatch
from racekit.explore import replay_body
from racekit.linearize.in_words import no_order, table
from racekit.options import Options
from racekit.programs.judging import Violation
from racekit.programs.running import side_by_side
from racekit.report.columns import wrapped
from racekit.report.text import failure_lines
from racekit.report.timeline import timeline
from racekit.results import Execution
from racekit.user_values import error_in_words

_KINDS: dict[str, type[RaceFailure]] = {"inconsistent": Inconsistent, "deadlock": Deadlock, "livelock": Livelock}
_HEADLINES = {"linearizable": "Not linearizable", "sequential": "Not sequentially consistent"}


def report(violation: Violation, options: Options, what_to_do: Sequence[str]) -> str:
    """What went wrong in one sentence, the history, and what happened. (The schedule is run again, to see values.)"""
    task = violation.task
    program = task.program
    lines = [*wrapped(_sentence(violation), indent="  "), ""]
    if violation.kind == "alone":
        lines += ["  The program:", *(f"    {line}" for line in program.lines())]
        return "\n".join([*lines, "", *what_to_do])
    lines.append("  The calls, and when each began and ended, from left to right:")
    blocked = "blocks for ever" if violation.kind in ("inconsistent", "deadlock") else "was not over"
    lines += [f"    {row}" for row in table(violation.history, program.threads, program.names, blocked=blocked)]
    execution = _again(violation, options)
    if execution is None:
        lines.append("  The calls do not do the same each time under one schedule, so what happened cannot be shown.")
    elif execution.failure is not None:
        lines += ["", *failure_lines(execution.failure)]
    else:
        lines += ["", *timeline(execution.trace)]
    return "\n".join([*lines, "", *what_to_do])


def exception(violation: Violation, text: str) -> BaseException:
    """What a test raises for the violation: the exception that was raised, with the report as a note, or a failure."""
    if violation.exception is not None:
        violation.exception.add_note(text)
        return violation.exception
    return _KINDS[violation.kind](text, violation)


def _sentence(violation: Violation) -> str:
    task = violation.task
    names = task.program.names
    error = violation.exception
    raised = "" if error is None else error_in_words(error)
    where = f"in {violation.operation}" if violation.operation is not None else "when all was over"
    if violation.kind == "alone":
        order = ", ".join(map(str, (*task.program.prefix, *violation.alone)))
        return f"It fails even though one call comes after the other: {order or 'at the start'}: {raised}"
    if violation.kind == "exception":
        return f"A failure {where}: {raised}"
    if violation.kind == "livelock":
        return "Livelock: the calls go on and on without coming to an end."
    assert violation.nearest is not None
    results = task.consistency != "serializable"
    sentence = no_order(violation.history, violation.nearest, names, results=results)
    headline = "Deadlock" if violation.kind == "deadlock" else _HEADLINES.get(task.consistency, "Not serializable")
    return f"{headline}: {sentence}."


def _again(violation: Violation, options: Options) -> Execution | None:
    body = side_by_side(violation.task.subject, violation.task.program, lambda recording: None)
    try:
        return replay_body(body, violation.schedule, replace(options, stop_on_failure=True))
    except ScheduleMismatch:
        return None
