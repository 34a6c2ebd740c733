"""The trace file against what "Trace Event Format" asks of one."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from failing_bodies import BODIES, failure_of

from racekit.report.chrome_trace import chrome_trace

REQUIRED = {
    "M": {"name", "ph", "pid", "tid", "args"},
    "X": {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"},
    "s": {"name", "cat", "ph", "id", "ts", "pid", "tid"},
    "f": {"name", "cat", "ph", "id", "ts", "pid", "tid", "bp"},
}


def events_of(name: str) -> list[dict[str, Any]]:
    trace = json.loads(json.dumps(chrome_trace(failure_of(name), "test_it.py::test_it")))
    events: list[dict[str, Any]] = trace["traceEvents"]
    return events


def slices(name: str) -> list[dict[str, Any]]:
    return [event for event in events_of(name) if event["ph"] == "X"]


@pytest.fixture(params=BODIES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_each_event_has_what_its_phase_requires(name: str) -> None:
    for event in events_of(name):
        assert event.keys() >= REQUIRED[event["ph"]], event
        assert isinstance(event["ts"], int) and event["ts"] >= 0
        assert isinstance(event["pid"], int) and isinstance(event["tid"], int)


def test_each_thread_that_did_something_has_a_name(name: str) -> None:
    named = {event["tid"] for event in events_of(name) if event["name"] == "thread_name"}
    assert {event["tid"] for event in slices(name)} <= named


def test_slices_of_a_thread_lie_side_by_side_or_one_in_the_other(name: str) -> None:
    for thread in {event["tid"] for event in slices(name)}:
        open_until: list[int] = []
        of_thread = [(event["ts"], -event["dur"]) for event in slices(name) if event["tid"] == thread]
        for begin, negative in sorted(of_thread):
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            assert not open_until or begin - negative <= open_until[-1]
            open_until.append(begin - negative)


def test_each_flow_begins_and_ends_once_inside_of_a_slice(name: str) -> None:
    flows = [event for event in events_of(name) if event["ph"] in ("s", "f")]
    assert set(Counter((event["id"], event["ph"]) for event in flows).values()) <= {1}
    assert {event["id"] for event in flows if event["ph"] == "s"} == {
        event["id"] for event in flows if event["ph"] == "f"
    }
    for flow in flows:
        assert any(it["tid"] == flow["tid"] and it["ts"] <= flow["ts"] < it["ts"] + it["dur"] for it in slices(name)), (
            flow
        )


def test_each_step_is_a_slice_with_its_value_and_its_source() -> None:
    [first, _] = [event for event in slices("lost update") if event["name"] == "writes Store.value"]
    assert first["args"]["value"] == "1"
    assert first["args"]["source"].endswith("failing_bodies.py:20")


def test_the_arrows_are_those_of_happens_before_and_the_hand_overs() -> None:
    failure = failure_of("lost update")
    kinds = Counter(event["name"] for event in events_of("lost update") if event["ph"] == "s")
    assert kinds["happens before"] == len(failure.trace.arrows)
    assert kinds["hand-over"] == len(failure.trace.hand_overs) == 4


def test_a_thread_that_waits_is_shown_waiting() -> None:
    [waiting] = [event for event in slices("lost update") if event["cat"] == "waits"]
    assert waiting["name"] == "waits for the end of 첫째"


def test_the_schedule_comes_with_the_trace() -> None:
    failure = failure_of("deadlock")
    assert chrome_trace(failure)["otherData"]["schedule"] == failure.schedule.token
