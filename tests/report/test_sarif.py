"""The SARIF log against what SARIF 2.1.0 requires (OASIS, sections 3.13 to 3.38), as far as it is used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from failing_bodies import BODIES, failure_of

import racekit
from racekit.report.page.failure_page import failure_page
from racekit.report.sarif import sarif_log, sarif_result

HERE = Path(__file__).parent
ALLOWED: dict[str, set[str]] = {
    "log": {"$schema", "version", "runs"},
    "run": {"tool", "results", "columnKind"},
    "result": {
        "ruleId",
        "level",
        "message",
        "locations",
        "relatedLocations",
        "codeFlows",
        "partialFingerprints",
        "properties",
    },
    "location": {"id", "physicalLocation", "logicalLocations", "message"},
    "region": {"startLine", "snippet"},
}


WITHOUT_A_FILE = """
def append():
    numbers[0] = numbers[0] + 1

def body():
    global numbers
    numbers = [0]
    threads = [threading.Thread(target=append) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert numbers == [2]
"""


def result_of(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(sarif_result(failure_of(name), "test_it.py::test_it", str(HERE))))
    return result


def locations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from result["locations"]
    yield from result["relatedLocations"]
    for flow in result.get("codeFlows", ()):
        for thread in flow["threadFlows"]:
            yield from (step["location"] for step in thread["locations"])


@pytest.fixture(params=BODIES)
def result(request: pytest.FixtureRequest) -> dict[str, Any]:
    return result_of(request.param)


def test_a_log_has_its_version_and_the_rules_of_its_tool(result: dict[str, Any]) -> None:
    log = sarif_log([result])
    assert log.keys() == ALLOWED["log"]
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert run.keys() <= ALLOWED["run"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [result["ruleId"]]
    assert run["tool"]["driver"]["name"] == "racekit"


def test_a_result_has_a_message_a_level_and_no_property_of_its_own(result: dict[str, Any]) -> None:
    assert result.keys() <= ALLOWED["result"]
    assert result["level"] in {"none", "note", "warning", "error"}
    assert result["message"]["text"]


def test_each_location_is_a_line_of_a_file_that_exists(result: dict[str, Any]) -> None:
    for location in locations(result):
        assert location.keys() <= ALLOWED["location"]
        place = location["physicalLocation"]
        assert place["region"].keys() <= ALLOWED["region"]
        lines = (HERE / place["artifactLocation"]["uri"]).read_text(encoding="utf-8").splitlines()
        assert lines[place["region"]["startLine"] - 1].strip() == place["region"]["snippet"]["text"]


def test_related_locations_have_an_id_each_and_say_what_happens_there(result: dict[str, Any]) -> None:
    related = result["relatedLocations"]
    assert [location["id"] for location in related] == list(range(1, len(related) + 1))
    assert all(location["message"]["text"] for location in related)


def test_the_steps_of_all_threads_are_numbered_in_the_order_of_execution(result: dict[str, Any]) -> None:
    [flow] = result["codeFlows"]
    steps = [step["executionOrder"] for thread in flow["threadFlows"] for step in thread["locations"]]
    assert sorted(steps) == list(range(1, len(steps) + 1))
    assert all(thread["locations"] for thread in flow["threadFlows"])


def test_both_places_of_a_race_are_related() -> None:
    told = [location["message"]["text"] for location in result_of("lost update")["relatedLocations"]]
    assert "첫째 reads Store.value: 0" in told
    assert "둘째 writes Store.value: 1" in told


def test_the_rule_is_the_pattern_of_the_bug() -> None:
    assert [result_of(name)["ruleId"] for name in ("lost update", "deadlock")] == ["lost-update", "deadlock"]


def test_a_failed_assertion_is_where_it_shows() -> None:
    [location] = result_of("lost update")["locations"]
    assert location["physicalLocation"]["region"]["snippet"]["text"].startswith("assert store.value == 2")


def test_a_deadlock_tells_where_each_thread_waits_and_where_the_lock_was_taken() -> None:
    told = [
        (location["message"]["text"], location["physicalLocation"]["region"]["snippet"]["text"])
        for location in result_of("deadlock")["relatedLocations"]
    ]
    assert ("There waits for right, held by Back", "with other:") in told
    assert ("Back took right", "with one:") in told


def test_the_fingerprint_outlives_lines_that_move() -> None:
    prints = {name: result_of(name)["partialFingerprints"]["race/v1"] for name in BODIES}
    assert len(set(prints.values())) == len(BODIES)
    assert result_of("lost update")["partialFingerprints"]["race/v1"] == prints["lost update"]


def test_code_without_a_file_has_its_name_for_an_address() -> None:
    namespace: dict[str, Any] = {"threading": threading}
    exec(compile(WITHOUT_A_FILE, "<string>", "exec"), namespace)
    failure = racekit.explore(namespace["body"]).failure
    assert failure is not None
    result = sarif_result(failure, "test_it.py::test_it", str(HERE))
    addresses = {each["physicalLocation"]["artifactLocation"]["uri"] for each in locations(result)}
    assert "%3Cstring%3E" in addresses
    assert "&lt;string&gt;:3" in failure_page(failure)
