"""The options of the command line and their twins in the ini file."""

from __future__ import annotations

import pytest
from small_project import Project, told

RACE = """
@racekit.race
def test_it():
    counter = Counter()
    twice(counter.increment)
    assert counter.value == 2
"""
RACE_OF_TWO = RACE.replace("race\n", "race(executions=2)\n")


def test_the_command_line_limits_the_executions(project: Project) -> None:
    result = project.run(RACE, "--race-executions=1")
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_executions"] == 1


def test_the_command_line_wins_over_the_decorator(project: Project) -> None:
    result = project.run(RACE_OF_TWO, "--race-executions=1")
    assert told(result)["test_it"]["race_executions"] == 1


def test_the_decorator_wins_over_the_ini_file(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace_executions = 1\nrace_preemptions = 0")
    result = project.run(RACE_OF_TWO)
    assert told(result)["test_it"]["race_executions"] == 2


def test_the_ini_file_limits_the_preemptions(project: Project) -> None:
    project.pytester.makeini("[pytest]\nrace_preemptions = 0")
    result = project.run(RACE)
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "cut by preemptions"


def test_the_command_line_limits_the_seconds(project: Project) -> None:
    result = project.run(
        """
@racekit.race(executions=None)
def test_it():
    counter = LockedCounter()
    twice(lambda: [counter.increment() for _ in range(50)])
""",
        "--race-seconds=0.1",
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "cut by seconds"


def test_the_command_line_chooses_the_strategy(project: Project) -> None:
    result = project.run("@racekit.race\ndef test_it(): twice(int)", "--race-strategy=random", "--race-executions=3")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("argument", "refusal"),
    [
        ("--race-executions=many", "*ERROR: --race-executions: 'many' is not a whole number."),
        ("--race-executions=0", "*ERROR: --race-executions: executions=0 is less than 1*"),
        ("--race-executions=1.5", "*ERROR: --race-executions: '1.5' is not a whole number."),
        ("--race-seconds=-1", "*ERROR: --race-seconds: seconds=-1.0 is less than 0*"),
        ("--race-strategy=luck", "*ERROR: --race-strategy: strategy='luck' is not known: use one of 'auto'*"),
        ("--race-seed=x", "*ERROR: --race-seed: 'x' is not a whole number."),
        ("--race-replay=xyz", "*ERROR: --race-replay: 'xyz' is not a schedule token*"),
        ("--override-ini=race_executions=0", "*ERROR: race_executions in the ini file: executions=0 is less than 1*"),
        ("--override-ini=race_replay=xyz", "*ERROR: race_replay in the ini file: 'xyz' is not a schedule token*"),
    ],
)
def test_a_bad_value_is_a_usage_error(project: Project, argument: str, refusal: str) -> None:
    result = project.run(RACE, argument)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([refusal])


def test_the_marker_is_registered(project: Project) -> None:
    project.run("def test_it(): ...", "--markers").stdout.fnmatch_lines(["@pytest.mark.race(*): explore*"])


def test_the_help_names_every_option(project: Project) -> None:
    names = ["", "-executions", "-seconds", "-preemptions", "-strategy", "-seed", "-replay", "-statistics", "-audit"]
    result = project.run("def test_it(): ...", "--help")
    result.stdout.fnmatch_lines_random([f"*--race{name}*" for name in names])
    result.stdout.fnmatch_lines_random([f"*race{name.replace('-', '_')} *" for name in names])


RANDOM = """
schedules = []

@racekit.race(strategy="random", executions=5)
@pytest.mark.parametrize("again", range(3))
def test_it(again):
    order = []
    def work(name):
        for _ in range(5):
            order.append(name)
    threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("order", again, "".join(order))
"""


def orders(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("order")]


def test_each_repetition_explores_something_else_and_the_same_command_the_same(project: Project) -> None:
    first = orders(project.run(RANDOM, "-s"))
    assert len({tuple(line.split()[2] for line in first if line.split()[1] == again) for again in "012"}) == 3
    assert orders(project.run(RANDOM, "-s")) == first


def test_another_seed_explores_something_else(project: Project) -> None:
    assert orders(project.run(RANDOM, "-s", "--race-seed=1")) != orders(project.run(RANDOM, "-s"))


GAUSS = """
    import random
    import threading
    import pytest

    @pytest.mark.race
    def test_two_threads_get_two_numbers():
        source = random.Random(1)
        source.gauss(0, 1)  # it keeps a second number for the next call
        numbers = []
        threads = [threading.Thread(target=lambda: numbers.append(source.gauss(0, 1))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert numbers[0] != numbers[1]
"""


@pytest.mark.parametrize("how", ["command line", "ini file"])
def test_the_standard_library_can_be_watched_too(pytester: pytest.Pytester, how: str) -> None:
    """The documentation of `random.gauss` warns that two threads may receive the same number."""
    pytester.makepyfile(GAUSS)
    pytester.runpytest().assert_outcomes(passed=1)
    if how == "ini file":
        pytester.makeini("[pytest]\nrace_include = random.Random")
        watched = pytester.runpytest()
    else:
        watched = pytester.runpytest("--race-include=random.Random")
    watched.assert_outcomes(failed=1)
    watched.stdout.fnmatch_lines(["*gauss_next*"])


def test_code_can_be_left_unwatched(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(GAUSS)
    pytester.runpytest("--race-include=random", "--race-exclude=random.Random.gauss").assert_outcomes(passed=1)
