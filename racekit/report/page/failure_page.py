"""The page of one failure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from racekit.failure import Failure
from racekit.report.meaning import meaning
from racekit.report.page.files import Files
from racekit.report.page.layout import Ending, lay_out
from racekit.report.page.templating import render
from racekit.report.participants import matters, participants
from racekit.report.places import raised_at, text_at
from racekit.report.words import wait_in_words
from racekit.schedule import Schedule
from racekit.trace import Trace
from racekit.user_values import error_in_words


@dataclass(frozen=True)
class Around:
    """What a failure does not know itself: whose it is, and how it is seen again.

    `test` is the node id, `original` the execution that was found first (if it is not the minimized one), `facts` are a
    few words each, `meaning` has sentences, `index` and `trace` are relative URLs, `root` is the directory from which
    files are named. `ways` are what a reader can do next: what for, and the text to copy.
    """

    test: str = ""
    original: Trace | None = None
    facts: Sequence[str] = ()
    meaning: Sequence[str] = ()
    ways: Sequence[tuple[str, str]] = ()
    index: str = ""
    trace: str = ""
    root: str = ""


def failure_page(failure: Failure, around: Around | None = None) -> str:
    """The page, as the text of an HTML file. The same failure gives the same text."""
    return render("failure.html.j2", page_data(failure, around or Around()))


def page_data(failure: Failure, around: Around) -> Mapping[str, Any]:
    """What the template is filled with."""
    root = around.root or os.getcwd()
    timelines = [_named(failure, "minimized" if around.original else "failing", failure.schedule, failure.trace)]
    if around.original is not None:
        timelines.append(_named(failure, "original", failure.original, around.original))
    if failure.passing is not None:
        timelines.append(_named(failure, "passing", None, failure.passing))
    files = Files([each["timeline"] for each in timelines], root, [one.place for one in participants(failure)])
    return {
        "headline": failure.headline,
        "test": around.test,
        "facts": [*failure_facts(failure), *around.facts],
        "meaning": [*meaning(failure), *around.meaning],
        "hint": failure.diagnosis.hint,
        "waits": sorted(failure.waits, key=lambda wait: wait.holder is None),
        "wait_in_words": wait_in_words,
        "timelines": timelines,
        "files": files,
        "ways": around.ways,
        "index": around.index,
        "trace": around.trace,
        "report": str(failure),
    }


def _named(failure: Failure, name: str, schedule: Schedule | None, trace: Trace) -> dict[str, Any]:
    """A timeline; without a schedule it is that of the nearest execution that passes."""
    passes = schedule is None
    return {
        "name": name,
        "passes": passes,
        "token_of": "the nearest execution that passes" if passes else f"{name} schedule",
        "token": "" if schedule is None else schedule.token,
        "preemptions": _counted(_preemptions(trace), "preemption"),
        "timeline": lay_out(
            trace,
            [] if passes else endings(failure, trace),
            matters(failure, trace),
            {"original": "o", "passing": "p"}.get(name, "s"),
            text_at,
            failure.diagnosis.events if trace is failure.trace else (),
        ),
    }


def failure_facts(failure: Failure) -> list[str]:
    """Its size, in a few words each."""
    trace = failure.trace
    threads = {event.thread for event in trace.events} | {hand_over.to for hand_over in trace.hand_overs}
    return [
        *([failure.diagnosis.pattern] if failure.diagnosis.pattern else []),
        _counted(len(threads), "thread"),
        _counted(len(trace.events), "step"),
    ]


def _preemptions(trace: Trace) -> int:
    return sum(hand_over.reason == "preempted" for hand_over in trace.hand_overs)


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def endings(failure: Failure, trace: Trace) -> list[Ending]:
    """How the threads ended that the failure is about."""
    if failure.waits:
        return [
            Ending(trace.threads.index(wait.thread), wait_in_words(wait), wait.place, wait)
            for wait in failure.waits
            if wait.thread in trace.threads
        ]
    thread = trace.threads.index(failure.thread) if failure.thread in trace.threads else 0
    if failure.kind in ("outcome", "lost update"):
        return [Ending(thread, failure.outcome, None)] if failure.outcome else []
    if failure.exception is None:
        place = failure.repeated[0] if failure.repeated else None
        return [Ending(thread, "goes on like this without an end", place)]
    return [Ending(thread, error_in_words(failure.exception), raised_at(failure.exception))]
