"""What failed is kept in `.racekit/`, and tried first in the next run."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
from small_project import Project, told

RACE = """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
TWO_FAILURES = """
@racekit.race(stop_on_failure=False, strategy="bounded", preemptions=1)
def test_it():
    first, second = Counter(), Counter()
    def both():
        first.increment()
        second.increment()
    twice(both)
    assert first.value == 2
    assert second.value == 2
"""
DEADLOCK = """
@racekit.race
def test_locks():
    locks = [threading.Lock(), threading.Lock()]
    def there():
        with locks[0], locks[1]: pass
    def back():
        with locks[1], locks[0]: pass
    threads = [threading.Thread(target=function) for function in (there, back)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
INCREMENT = """
        with self.lock:
            value = self.value
            self.value = value + 1
"""
MENDED = """
        with LOCK:
            # No two threads at once may come here:
            # they would read the same value.
            value = self.value
            self.value = value + 1
"""
TRIED_FIRST = "*failed in an earlier run, so it was tried first*"


def kept(project: Project) -> list[Path]:
    return sorted(project.pytester.path.glob(".racekit/failing/*"))


def reports_of(result: pytest.RunResult) -> list[str]:
    """From the sentence that names the bug to the last hint."""
    return re.findall(r"^(?:Lost update|Deadlock).*?^  fix: .*?$", str(result.stdout), re.MULTILINE | re.DOTALL)


def mend(project: Project) -> None:
    """Put a lock into the counter, which moves the lines of its accesses."""
    file = project.pytester.path / "counters.py"
    text = file.read_text()
    assert INCREMENT in text
    file.write_text(text.replace(INCREMENT, MENDED) + "\nLOCK = threading.Lock()\n")


def test_a_red_test_is_red_at_once(project: Project) -> None:
    first = told(project.run(RACE))["test_it"]
    again = project.run(RACE)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["E *assert 1 == 2*", TRIED_FIRST])
    assert first["race_executions"] > 1
    assert told(again)["test_it"]["race_executions"] == 1
    assert told(again)["test_it"]["race_token"] == first["race_token"]


def test_what_fails_again_is_told_as_it_was(project: Project) -> None:
    first, again = (reports_of(project.run(RACE + DEADLOCK)) for _ in range(2))
    assert len(first) == 2
    for one, other in zip(first, again, strict=True):
        assert "1 preemption; no schedule with fewer fails so." in one
        assert "GIL" in one
        assert re.sub(r"execution \d+", "", one) == re.sub(r"execution \d+", "", other)


def test_a_data_race_that_is_there_still_fails_again(project: Project) -> None:
    source = RACE.replace("@racekit.race", "@racekit.race(data_races='error')").replace("== 2", "> 0")
    project.run(source)
    result = project.run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Data race on Counter.value*", TRIED_FIRST])
    result.stdout.no_fnmatch_line("*now pass*")


def test_a_fix_that_moves_the_lines_is_still_tried_with_what_failed(project: Project) -> None:
    project.run(RACE)
    mend(project)
    result = project.run(RACE)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: test_it.py::test_it: the schedule that failed before now passes"])
    assert kept(project) == []
    project.run(RACE).stdout.no_fnmatch_line("*failed before*")


def test_all_that_failed_before_are_counted(project: Project) -> None:
    project.run(TWO_FAILURES)
    assert len(json.loads(kept(project)[0].read_text())["schedules"]) == 2
    mend(project)
    result = project.run(TWO_FAILURES)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: test_it.py::test_it: the 2 schedules that failed before now pass"])


def test_an_edited_test_starts_anew(project: Project) -> None:
    project.run(RACE)
    edited = RACE.replace("twice(", "assert True\n    twice(")
    result = project.run(edited)
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line(TRIED_FIRST)
    project.run(edited).stdout.fnmatch_lines([TRIED_FIRST])
    assert len(kept(project)) == 1


def test_other_options_start_anew(project: Project) -> None:
    project.run(RACE)
    project.run("pytestmark = pytest.mark.race(steps=5000)\n" + RACE).stdout.no_fnmatch_line(TRIED_FIRST)


def test_a_schedule_that_fits_no_longer_is_dropped_and_said(project: Project) -> None:
    project.run(RACE)
    file = kept(project)[0]
    content = json.loads(file.read_text())
    content["schedules"] = [{"token": "rk1:1@999w.value>2"}]
    file.write_text(json.dumps(content))
    result = project.run(RACE)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["race: test_it.py::test_it: 1 that failed before can no longer be followed"])
    assert "999" not in kept(project)[0].read_text()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 2}', "\x00"])
def test_a_damaged_file_counts_for_nothing(project: Project, content: str) -> None:
    project.run(RACE)
    kept(project)[0].write_text(content)
    result = project.run(RACE)
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line(TRIED_FIRST)


def test_forgetting_clears_everything(project: Project) -> None:
    project.run(RACE)
    result = project.run("def test_it(): ...", "--race-forget")
    result.assert_outcomes(passed=1)
    assert kept(project) == []


def test_each_parameter_keeps_its_own(project: Project) -> None:
    source = RACE.replace("def test_it():", "@pytest.mark.parametrize('by', [1, 2])\ndef test_it(by):")
    project.run(source)
    assert len(kept(project)) == 2
    project.run(source, "-k", "1").stdout.fnmatch_lines([TRIED_FIRST])


def test_a_replay_by_hand_leaves_what_is_kept_alone(project: Project) -> None:
    project.run(RACE, "--race-replay=rk1:")
    assert kept(project) == []


def test_a_test_that_never_failed_leaves_no_directory(project: Project) -> None:
    project.run(RACE.replace("Counter()", "LockedCounter()"))
    assert not project.pytester.path.joinpath(".racekit").exists()


def test_git_ignores_what_is_kept(project: Project) -> None:
    project.run(RACE)
    assert "*" in project.pytester.path.joinpath(".racekit/.gitignore").read_text().splitlines()


def test_the_ini_file_says_where(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace_directory = build/races")
    project.run(RACE)
    assert list(project.pytester.path.glob("build/races/failing/*.json"))


def test_the_ini_file_can_say_nowhere(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace_directory =")
    project.run(RACE)
    project.run(RACE).stdout.no_fnmatch_line(TRIED_FIRST)


def test_where_nothing_can_be_written_the_test_fails_only_for_what_it_does(project: Project) -> None:
    project.pytester.path.joinpath(".racekit").write_text("a file is in the way")
    result = project.run(RACE + "\n@racekit.race\ndef test_well(): twice(int)", "-v")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*", "race: *::test_it: its failing schedules could not be kept: *"])


def test_no_half_written_file_is_left(project: Project) -> None:
    project.run(RACE)
    assert [file.suffix for file in kept(project)] == [".json"]


@pytest.mark.skipif(importlib.util.find_spec("xdist") is None, reason="needs xdist")
def test_the_workers_of_xdist_keep_and_try_first(project: Project) -> None:
    source = "\n".join(RACE.replace("test_it", f"test_{number}") for number in range(4))
    project.run(source)
    project.run(source, "-n2", "--race-forget").stdout.no_fnmatch_line(TRIED_FIRST)
    assert len(kept(project)) == 4
    result = project.run(source, "-n2")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines([TRIED_FIRST] * 4)


def test_a_wider_fixture_that_is_asked_for_late_changes_nothing(project: Project) -> None:
    source = """
@pytest.fixture(scope="module")
def late(): return 2

@racekit.race
def test_it(request):
    counter = Counter()
    twice(counter.increment)
    assert counter.value == request.getfixturevalue("late")
"""
    project.run(source)
    result = project.run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *assert 1 == 2*", TRIED_FIRST])
