"""Failures in SARIF 2.1.0, the Static Analysis Results Interchange Format (OASIS standard), for code scanning.

A failure is a result: where it showed, the places that take part in it as related locations, and what each thread did
as a code flow with a thread flow per thread, whose locations are numbered in the order of execution.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from racekit.failure import Failure
from racekit.report.participants import Participant, participants, shown_at
from racekit.report.places import place_at, short
from racekit.report.words import said
from racekit.trace import Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST_STEPS = 1000


def sarif_log(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The log file with these results of `sarif_result`."""
    rules = [
        {"id": name, "shortDescription": {"text": name.replace("-", " ").capitalize()}}
        for name in sorted({result["ruleId"] for result in results})
    ]
    driver = {"name": "racekit", "version": version("racekit"), "rules": rules}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(results)}],
    }


def sarif_result(failure: Failure, test: str, root: str) -> dict[str, Any]:
    """One failure of a test; files below `root` are named from there on."""
    related = [_related(number, one, root) for number, one in enumerate(participants(failure), start=1)]
    place = shown_at(failure)
    rule = (failure.diagnosis.pattern or failure.kind).replace(" ", "-")
    marks = [rule, *(f"{one.place.filename}:{one.place.text}" for one in participants(failure))]
    result: dict[str, Any] = {
        "ruleId": rule,
        "level": "error",
        "message": {"text": failure.headline},
        "locations": [_location(place, root)] if place and place.line else [],
        "relatedLocations": related,
        "partialFingerprints": {"race/v1": hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]},
        "properties": {"test": test, "schedule": failure.schedule.token},
    }
    thread_flows = list(_thread_flows(failure, root))
    if thread_flows:
        result["codeFlows"] = [{"message": {"text": "What each thread did"}, "threadFlows": thread_flows}]
    return result


def _related(number: int, one: Participant, root: str) -> dict[str, Any]:
    return {"id": number, **_location(one.place, root), "message": {"text": one.words}}


def _location(place: Place, root: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": place.line}
    if place.text:
        region["snippet"] = {"text": place.text}
    return {
        "physicalLocation": {"artifactLocation": {"uri": _uri(place.filename, root)}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": place.function, "kind": "function"}],
    }


def _uri(filename: str, root: str) -> str:
    path = PurePath(filename)
    return path.as_uri() if path.is_absolute() and not path.is_relative_to(root) else quote(short(filename, root))


def _thread_flows(failure: Failure, root: str) -> Iterator[dict[str, Any]]:
    trace = failure.trace
    flows: dict[int, list[dict[str, Any]]] = {}
    for index, event in enumerate(trace.events[-_MOST_STEPS:], start=1):
        if event.line:
            location = {**_location(place_at(event), root), "message": {"text": said(event)}}
            flows.setdefault(event.thread, []).append({"location": location, "executionOrder": index})
    for thread, locations in sorted(flows.items()):
        name = trace.threads[thread]
        yield {"id": f"{thread} {name}", "message": {"text": name}, "locations": locations}
