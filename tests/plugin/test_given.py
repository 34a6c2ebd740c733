"""Tests of Hypothesis in pytest: each example is explored, whatever decorates what."""

from __future__ import annotations

import re

import pytest
from hypothesis import settings
from small_project import Project, told

HEAD = """
import time, unittest
from hypothesis import HealthCheck, Phase, assume, given, seed, settings, strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

amounts_of_two = st.lists(st.integers(1, 100), min_size=2, max_size=3)
examples = DirectoryBasedExampleDatabase("examples")
quick = settings(phases=set(Phase) - {Phase.explain}, print_blob=True, database=examples)
short = settings(quick, max_examples=10)
few = settings(max_examples=4, database=None)

LOCK = threading.Lock()

class Account(Counter):
    def deposit(self, amount):
        value = self.value
        self.value = value + amount

def deposit_all(amounts):
    account = Account()
    threads = [threading.Thread(target=account.deposit, args=(amount,)) for amount in amounts]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert account.value == sum(amounts)
"""
MENDED = """\
        with LOCK:
            value = self.value
            self.value = value + amount"""
DEPOSITS = "def test_it(amounts): deposit_all(amounts)\n"
LOCKED = """def test_it(amount):
    counter = LockedCounter()
    twice(counter.increment)
    assert counter.value == 2
"""
ORDERS = {
    "race below given": "@quick\n@given(amounts_of_two)\n@racekit.race(executions=50)\n",
    "race above given": "@racekit.race(executions=50)\n@quick\n@given(amounts_of_two)\n",
    "race between settings and given": "@quick\n@racekit.race(executions=50)\n@given(amounts_of_two)\n",
    "marker above given": "@pytest.mark.race(executions=50)\n@quick\n@given(amounts_of_two)\n",
    "marker below given": "@quick\n@given(amounts_of_two)\n@pytest.mark.race(executions=50)\n",
}


def output(result: pytest.RunResult) -> str:
    return "\n".join(line.removeprefix("E").strip() for line in result.outlines)


def token(result: pytest.RunResult) -> str:
    return str(told(result)["test_it"]["race_token"])


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_reported_is_minimal_in_inputs_and_schedule(project: Project, order: str) -> None:
    for seed in range(3):
        without_database = "quick = settings(quick, database=None)\n"
        result = project.run(f"{HEAD}{without_database}@seed({seed})\n{ORDERS[order]}{DEPOSITS}")
        result.assert_outcomes(failed=1)
        assert "amounts=[1, 1]," in output(result)
        assert re.fullmatch(r"rk1:1@\d+w\.value>2", token(result))


def test_the_inputs_stand_with_the_error_and_the_report_of_the_schedule_below(project: Project) -> None:
    result = project.run(HEAD + ORDERS["race above given"] + DEPOSITS)
    result.stdout.fnmatch_lines(
        [
            "E *assert 1 == 2",
            "E *: test_it(",
            "E *amounts=[[]1, 1],*",
            "-* race -*",
            "Lost update on Account.value: *",
            "  replay:  pytest test_it.py::test_it --race-replay=*",
            "race: 1 test explored, 1 failed;*",
            "FAILED *(Lost update on *",
        ]
    )
    result.stdout.no_fnmatch_line("E *Lost update on *")


def test_a_ci_server_prints_the_report_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    result = project.run(HEAD + ORDERS["race above given"] + DEPOSITS)
    assert result.stdout.str().count("  replay:  pytest ") == 1


@pytest.mark.parametrize("order", ["race below given", "race above given"])
def test_no_frame_of_racekit_is_shown(project: Project, order: str) -> None:
    result = project.run(HEAD + ORDERS[order] + DEPOSITS)
    result.stdout.no_fnmatch_line("*racekit/*.py:*")
    result.stdout.no_fnmatch_line("*_pytest/*.py:*")


def test_hypothesis_does_not_explain_a_failure_by_lines_of_racekit(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@racekit.race
@settings(few, max_examples=20)
@given(st.integers(0, 9), st.integers(0, 9))
def test_it(number, other):
    counter = Counter() if number > 3 else LockedCounter()
    twice(counter.increment)
    assert counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    assert "number=4," in output(result)
    assert "other=0,  # or any other generated value" in output(result)
    result.stdout.no_fnmatch_line("*Explanation:*")


def test_the_database_gives_inputs_and_schedule_again(project: Project) -> None:
    source = HEAD + ORDERS["race above given"] + DEPOSITS
    first = project.run(source)
    again = project.run(source, "--hypothesis-show-statistics")
    assert "amounts=[1, 1]," in output(again)
    assert token(again) == token(first)
    again.stdout.fnmatch_lines(["*during reuse phase*", "*0 passing, 1 failing*"])


def test_the_schedule_of_an_example_is_kept_and_tried_first_for_it(project: Project) -> None:
    source = HEAD + ORDERS["race below given"].replace("@quick", "@short") + DEPOSITS
    first = project.run(source)
    again = project.run(
        source.replace("\nclass Account", "short = settings(quick, phases=[Phase.reuse])\nclass Account")
    )
    assert token(again) == token(first)
    assert told(first)["test_it"]["race_executions"] > 2
    assert told(again)["test_it"]["race_executions"] == 2  # in the phase "reuse", and for the report
    again.stdout.fnmatch_lines(["E *amounts=[[]1, 1],*", "*failed in an earlier run, so it was tried first*"])


def test_when_a_bug_is_mended_the_schedules_of_its_examples_pass(project: Project) -> None:
    source = HEAD + ORDERS["race below given"].replace("@quick", "@short") + DEPOSITS
    project.run(source)
    mended = source.replace("        value = self.value\n        self.value = value + amount", MENDED)
    assert mended != source
    result = project.run(mended)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["race: test_it.py::test_it: the schedule that failed before now passes"])
    assert not list(project.pytester.path.glob(".racekit/failing/*"))


def test_the_database_serves_the_test_with_and_without_race(project: Project) -> None:
    project.run(HEAD + ORDERS["race above given"] + DEPOSITS)
    plain = ORDERS["race above given"].replace("@racekit.race(executions=50)\n", "")
    result = project.run(HEAD + plain + DEPOSITS, "--hypothesis-show-statistics")
    result.stdout.fnmatch_lines(["*during reuse phase*"])


def test_reproduce_failure_gives_inputs_and_schedule_again(project: Project) -> None:
    source = HEAD + ORDERS["race above given"] + DEPOSITS
    first = project.run(source)
    [decorator] = re.findall(r"@(reproduce_failure\(.*?\)) as a decorator", output(first))
    again = project.run(
        source.replace("@quick", f"@quick\n@{decorator}").replace(" seed,", " reproduce_failure, seed,"),
    )
    again.assert_outcomes(failed=1)
    assert "amounts=[1, 1]," in output(again)
    assert re.sub(r"@\d+", "", token(again)) == re.sub(r"@\d+", "", token(first))


def test_a_replay_runs_the_examples_that_follow_the_schedule(project: Project) -> None:
    source = HEAD + ORDERS["race above given"] + DEPOSITS
    first = project.run(source)
    again = project.run(source, f"--race-replay={token(first)}")
    again.assert_outcomes(failed=1)
    assert "amounts=[1, 1]," in output(again)
    assert token(again) == token(first)
    again.stdout.fnmatch_lines(["race: 1 test replayed, 1 failed"])


def test_a_schedule_that_no_example_follows_does_not_fit(project: Project) -> None:
    result = project.run(HEAD + ORDERS["race above given"] + DEPOSITS, "--race-replay=rk1:1@1w.other>2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*The schedule does not fit the body*"])


def test_failures_of_different_kinds_are_reported_each_with_its_schedule(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@racekit.race
@quick
@given(st.booleans())
def test_it(check_then_act):
    counter = Counter()
    def act():
        if check_then_act and counter.value == 0:
            counter.value = counter.value + 1
            if counter.value != 1:
                raise KeyError("acted twice")
    twice(act if check_then_act else counter.increment)
    assert counter.value < 2
    assert check_then_act or counter.value == 2
"""
    )
    result.assert_outcomes(failed=1)
    text = output(result)
    assert text.count("replay:  pytest") == len(re.findall("(?:Failing test case|Falsifying example):", text)) == 2
    result.stdout.fnmatch_lines(["-* race -*", "  replay:  *", "-* other failures of this test -*", "  replay:  *"])
    assert text.count("preempted here") == 1


def test_an_exploration_does_not_count_against_the_deadline(project: Project) -> None:
    source = f"@racekit.race\n@settings(few, deadline=1)\n@given(st.integers())\n{LOCKED}"
    result = project.run(HEAD + source)
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved for each example"


def test_virtual_time_does_not_count_against_the_deadline(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@pytest.mark.race
@settings(few, deadline=1)
@given(st.integers())
def test_it(number):
    begun = time.perf_counter()
    twice(lambda: time.sleep(3600))
    assert time.perf_counter() - begun >= 3600
"""
    )
    result.assert_outcomes(passed=1)


def test_the_clock_is_as_it_was_afterwards(project: Project) -> None:
    result = project.run(
        HEAD
        + "before = time.perf_counter\n"
        + "@racekit.race\n@settings(few, deadline=1)\n@given(st.integers())\n"
        + LOCKED
        + "def test_after(): assert time.perf_counter is before"
    )
    result.assert_outcomes(passed=2)


def test_the_deadline_holds_for_examples_that_start_no_thread(project: Project) -> None:
    result = project.run(
        HEAD + "@settings(few, deadline=1)\n@given(st.integers())\ndef test_it(number): time.sleep(0.01)", "--race"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*DeadlineExceeded*"])


def test_statistics_tell_what_the_explorations_found(project: Project) -> None:
    result = project.run(HEAD + f"@racekit.race\n@few\n@given(st.integers())\n{LOCKED}", "--hypothesis-show-statistics")
    result.stdout.fnmatch_lines(
        ["*4 passing, 0 failing*", "* 100.00%, race: proved", "*Stopped because settings.max_examples=4"]
    )


def test_a_profile_holds(project: Project) -> None:
    usual = settings.get_current_profile_name()
    project.pytester.makeconftest(
        "from hypothesis import settings\nsettings.register_profile('three', max_examples=3, database=None)"
    )
    try:
        result = project.run(
            HEAD + f"@racekit.race\n@given(st.integers())\n{LOCKED}",
            "--hypothesis-profile=three",
            "--hypothesis-show-statistics",
        )
    finally:
        settings.load_profile(usual)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*3 passing*", "*Stopped because settings.max_examples=3"])


def test_a_seed_of_hypothesis_gives_the_same_examples(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # where Hypothesis leaves the seed that it is given
    source = f"{HEAD}seen = []\n@racekit.race\n@few\n@given(st.integers())\n" + LOCKED.replace(
        "    counter = LockedCounter()", "    seen.append(amount); counter = LockedCounter()"
    )
    source += "def test_after(): print('seen', sorted(set(seen)))"

    def seen(seed: int) -> str:
        result = project.run(source, "-s", f"--hypothesis-seed={seed}")
        return next(line[line.index("seen [") :] for line in result.outlines if "seen [" in line)

    assert seen(1) == seen(1) != seen(2)


def test_what_a_body_changes_in_its_inputs_is_new_in_each_execution(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@racekit.race
@few
@given(st.fixed_dictionaries({"numbers": st.lists(st.integers(), min_size=2, max_size=2)}))
def test_it(drawn):
    twice(lambda: drawn["numbers"].pop())
    assert drawn["numbers"] == []
"""
    )
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"]["race_result"] == "proved for each example"


def test_each_execution_of_an_example_draws_the_same_data(project: Project) -> None:
    result = project.run(
        HEAD
        + """
drawn = []
@racekit.race
@few
@given(st.uuids(), st.data())  # no two of which are alike
def test_it(example, data):
    drawn.append((example, data.draw(st.integers(0, 10**9))))
    twice(Counter().increment)

def test_after():
    assert len(drawn) > len(set(drawn))
    assert len(set(drawn)) == len({example for example, _ in drawn})
"""
    )
    result.assert_outcomes(passed=2)


def test_an_assumption_rejects_an_example(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@racekit.race
@few
@given(st.integers())
def test_it(number):
    assume(number % 2)
    twice(Counter().increment)
""",
        "--hypothesis-show-statistics",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*4 passing, 0 failing*", "*gave up because: failed to satisfy assume*"])


def test_a_skip_in_an_example_skips_the_test(project: Project) -> None:
    result = project.run(
        HEAD
        + "@racekit.race\n@few\n@given(st.just(0))\ndef test_it(number):\n    twice(int)\n    pytest.skip('not here')"
    )
    result.assert_outcomes(skipped=1)


def test_parametrized_tests_are_explored_with_each_parameter(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@pytest.mark.parametrize("lock", [True, False])
@pytest.mark.race
@quick
@given(start=st.integers(0, 3))
def test_it(start, lock):
    counter = LockedCounter() if lock else Counter()
    counter.value = start
    twice(counter.increment)
    assert counter.value == start + 2
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    assert {name: report["race_result"] for name, report in told(result).items()} == {
        "test_it[True]": "proved for each example",
        "test_it[False]": "failed",
    }
    assert "start=0," in output(result)


def test_the_health_check_of_function_scoped_fixtures_stays(project: Project) -> None:
    result = project.run(
        HEAD + "@racekit.race\n@few\n@given(st.integers())\ndef test_it(tmp_path, number): twice(int)",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*FailedHealthCheck*function-scoped fixture 'tmp_path'*"])


FRESH = """
made = []

@pytest.fixture{scope}
def counter():
    made.append(LockedCounter())
    return made[-1]

@racekit.race
@settings(few, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers())
def test_it(counter, number):
    twice(counter.increment)
    assert counter.value == 2
"""


def test_each_execution_of_each_example_has_its_fixtures_made_anew(project: Project) -> None:
    result = project.run(HEAD + FRESH.format(scope="") + "def test_after(): assert len(made) > 8")
    result.assert_outcomes(passed=2)
    assert told(result)["test_it"]["race_result"] == "proved for each example"


def test_wider_fixtures_are_shared(project: Project) -> None:
    source = FRESH.format(scope='(scope="module")').replace("assert counter.value == 2", "counter.value = 0")
    result = project.run(HEAD + source + "def test_after(): assert len(made) == 1")
    result.assert_outcomes(passed=2)


METHODS = """
class TestIt{base}:
    def {set_up}(self, method=None):
        self.counter = LockedCounter()

    def {tear_down}(self, method=None):
        assert self.counter.value == 2

    {mark}
    @few
    @given(st.integers())
    def test_it(self, number):
        assert self.counter.value == 0
        twice(self.counter.increment)
"""
PLAIN = {"base": "", "set_up": "setup_method", "tear_down": "teardown_method"}
UNITTEST = {"base": "(unittest.TestCase)", "set_up": "setUp", "tear_down": "tearDown"}


@pytest.mark.parametrize("kind", [PLAIN, UNITTEST], ids=["class", "TestCase"])
@pytest.mark.parametrize("mark", ["@racekit.race", "@pytest.mark.race"])
def test_methods_have_a_new_instance_in_each_execution(project: Project, kind: dict[str, str], mark: str) -> None:
    result = project.run(HEAD + METHODS.format(mark=mark, **kind))
    result.assert_outcomes(passed=1)
    assert told(result)["TestIt::test_it"]["race_result"] == "proved for each example"


def test_race_explores_each_unmarked_test_that_starts_a_thread(project: Project) -> None:
    result = project.run(
        HEAD
        + "@quick\n@given(amounts_of_two)\n"
        + DEPOSITS
        + "@few\n@given(st.integers())\ndef test_without_threads(number): ...",
        "--race",
    )
    result.assert_outcomes(passed=1, failed=1)
    assert "amounts=[1, 1]," in output(result)
    result.stdout.fnmatch_lines(["race: 1 test explored, 1 failed;*"])


def test_an_example_that_starts_no_thread_does_not_keep_later_ones_from_being_explored(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@quick
@given(st.integers(0, 50))
def test_it(number):
    counter = Counter()
    if number > 5:
        twice(counter.increment)
        assert counter.value == 2
""",
        "--race",
    )
    result.assert_outcomes(failed=1)
    assert "number=6," in output(result)


def test_the_command_line_wins_over_the_decorator(project: Project) -> None:
    result = project.run(HEAD + f"@racekit.race\n@few\n@given(st.just(1))\n{LOCKED}", "--race-executions=1")
    result.assert_outcomes(passed=1)
    assert told(result)["test_it"] == {"race_executions": 1, "race_result": "cut by executions"}


def test_a_timeout_ends_the_examples_and_tells_how_far_they_came(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@pytest.mark.timeout(0.5, func_only=True)
@racekit.race(executions=None, strategy="random")
@few
@given(st.integers())
def test_it(number):
    counter = LockedCounter()
    twice(lambda: [counter.increment() for _ in range(20)])
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["Timeout (>0.5s) in an exploration*"])


def test_a_deadlock_is_minimal_too(project: Project) -> None:
    result = project.run(
        HEAD
        + """
@racekit.race
@quick
@given(st.lists(st.permutations([0, 1, 2]), min_size=2, max_size=3))
def test_it(orders):
    locks = [threading.Lock() for _ in range(3)]
    def take(order):
        with locks[order[0]], locks[order[1]]: ...
    threads = [threading.Thread(target=take, args=(order,)) for order in orders]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""
    )
    result.assert_outcomes(failed=1)
    assert "orders=[[0, 1, 2], [1, 0, 2]]," in output(result)
    result.stdout.fnmatch_lines(["*Deadlock: *"])


@pytest.mark.parametrize("executions", range(4, 9))
def test_an_example_that_fails_fails_again_whatever_the_budget(project: Project, executions: int) -> None:
    source = ORDERS["race above given"].replace("50", str(executions)).replace("@quick", "@short") + DEPOSITS
    result = project.run(HEAD + source)
    assert "Flaky" not in output(result)


MACHINE = """
from hypothesis.stateful import RuleBasedStateMachine, rule

class Machine(RuleBasedStateMachine):
    @rule()
    def step(self):
        twice(int)

{mark}
class TestMachine(Machine.TestCase):
    settings = settings(few, stateful_step_count=3)
"""


def test_race_leaves_a_state_machine_to_hypothesis(project: Project) -> None:
    result = project.run(HEAD + MACHINE.format(mark=""), "--race")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("race:*")


def test_a_marked_state_machine_is_refused(project: Project) -> None:
    result = project.run(HEAD + MACHINE.format(mark="@pytest.mark.race"))
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*runs a state machine of Hypothesis*call racekit.explore in a rule*"])
