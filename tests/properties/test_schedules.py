"""Schedules as inputs of a Hypothesis test."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, find, given, reproduce_failure, seed, settings
from hypothesis import strategies as st

import racekit
from racekit.properties import DrawnSchedule, schedules

QUICK = settings(
    database=None,
    deadline=None,
    max_examples=400,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
SEEDS = range(3)


class Account:
    def __init__(self) -> None:
        self.balance = 0

    def deposit(self, amount: int) -> None:
        balance = self.balance
        self.balance = balance + amount


class Gauge:
    """Nothing that is watched here stores the attribute `water`."""

    def __init__(self) -> None:
        vars(self)["water"] = 0

    def read_twice(self) -> tuple[int, int]:
        first = self.water  # type: ignore[attr-defined]
        return first, self.water  # type: ignore[attr-defined]


def minimal_failure(test: Callable[..., None], with_seed: int, *strategies: Any) -> BaseException:
    """What Hypothesis reports of a test with these strategies; its notes tell the example and the schedule."""
    checked: Any = seed(with_seed)(QUICK(given(*strategies)(test)))
    with pytest.raises(Exception) as raised:
        checked()
    return raised.value


def notes(error: BaseException) -> str:
    return "\n".join(error.__notes__)


def switches(error: BaseException) -> int:
    return len(printed(error)._schedule.switches)  # type: ignore[union-attr]


def printed(error: BaseException) -> DrawnSchedule:
    """The schedule of the failing example, made from what Hypothesis prints of it."""
    [argument] = re.findall(r"^    schedule=(DrawnSchedule\('rk1:.*'\)),", notes(error), re.MULTILINE)
    made: DrawnSchedule = eval(argument)
    return made


@settings(QUICK, max_examples=30)
@given(schedules())
def test_a_schedule_returns_what_the_functions_return(schedule: DrawnSchedule) -> None:
    assert schedule.run(lambda: 1, lambda: 2, lambda: 3) == [1, 2, 3]


@settings(QUICK, max_examples=30)
@given(schedules())
def test_sleeping_takes_no_time(schedule: DrawnSchedule) -> None:
    assert schedule.run(lambda: time.sleep(10**6), lambda: time.sleep(10**6)) == [None, None]


@pytest.mark.parametrize("with_seed", SEEDS)
def test_a_lost_update_is_minimal_in_inputs(with_seed: int) -> None:
    def test(schedule: DrawnSchedule, first: int, second: int) -> None:
        account = Account()
        schedule.run(lambda: account.deposit(first), lambda: account.deposit(second))
        assert account.balance == first + second

    error = minimal_failure(test, with_seed, schedules(), st.integers(1, 100), st.integers(1, 100))
    assert "first=1,\n    second=1," in notes(error)
    assert switches(error) <= 2


@pytest.mark.parametrize("with_seed", SEEDS)
def test_a_deadlock_needs_one_switch(with_seed: int) -> None:
    def test(schedule: DrawnSchedule) -> None:
        one, two = threading.Lock(), threading.Lock()

        def first() -> None:
            with one, two:
                ...

        def second() -> None:
            with two, one:
                ...

        schedule.run(first, second)

    error = minimal_failure(test, with_seed, schedules())
    assert isinstance(error, racekit.Deadlock)
    assert switches(error) == 1


@pytest.mark.parametrize("with_seed", SEEDS)
def test_a_torn_read_needs_one_switch(with_seed: int) -> None:
    def test(schedule: DrawnSchedule) -> None:
        gauge = Gauge()
        seen, _ = schedule.run(gauge.read_twice, lambda: setattr(gauge, "water", 1))
        assert seen[0] == seen[1]

    assert switches(minimal_failure(test, with_seed, schedules())) == 1


def test_the_order_of_threads_is_drawn_too() -> None:
    def order(schedule: DrawnSchedule) -> list[int]:
        ran: list[int] = []
        schedule.run(lambda: ran.append(1), lambda: ran.append(2), lambda: ran.append(3))
        return ran

    drawn = settings(QUICK, phases=[Phase.generate])
    for wanted in ([1, 2, 3], [2, 1, 3], [3, 1, 2], [3, 2, 1]):
        find(schedules(), lambda schedule, wanted=wanted: order(schedule) == wanted, settings=drawn, random=Random(0))


def test_what_a_function_raises_comes_with_the_report() -> None:
    def fail() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost") as raised:
        DrawnSchedule({}).run(fail, lambda: None)
    assert "  replay:  racekit.replay(body, " in notes(raised.value)


def tears(schedule: DrawnSchedule) -> None:
    gauge = Gauge()
    seen, _ = schedule.run(gauge.read_twice, lambda: setattr(gauge, "water", 1))
    assert seen[0] == seen[1]


def test_the_failing_example_shows_the_token_and_can_be_pasted_as_an_explicit_example() -> None:
    error = minimal_failure(tears, 0, schedules())
    assert "schedule: " not in notes(error)
    checked = settings(QUICK, phases=[Phase.explicit])(example(printed(error))(given(schedules())(tears)))
    with pytest.raises(AssertionError):
        checked()


def test_where_no_run_came_before_the_token_comes_in_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError) as raised:
        settings(QUICK, print_blob=True)(given(schedules())(tears))()
    [(version, blob)] = re.findall(r"reproduce_failure\('(.*)', b'(.*)'\)", notes(raised.value))
    again: Any = reproduce_failure(version, blob.encode())(QUICK(given(schedules())(tears)))
    with pytest.raises(AssertionError):
        again()
    shown = capsys.readouterr().out
    assert re.search(r"schedule=DrawnSchedule\(\{\d+: \d+\}\)", shown)
    assert "It ran as DrawnSchedule('rk1:1@" in shown


def test_what_was_drawn_before_is_printed_as_what_it_runs_when_that_is_something_else() -> None:
    ran: Any = {}
    before = DrawnSchedule.drawn({2: 0}, ran, {})
    before.run(lambda: time.sleep(1), lambda: time.sleep(2), lambda: time.sleep(3))
    schedule = DrawnSchedule.drawn({2: 0}, ran, {})
    assert schedule.token == before.token
    run_deposits(schedule)
    assert schedule.token != before.token


def run_deposits(schedule: DrawnSchedule) -> int:
    account = Account()
    schedule.run(lambda: account.deposit(1), lambda: account.deposit(10))
    return account.balance


def losing() -> DrawnSchedule:
    return find(schedules(), lambda schedule: run_deposits(schedule) != 11, settings=QUICK, random=Random(0))


def test_a_schedule_that_has_run_prints_as_its_token() -> None:
    schedule = DrawnSchedule({5: 0})
    assert repr(schedule) == "DrawnSchedule({5: 0})"
    run_deposits(schedule)
    assert repr(schedule) == f"DrawnSchedule({schedule.token!r})"
    assert str(schedule.token).startswith("rk1:1@")


def test_the_options_are_printed_too() -> None:
    assert repr(DrawnSchedule("rk1:", timeouts="any")) == "DrawnSchedule('rk1:', timeouts='any')"


def test_a_token_runs_the_same_interleaving() -> None:
    schedule = losing()
    balance = run_deposits(schedule)
    again = eval(repr(schedule))
    assert run_deposits(again) == balance != 11
    assert repr(again) == repr(schedule)


def test_a_token_that_does_not_fit_says_so() -> None:
    with pytest.raises(racekit.ScheduleMismatch):
        run_deposits(DrawnSchedule("rk1:1@1w.other>2"))


def test_a_schedule_does_the_same_each_time() -> None:
    schedule = losing()
    first = repr(schedule), run_deposits(schedule)
    assert [(repr(schedule), run_deposits(schedule)) for _ in range(5)] == [first] * 5


class Tank:
    """Nothing at all stores the attribute `oil` before the test that uses this."""

    def __init__(self) -> None:
        vars(self)["oil"] = 0

    def read_twice(self) -> tuple[int, int]:
        return self.oil, self.oil  # type: ignore[attr-defined]


def test_a_schedule_does_the_same_whatever_was_watched_before() -> None:
    def token(points: int) -> str:
        schedule = DrawnSchedule({points: 0})
        tank = Tank()
        schedule.run(tank.read_twice, tank.read_twice)
        return repr(schedule)

    before = [token(points) for points in range(8)]

    def store() -> None:
        Tank().oil = 1  # type: ignore[attr-defined]

    racekit.explore(lambda: racekit.together(store, store))
    assert [token(points) for points in range(8)] == before


def test_inside_an_exploration_that_decides() -> None:
    schedule = DrawnSchedule({})
    assert set(racekit.explore(lambda: run_deposits(schedule)).outcomes) == {1, 10, 11}


def test_timeouts_may_expire_at_any_point() -> None:
    def expires(schedule: DrawnSchedule) -> bool:
        done = threading.Event()
        _, waited = schedule.run(done.set, lambda: done.wait(1))
        return not waited

    find(schedules(timeouts="any"), expires, settings=QUICK, random=Random(0))


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"seed": 1}, "has no option 'seed', since it is one execution"),
        ({"timeouts": "none"}, "timeouts='none' is not known"),
        ({"switches": -1}, "switches=-1 is not a whole number of 0 or more"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options: dict[str, Any], refusal: str) -> None:
    with pytest.raises(racekit.BadArgument, match=refusal):
        schedules(**options)


def test_importing_racekit_does_not_import_hypothesis() -> None:
    command = [sys.executable, "-c", "import sys, racekit; sys.exit('hypothesis' in sys.modules)"]
    assert subprocess.run(command, cwd=Path(racekit.__file__).parent.parent).returncode == 0
