"""What pytest says of a test that does not do the same under the same schedule."""

from __future__ import annotations

import pytest
from small_project import Project, told

LEFT_OVER = """
made = []

def make():
    made.append(1)
    if len(made) < 3:
        Counter().increment()

@racekit.race
def test_it():
    counter = Counter()
    twice(make)
    twice(counter.increment)
"""


def test_a_test_that_leaves_something_behind_is_not_proved_and_told_so(project: Project) -> None:
    result = project.run(LEFT_OVER)
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "cut by nondeterminism"
    result.stdout.fnmatch_lines(["race: *::test_it: Only the first execution *", "  counters.py:* in *"])


@pytest.mark.parametrize("argument", ["--race-audit", "--override-ini=race_audit=true"])
def test_an_audit_tells_the_first_step_that_differs(project: Project, argument: str) -> None:
    source = """
class Number:
    last = 0

@racekit.race
def test_it():
    def draw():
        Number.last += 1
    twice(draw)
"""
    result = project.run(source, argument)
    assert told(result)["test_it"]["race_result"] == "cut by nondeterminism"
    result.stdout.fnmatch_lines(
        ["race: *Two executions of one schedule differ at step * in draw)*reads Number.last: *"]
    )
