"""What replays a program and its schedule: a token, on the command line or pinned, and Hypothesis's own decorator."""

from __future__ import annotations

import functools
import re
import shlex
from typing import Any

import pytest
from hypothesis import HealthCheck, reproduce_failure, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule

import racekit
from racekit.programs.token import ProgramToken
from racekit.properties import concurrent, concurrently, operation

QUICK = settings(
    max_examples=60,
    database=None,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
ONLY_ONCE = settings(QUICK, max_examples=1)


class Stack:
    made = 0

    def __init__(self) -> None:
        Stack.made += 1
        self.items: list[int] = []

    def push(self, item: int) -> None:
        self.items = [*self.items, item]

    def pop(self) -> int | None:
        top = self.items[-1:]
        self.items = self.items[:-1]
        return top[0] if top else None


def stack_operations(**options: Any) -> Any:
    @concurrent(**options)
    class Operations:
        def start(self) -> Stack:
            return Stack()

        @operation(item=st.integers(0, 9))
        def push(self, stack: Stack, item: int) -> None:
            stack.push(item)

        @operation()
        def pop(self, stack: Stack) -> int | None:
            return stack.pop()

    return Operations


class StackMachine(RuleBasedStateMachine):
    popped = Bundle("popped")

    def __init__(self) -> None:
        super().__init__()
        self.stack = Stack()

    @rule(item=st.integers(0, 9))
    def push(self, item: int) -> None:
        self.stack.push(item)

    @rule(target=popped)
    def pop(self) -> int | None:
        return self.stack.pop()


def stack_machine(**options: Any) -> Any:
    return concurrently(StackMachine, **options)


def report(cls: Any, chosen: settings = QUICK, token: str | None = None) -> str:
    """The report with which the test case of a class fails."""
    cls.TestCase.settings, cls.TestCase.replay = chosen, token
    with pytest.raises(racekit.Inconsistent) as raised:
        cls.TestCase().runTest()
    return str(raised.value)


@functools.cache
def found_by(make: Any) -> str:
    """The report of a search, which comes to the same each time, but for the name of the test that runs."""
    return report(make())


def token_in(told: str) -> str:
    return re.findall(
        r"^  pin:     (?:@concurrent\(|concurrently\(StackMachine, )replay='(.*)'\)$", told, re.MULTILINE
    )[0]


KINDS = pytest.mark.parametrize("make", [stack_operations, stack_machine], ids=["operations", "machine"])


@KINDS
def test_a_token_runs_the_program_and_its_schedule_again_and_nothing_else(make: Any) -> None:
    told = report(make())
    Stack.made = 0
    assert report(make(), token=token_in(told)) == told
    assert Stack.made < 20


@KINDS
def test_a_pinned_token_is_run_before_the_search(make: Any) -> None:
    told = report(make())
    assert report(make(replay=token_in(told)), ONLY_ONCE) == told


def test_after_a_pinned_token_that_passes_comes_the_search() -> None:
    passing = token_in(found_by(stack_operations)).split(";")
    pinned = ";".join(["rk1:", *passing[1:]])
    report(stack_operations(replay=pinned))
    cls = stack_operations(replay=pinned)
    cls.TestCase.replay = pinned
    cls.TestCase().runTest()


def test_a_pinned_token_that_does_not_fit_any_more_is_warned_of() -> None:
    _, *program = token_in(found_by(stack_operations)).split(";")
    cls = stack_operations(replay=";".join(["rk1:1@1w.other>2", *program]))
    with pytest.warns(UserWarning, match=r"can no longer be run like that.* never came to where it writes other"):
        report(cls)


def test_what_is_to_be_replayed_has_to_fit() -> None:
    _, *program = token_in(found_by(stack_operations)).split(";")
    cls = stack_operations()
    cls.TestCase.replay = ";".join(["rk1:1@1w.other>2", *program])
    with pytest.raises(racekit.ScheduleMismatch):
        cls.TestCase().runTest()


@pytest.mark.parametrize("token", ["rk1:1@14w.value>2", "rk1:1@14w.value>2;0+1+1", "rk1:;a;AAE="])
def test_a_token_without_a_program_is_refused(token: str) -> None:
    with pytest.raises(racekit.BadArgument, match="is not the token of a program"):
        stack_operations(replay=token)


def test_a_token_reads_as_it_was_written() -> None:
    text = "rk1:1@14w.value>2;0+2+1;AAEBAQ=="
    assert str(ProgramToken.parse(text)) == text


# --- @reproduce_failure ----------------------------------------------------------------------------------------------


def reproducing(told: str) -> Any:
    [(version, blob)] = re.findall(r"^  blob:    @reproduce_failure\('(.*)', b'(.*)'\)$", told, re.MULTILINE)
    return reproduce_failure(version, blob.encode())


def without_what_to_do(told: str) -> str:
    return told.partition("\n\n  replay: ")[0].partition("\n\n  schedule: ")[0]


@KINDS
def test_reproduce_failure_on_the_test_case_gives_inputs_and_schedule_again(make: Any) -> None:
    told = found_by(make)
    cls = make()
    reproducing(told)(cls.TestCase)
    again = report(cls)
    assert without_what_to_do(again) == without_what_to_do(told)
    assert again.splitlines()[-1] == f"  schedule:  {token_in(told).partition(';')[0]}"


@KINDS
def test_reproduce_failure_on_the_class_does_so_too(make: Any) -> None:
    told = found_by(make)
    assert without_what_to_do(report(reproducing(told)(make()))) == without_what_to_do(told)


def test_reproduce_failure_on_the_state_machine_itself_does_so_too() -> None:
    class Decorated(StackMachine):
        pass

    told = found_by(stack_machine)
    reproducing(told)(Decorated)
    Stack.made = 0
    assert without_what_to_do(report(concurrently(Decorated))) == without_what_to_do(told)
    assert Stack.made < 100


def test_the_decorator_is_shown_if_the_settings_say_so() -> None:
    assert "  blob: " not in report(stack_operations(), settings(QUICK, print_blob=False))


# --- pytest ----------------------------------------------------------------------------------------------------------

SMALL_PROJECT = """
    import hypothesis.strategies as st
    from hypothesis import settings
    from racekit.properties import concurrent, operation

    class Counter:
        value = 0
        def add(self, amount):
            self.value = self.value + amount
            return self.value

    @concurrent()
    class CounterOperations:
        def start(self):
            return Counter()

        @operation(amount=st.integers(1, 9))
        def add(self, counter, amount):
            return counter.add(amount)

    TestCounterOperations = CounterOperations.TestCase
    TestCounterOperations.settings = settings(TestCounterOperations.settings, database=None)
"""


def test_the_command_in_the_report_runs_program_and_schedule_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_small=SMALL_PROJECT)
    first = pytester.runpytest("-p", "no:cacheprovider")
    [command] = re.findall(r"^  replay:  pytest ((?:.*\\\n)?.*)$", first.stdout.str(), re.MULTILINE)
    arguments = shlex.split(command.replace("\\\n", " "))
    again = pytester.runpytest("-p", "no:cacheprovider", *arguments)
    again.assert_outcomes(failed=1)
    begin = first.outlines.index(next(line for line in first.outlines if "Not linearizable" in line))
    end = first.outlines.index(next(line for line in first.outlines if line.startswith("  pin: ")))
    report = first.outlines[begin : end + 1]
    assert "\n".join(report) in again.stdout.str()
    again.stdout.fnmatch_lines(["race: 1 test replayed, 1 failed"])


def test_a_replay_that_passes_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_small=SMALL_PROJECT)
    first = pytester.runpytest("-p", "no:cacheprovider")
    [program] = re.findall(r"--race-replay='rk1:[^;]*(;.*)'", first.stdout.str())
    again = pytester.runpytest("-p", "no:cacheprovider", f"--race-replay=rk1:{program}")
    again.assert_outcomes(passed=1)
    again.stdout.fnmatch_lines(["race: 1 test replayed, 1 passed"])
