"""The index: the failures that were found, and every test that was explored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from racekit.report.page.templating import render


class FailureEntry(NamedTuple):
    """A failure on the index: `href` is the URL of its page, `sketch` the markup of its shape."""

    href: str
    headline: str
    test: str
    facts: Sequence[str]
    sketch: str


class ExploredEntry(NamedTuple):
    """A test that was explored: `result` in a word ("failed", "proved" or what cut it), and the sentence for it.

    `href` is the URL of the page of its outcomes, if it has one.
    """

    test: str
    result: str
    verdict: str
    executions: int
    href: str = ""


def index_page(failures: Sequence[FailureEntry], explored: Sequence[ExploredEntry]) -> str:
    """The page, as the text of an HTML file."""
    return render("index.html.j2", page_data(failures, explored))


def page_data(failures: Sequence[FailureEntry], explored: Sequence[ExploredEntry]) -> Mapping[str, Any]:
    """What the template is filled with."""
    proved = sum(entry.result == "proved" for entry in explored)
    executions = sum(entry.executions for entry in explored)
    count = len(failures)
    facts = [
        f"{len(explored):,} {'test' if len(explored) == 1 else 'tests'} explored",
        f"{proved:,} proved",
        f"{executions:,} {'execution' if executions == 1 else 'executions'}",
    ]
    return {
        "headline": f"{count} {'failure' if count == 1 else 'failures'}" if count else "No failures",
        "facts": facts if explored else [],
        "failures": failures,
        "explored": explored,
    }
