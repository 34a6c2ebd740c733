"""The values that came out, as a table; and values that may not come out."""

from __future__ import annotations

import re

import pytest

import racekit
from racekit.report.outcome_table import OutcomeRow, outcome_table
from racekit.scenarios import FakeDataStore, LockedDataStore, update_three_times


def three_updates() -> int:
    return update_three_times(FakeDataStore())


def test_a_line_for_each_value_the_most_frequent_first() -> None:
    rows = [OutcomeRow(2, 5, "rk1:1@9w.x>2", None), OutcomeRow(3, 1200, "rk1:", None)]
    assert outcome_table(rows) == [
        "  value  executions  shortest schedule",
        "  3      1,200       rk1:",
        "  2      5           rk1:1@9w.x>2",
    ]


def test_what_is_forbidden_stands_on_top() -> None:
    rows = [
        OutcomeRow("은행", 7, "rk1:", True),
        OutcomeRow("b", 5, "rk1:1@9w.x>2", False),
        OutcomeRow("c", 0, "", True),
    ]
    assert outcome_table(rows) == [
        "  value   executions             shortest schedule",
        "  'b'     5           FORBIDDEN  rk1:1@9w.x>2",
        "  '은행'  7           allowed    rk1:",
        "  'c'     0           allowed",
    ]


def test_more_than_thirty_values_are_folded() -> None:
    rows = [OutcomeRow(number, 1, "rk1:", None) for number in range(50)]
    assert outcome_table(rows)[-1] == "  ... 20 more values folded"


def test_an_exploration_shows_them() -> None:
    found = racekit.explore(three_updates)
    lines = str(found).split("\n")
    header = lines.index("  value  executions  shortest schedule")
    counts = {int(line.split()[0]): int(line.split()[1]) for line in lines[header + 1 : header + 4]}
    assert counts == {value: outcome.count for value, outcome in found.outcomes.items()}


def test_the_schedule_is_the_shortest_that_was_seen() -> None:
    found = racekit.explore(three_updates, strategy="random", executions=300)
    for value, outcome in found.outcomes.items():
        assert racekit.replay(three_updates, outcome.schedule).value == value
    shortest = {value: len(outcome.schedule.switches) for value, outcome in found.outcomes.items()}
    few = racekit.explore(three_updates, strategy="random", executions=5)
    assert all(shortest[value] <= len(outcome.schedule.switches) for value, outcome in few.outcomes.items())


def test_a_value_that_is_not_allowed_is_a_failure() -> None:
    found = racekit.explore(three_updates, outcomes={1, 3})
    failure = found.failure
    assert failure is not None
    assert (failure.kind, failure.value, failure.exception) == ("outcome", 2, None)
    assert failure.diagnosis.pattern == "lost update"
    assert "2 came out, which is not among the outcomes allowed." in str(failure)
    with pytest.raises(racekit.ForbiddenOutcome) as raised:
        found.check()
    assert raised.value.failure is failure


def test_each_value_that_is_not_allowed_is_told() -> None:
    found = racekit.explore(three_updates, outcomes={3}, stop_on_failure=False)
    assert {failure.value for failure in found.failures} == {1, 2}
    assert {value: outcome.allowed for value, outcome in found.outcomes.items()} == {1: False, 2: False, 3: True}
    assert re.search(r"^  2 +\d+ +FORBIDDEN +rk1:", str(found), re.MULTILINE)
    assert re.search(r"^  3 +\d+ +allowed +rk1:", str(found), re.MULTILINE)


def test_an_allowed_value_that_never_came_is_in_the_table() -> None:
    found = racekit.explore(lambda: update_three_times(LockedDataStore()), outcomes=[2, 3], executions=20)
    assert found.ok
    assert re.search(r"^  2 +0 +allowed$", str(found), re.MULTILINE)


def test_values_that_cannot_be_hashed_can_be_allowed() -> None:
    assert racekit.explore(lambda: [three_updates()], outcomes=[[1], [2], [3]], executions=50).ok
    assert not racekit.explore(lambda: [three_updates()], outcomes=[[1], [3]], executions=50).ok


def test_without_outcomes_every_value_is_as_good_as_the_others() -> None:
    assert {outcome.allowed for outcome in racekit.explore(three_updates).outcomes.values()} == {None}


@pytest.mark.parametrize("outcomes", [3, iter([1])], ids=["a number", "an iterator"])
def test_outcomes_are_a_collection(outcomes: object) -> None:
    with pytest.raises(racekit.BadArgument, match="not a collection of values"):
        racekit.explore(three_updates, outcomes=outcomes)
