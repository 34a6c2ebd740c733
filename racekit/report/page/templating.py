"""Templates become pages: with everything inside, nothing to fetch, and every text of a user escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from racekit.report.page.timeline import Timeline

OTHER_COLOURS = 7
"""`page.css` has as many, besides that of the first lane."""


def render(template: str, data: Mapping[str, Any]) -> str:
    """The page that `template`, a file of `templates/`, makes of `data`."""
    return _environment().get_template(template).render(data)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("racekit.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["lane_at"] = _lane_at
    environment.filters["colour"] = _colour_of
    return environment


def _colour_of(lane: int) -> int:
    """The number of a lane's colour: that of the first one, mostly of the main thread, is its own; the others share."""
    return 1 + (lane - 1) % OTHER_COLOURS if lane else 0


def _lane_at(lane: int, timeline: Timeline) -> str:
    """How far a lane is from the first one, or two are from each other, as a part of the distance of first and last."""
    return f"{100 * lane / max(len(timeline.lanes) - 1, 1):.4g}%"
