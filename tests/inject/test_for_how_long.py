"""From when until when a place is there: fixture, `with`, decorator; and everything as it was afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import racekit
from racekit import BadArgument, NeverReached, Race
from racekit.scenarios import FakeDataStore, LockedDataStore


def passed() -> int:
    step = 1
    return step


def enclosing() -> int:
    def inner() -> int:
        step = 1
        return step

    return inner()


INNER = f"{__name__}.enclosing.<locals>.inner"


class Marks:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def marks() -> Marks:
    return Marks()


# --- fixture, with, decorator ----------------------------------------------------------------------------------------


def test_the_fixture_is_active_from_the_beginning(race: Race, marks: Marks) -> None:
    race.call(passed, marks, before="return")
    passed()
    assert marks.count == 1


def test_with_is_active_inside(marks: Marks) -> None:
    with racekit.inject(passed, before="return", call=marks):
        passed()
    passed()
    assert marks.count == 1


def test_an_injection_that_was_not_entered_does_nothing(marks: Marks) -> None:
    racekit.inject(passed, before="return", call=marks)
    passed()
    assert marks.count == 0


def test_with_can_be_entered_again(marks: Marks) -> None:
    injection = racekit.inject(passed, before="return", call=marks)
    for _ in range(2):
        with injection:
            passed()
    assert marks.count == 2


# --- places where nothing has happened -------------------------------------------------------------------------------


def sometimes(number: int) -> int:
    if number:
        number = 1 // number
        number += 1
    return number


def test_a_place_where_no_thread_came_is_an_error_at_the_end(marks: Marks) -> None:
    with pytest.raises(NeverReached) as raised:
        with racekit.inject(sometimes, before="number += 1", call=marks):
            sometimes(0)
    assert str(raised.value) == (
        f"No thread came to the place before `number += 1` (sometimes, line {sometimes.__code__.co_firstlineno + 3}), "
        "so nothing happened there: choose a line that is run, or leave it out."
    )


def test_behind_a_statement_that_raises_no_thread_comes(marks: Marks) -> None:
    with pytest.raises(NeverReached, match="the place after `number = 1 // number`"):
        with racekit.inject(sometimes, after="1 // number", call=marks):
            with pytest.raises(TypeError):
                sometimes("1")  # type: ignore[arg-type]


def test_a_passage_that_no_thread_came_to_is_an_error_at_the_end(marks: Marks) -> None:
    with pytest.raises(NeverReached, match=r"line \d+\) as often as times= says, so nothing"):
        with racekit.inject(passed, before="return", call=marks, times=2):
            passed()


def test_where_the_test_fails_that_is_told_and_not_what_was_never_reached(marks: Marks) -> None:
    with pytest.raises(ValueError, match="failed"):
        with racekit.inject(sometimes, before="number += 1", call=marks):
            raise ValueError("failed")


@pytest.mark.parametrize("controlled", [True, False])
def test_where_functions_side_by_side_fail_no_place_has_to_be_reached(race: Race, controlled: bool) -> None:
    race.barrier(sometimes, before="number += 1", parties=2)
    with pytest.raises(TypeError):
        race.together(lambda: sometimes("1"), controlled=controlled)  # type: ignore[arg-type]


@racekit.race(outcomes={0, 1})
def test_where_schedules_are_explored_some_may_not_come_to_a_place(race: Race, marks: Marks) -> int:
    numbers = [0]
    race.call(sometimes, marks, before="number += 1")
    racekit.together(lambda: numbers.append(1), lambda: sometimes(numbers[-1]))
    return marks.count


# --- nothing twice ---------------------------------------------------------------------------------------------------


def test_with_cannot_be_entered_twice_at_once() -> None:
    with racekit.inject() as injection, pytest.raises(BadArgument, match="is active already"):
        with injection:
            pass


def test_a_decorated_function_is_active_while_it_runs(marks: Marks) -> None:
    @racekit.inject(passed, before="return", call=marks)
    def use(twice: int) -> int:
        """What it says."""
        return passed() * twice

    assert (use(2), marks.count, use.__name__, use.__doc__) == (2, 1, "use", "What it says.")
    passed()
    assert marks.count == 1


@racekit.inject(FakeDataStore.update, before="self.value = ", barrier=2)
def test_a_decorated_test_still_gets_its_fixtures(fake_data_store: FakeDataStore) -> None:
    racekit.together(lambda: fake_data_store.update("First"), lambda: fake_data_store.update("Second"))
    assert fake_data_store.value == 1


def test_places_can_be_added_to_what_inject_returns(marks: Marks) -> None:
    with racekit.inject(passed, before="return", call=marks).call(passed, marks, before="step = 1") as race:
        race.call(passed, marks, after="step = 1")
        passed()
    assert marks.count == 3


def test_inject_sleeps_at_a_line() -> None:
    with racekit.inject(passed, before="return", sleep=5):
        assert racekit.replay(passed, "rk1:").seconds == pytest.approx(5)


def test_inject_takes_times(marks: Marks) -> None:
    with racekit.inject(passed, before="return", call=marks, times=2):
        for _ in range(3):
            passed()
    assert marks.count == 1


@pytest.mark.parametrize("action", [{}, {"sleep": 1, "barrier": 2}])
def test_inject_wants_exactly_one_action(action: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match="Give exactly one of barrier=, sleep= and call="):
        racekit.inject(passed, before="return", **action)


@pytest.mark.parametrize("place", [{"before": "return"}, {"after": "step"}, {"barrier": 2}])
def test_inject_wants_a_function_for_a_place(place: dict[str, Any]) -> None:
    with pytest.raises(BadArgument, match="pass the function that has the line first"):
        racekit.inject(**place)


@pytest.mark.parametrize(
    "ask",
    [
        lambda race: race.barrier(passed, before="return", parties=0),
        lambda race: race.sleep(passed, before="return", seconds=-1),
        lambda race: race.call(passed, 7, before="return"),
        lambda race: race.order("nobody"),
        lambda race: race.call(passed, lambda: None, before="nowhere"),
    ],
)
def test_nothing_is_put_anywhere_when_it_is_refused(race: Race, ask: Callable[[Race], object]) -> None:
    code = passed.__code__
    with pytest.raises(BadArgument):
        ask(race)
    assert passed.__code__ is code


# --- undone ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [passed, INNER])
def test_afterwards_the_code_object_is_the_original_one(function: Any, marks: Marks) -> None:
    codes = passed.__code__, enclosing.__code__
    with racekit.inject(function, before="return", call=marks):
        assert (passed.__code__, enclosing.__code__) != codes
        passed(), enclosing()
    assert passed.__code__ is codes[0]
    assert enclosing.__code__ is codes[1]
    assert marks.count == 1


def test_afterwards_the_code_object_is_the_original_one_also_after_a_failure() -> None:
    code = passed.__code__
    with pytest.raises(ZeroDivisionError), racekit.inject(passed, before="return", call=lambda: 1 // 0):
        passed()
    assert passed.__code__ is code


def test_the_fixture_undoes_everything_also_after_a_failing_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def passed():
            return 1

        CODE = passed.__code__

        def test_fails(race):
            race.call(passed, lambda: 1 // 0, before="return")
            passed()

        def test_next():
            assert passed.__code__ is CODE
        """
    )
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize("controlled", [True, False])
def test_afterwards_the_code_object_is_the_original_one_also_after_a_run_that_broke(controlled: bool) -> None:
    code = LockedDataStore.update.__code__
    store = LockedDataStore()
    with pytest.raises((racekit.Deadlock, racekit.InjectionTimeout)):
        with racekit.Race(timeout=0.03).barrier(store.update, before="self.value = ", parties=2) as race:
            race.together(lambda: store.update("a"), lambda: store.update("b"), controlled=controlled)
    assert LockedDataStore.update.__code__ is code


def test_injections_at_one_function_may_end_in_any_order() -> None:
    code = passed.__code__
    first, second = Marks(), Marks()
    one = racekit.inject(passed, before="return", call=first)
    other = racekit.inject(passed, before="step = 1", call=second)
    one.__enter__(), other.__enter__()
    passed()
    one.__exit__(None, None, None)
    passed()
    other.__exit__(None, None, None)
    assert (first.count, second.count) == (1, 2)
    assert passed.__code__ is code


def test_a_refused_place_in_an_active_injection_leaves_the_others(race: Race, marks: Marks) -> None:
    race.call(passed, marks, before="return")
    with pytest.raises(BadArgument):
        race.call(passed, marks, before="nowhere")
    passed()
    assert marks.count == 1
