"""`--race-replay=TOKEN` runs exactly that schedule."""

from __future__ import annotations

from small_project import Project, told

RACE = """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""


def token_of(project: Project, source: str = RACE) -> str:
    return str(told(project.run(source))["test_it"]["race_token"])


def test_a_token_replays_its_failure(project: Project) -> None:
    result = project.run(RACE, f"--race-replay={token_of(project)}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*", "race: 1 test replayed, 1 failed"])


def test_a_token_replays_in_another_process(project: Project) -> None:
    result = project.run_in_subprocess(RACE, f"--race-replay={token_of(project)}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*"])


def test_a_test_that_is_not_marked_is_replayed_if_it_starts_a_thread(project: Project) -> None:
    result = project.run(
        RACE.replace("@racekit.race", "") + "\ndef test_plain(): ...", f"--race-replay={token_of(project)}"
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["race: 1 test replayed, 1 failed"])


def test_a_mended_test_passes_if_it_can_follow_the_token(project: Project) -> None:
    result = project.run(RACE.replace("== 2", "> 0"), f"--race-replay={token_of(project)}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: 1 test replayed, 1 passed"])


def test_a_token_that_does_not_fit_says_where(project: Project) -> None:
    result = project.run(RACE, "--race-replay=rk1:1@999w.value>2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*step*"])
    result.stdout.no_fnmatch_line("*racekit/*.py:*")


def test_it_is_said_when_there_was_nothing_to_replay(project: Project) -> None:
    result = project.run("def test_it(): ...", "--race-replay=rk1:")
    result.stdout.fnmatch_lines(["race: no test was replayed"])
