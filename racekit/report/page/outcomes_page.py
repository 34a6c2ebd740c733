"""The page of what a body can return: each value with an execution that gives it, side by side with the others."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from racekit.failure import Failure
from racekit.report.page.failure_page import endings
from racekit.report.page.files import Files
from racekit.report.page.layout import lay_out
from racekit.report.page.sketch import sketch_markup
from racekit.report.page.templating import render
from racekit.report.participants import races_in
from racekit.report.places import text_at
from racekit.schedule import Schedule
from racekit.trace import Trace

_LONG = 9


class OutcomeEntry(NamedTuple):
    """Something that can come out: a value in words (or how the body failed), in how many executions, and one of those.

    `judgement` is "allowed", "forbidden", "fails" or, if nobody said what may come out, empty.
    """

    value: str
    executions: int
    judgement: str
    schedule: Schedule
    trace: Trace
    failure: Failure | None = None


def outcomes_page(
    entries: Sequence[OutcomeEntry],
    *,
    facts: Sequence[str] = (),
    missing: Sequence[str] = (),
    test: str = "",
    index: str = "",
    root: str = "",
) -> str:
    """The page, as the text of an HTML file.

    `missing` are the values that were expected and never came out. `test` is the node id of the test that was explored,
    `index` a relative URL, `root` the directory from which files are named.
    """
    data = page_data(entries, facts, missing, root or os.getcwd())
    return render("outcomes.html.j2", {**data, "test": test, "index": index})


def page_data(
    entries: Sequence[OutcomeEntry], facts: Sequence[str], missing: Sequence[str], root: str
) -> Mapping[str, Any]:
    """What the template is filled with."""
    total = sum(entry.executions for entry in entries)
    told = [_told(number, entry, total) for number, entry in enumerate(entries, start=1)]
    files = Files([each["timeline"] for each in told], root)
    count = f"{len(entries)} different outcome{'' if len(entries) == 1 else 's'}"
    return {
        "headline": count if len(entries) != 1 else f"Always {entries[0].value}",
        "facts": facts,
        "timelines": told,
        "files": files,
        "missing": missing,
        "executions": total,
    }


def _told(number: int, entry: OutcomeEntry, total: int) -> dict[str, Any]:
    ends = [] if entry.failure is None else endings(entry.failure, entry.trace)
    return {
        "name": entry.value,
        "token_of": f"a schedule that gives {entry.value}" if entry.failure is None else "its schedule",
        "long": len(entry.value) > _LONG,
        "count": f"{entry.executions:,} execution{'' if entry.executions == 1 else 's'}",
        "share": round(entry.executions / total, 3) if total else 0,
        "judgement": entry.judgement,
        "token": entry.schedule.token,
        "sketch": sketch_markup(entry.trace),
        "timeline": lay_out(entry.trace, ends, races_in(entry.trace), f"v{number}s", text_at),
    }
