"""Functions side by side, each in a thread of its own."""

from __future__ import annotations

import functools
import threading
from typing import Any

import pytest

import racekit
from racekit import BadArgument, StillRunning, together


def raising(error: BaseException) -> Any:
    def function() -> None:
        raise error

    return function


def names(*functions: Any) -> list[str]:
    """The names of the threads in which functions run that return the name of their thread."""
    return together(*functions)


def own_name(*_: object, **__: object) -> str:
    return threading.current_thread().name


def test_results_come_in_the_order_of_the_functions() -> None:
    second_has_run = threading.Event()

    def first() -> int:
        second_has_run.wait()
        return 1

    def second() -> int:
        second_has_run.set()
        return 2

    assert together(first, second) == [1, 2]


def test_no_functions_have_no_results() -> None:
    assert together() == []


def test_the_functions_run_at_once() -> None:
    barrier = threading.Barrier(3, timeout=10)
    assert sorted(together(*[barrier.wait] * 3)) == [0, 1, 2]


def test_what_a_function_raises_is_raised() -> None:
    error = KeyError("lost")
    with pytest.raises(KeyError) as raised:
        together(lambda: 1, raising(error))
    assert raised.value is error


def test_the_others_are_joined_before_anything_is_raised() -> None:
    failed = threading.Event()
    done: list[bool] = []

    def fails() -> None:
        failed.set()
        raise KeyError

    def goes_on() -> None:
        failed.wait()
        done.append(True)

    with pytest.raises(KeyError):
        together(fails, goes_on)
    assert done == [True]


def test_what_several_raise_is_raised_as_a_group_in_the_order_of_the_functions() -> None:
    errors = KeyError("one"), ValueError("two")
    with pytest.raises(ExceptionGroup) as raised:
        together(raising(errors[0]), lambda: 1, raising(errors[1]))
    assert raised.value.exceptions == errors


def test_an_exit_in_a_thread_does_not_get_lost() -> None:
    with pytest.raises(SystemExit):
        together(raising(SystemExit(3)))


def test_pytest_fail_in_a_thread_fails_the_test() -> None:
    with pytest.raises(pytest.fail.Exception, match="not good"):
        together(lambda: pytest.fail("not good"))


def test_a_function_that_needs_too_long_is_named() -> None:
    go_on = threading.Event()
    try:
        with pytest.raises(StillRunning, match=r"After 0\.02 seconds slow had not ended"):

            def slow() -> None:
                go_on.wait()

            together(slow, lambda: 1, timeout=0.02)
    finally:
        go_on.set()


def test_the_timeout_is_for_all_functions_together() -> None:
    def body() -> float:
        import time

        begun = time.monotonic()
        never = threading.Event()
        with pytest.raises(StillRunning):
            together(never.wait, never.wait, never.wait, timeout=5)
        return time.monotonic() - begun

    assert racekit.replay(body, "rk1:").value == pytest.approx(5)


def test_a_function_that_ends_in_time_raises_nothing() -> None:
    assert together(lambda: 1, timeout=60) == [1]


@pytest.mark.parametrize("wrong", [7, None, "text"])
def test_what_cannot_be_called_is_refused_before_anything_runs(wrong: Any) -> None:
    ran: list[bool] = []
    with pytest.raises(BadArgument, match="pass functions without arguments, such as lambdas"):
        together(lambda: ran.append(True), wrong)
    assert not ran


def test_a_coroutine_function_is_refused_since_calling_it_runs_nothing() -> None:
    async def work() -> None: ...

    with pytest.raises(BadArgument, match=r"pass lambda: asyncio.run\(.*work\(\)\)"):
        together(work)


# --- names -----------------------------------------------------------------------------------------------------------


def test_a_thread_has_the_name_of_its_function() -> None:
    def reader() -> str:
        return own_name()

    def writer() -> str:
        return own_name()

    assert names(reader, writer) == ["reader", "writer"]


def test_names_that_are_not_different_are_numbered() -> None:
    assert names(own_name, own_name) == ["own_name-1", "own_name-2"]


def test_a_lambda_has_the_name_of_the_text_in_it() -> None:
    assert names(lambda: own_name("First"), lambda: own_name("Second")) == ["First", "Second"]


def test_a_lambda_without_a_text_has_the_name_of_what_it_calls() -> None:
    assert names(lambda: own_name(1), lambda: own_name(2)) == ["own_name-1", "own_name-2"]


def test_a_partial_has_the_name_of_the_text_in_it_or_of_its_function() -> None:
    assert names(functools.partial(own_name, "First"), functools.partial(own_name, 1)) == ["First", "own_name"]


def test_names_are_the_same_under_control() -> None:
    assert racekit.replay(lambda: names(lambda: own_name("First"), own_name), "rk1:").value == ["First", "own_name"]


# --- under control ---------------------------------------------------------------------------------------------------


def test_together_can_be_explored() -> None:
    def body() -> list[int]:
        counter = {"value": 0}

        def add() -> int:
            counter["value"] += 1
            return counter["value"]

        return together(add, add)

    racekit.assert_outcomes(lambda: tuple(body()), {(1, 2), (2, 1), (1, 1), (2, 2)})


def test_a_deadlock_of_the_functions_is_found() -> None:
    def body() -> None:
        one, other = threading.Lock(), threading.Lock()

        def forth() -> None:
            with one, other:
                pass

        def back() -> None:
            with other, one:
                pass

        together(forth, back)

    racekit.assert_deadlock(body, between=("forth", "back"))
