"""From an exploration to the page of what can come out of its body."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from racekit.errors import BadArgument
from racekit.report.page.outcomes_page import OutcomeEntry, outcomes_page
from racekit.user_values import text_of

if TYPE_CHECKING:
    from racekit.results import Exploration

_MOST_VALUES = 30
_LONGEST_VALUE = 200
_JUDGEMENTS = {None: "", True: "allowed", False: "forbidden"}


def page_of(found: Exploration, *, test: str = "", index: str = "", root: str = "") -> str:
    """The HTML of the page. For each value the body is run once more, with a schedule that gives it.

    `test` is the node id of a test that is the body, `index` a relative URL, `root` the directory from which files are
    named.

    Raises BadArgument if nothing came out, and ScheduleMismatch if the body does something else when it is run again.
    """
    entries = [*_values(found), *_failures(found)]
    if not entries:
        raise BadArgument("This exploration has neither a value nor a failure that a page could show.")
    count = f"{found.executions:,} execution{'' if found.executions == 1 else 's'}"
    missing = [_shortened(text_of(value)) for value in found.missing]
    return outcomes_page(
        entries, facts=[count, found.verdict], missing=missing, test=test, index=index, root=root or os.getcwd()
    )


def _values(found: Exploration) -> list[OutcomeEntry]:
    assert found.again is not None or not found.outcomes
    outcomes = list(found.outcomes.items())
    try:
        outcomes.sort(key=lambda item: item[0])
    except TypeError:
        pass  # they stay in the order in which they came out
    return [
        OutcomeEntry(
            value=_shortened(text_of(value)),
            executions=outcome.count,
            judgement=_JUDGEMENTS[outcome.allowed],
            schedule=outcome.schedule,
            trace=found.again(outcome.schedule).trace,
        )
        for value, outcome in outcomes[:_MOST_VALUES]
        if found.again is not None
    ]


def _failures(found: Exploration) -> list[OutcomeEntry]:
    return [
        OutcomeEntry(
            value=_shortened(failure.headline),
            executions=failure.count,
            judgement="fails",
            schedule=failure.schedule,
            trace=failure.trace,
            failure=failure,
        )
        for failure in found.failures[:_MOST_VALUES]
        if failure.kind != "outcome"  # which is among the values
    ]


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
