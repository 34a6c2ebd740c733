"""Bad input is refused at the door, in one sentence that names the cause and the fix."""

from __future__ import annotations

import functools
import queue
import re
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from typing import Any

import pytest

import racekit
from racekit.errors import BadArgument, RacekitError
from racekit.options import DATA_RACES, GRANULARITIES, STRATEGIES, TIMEOUTS, Options, check_body, option_types


class Store:
    def update(self) -> None: ...


def nothing() -> None: ...


async def coroutine() -> None: ...


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


def refusal(**keywords: Any) -> str:
    with pytest.raises(BadArgument) as caught:
        Options.of(keywords)
    return str(caught.value)


def body_refusal(body: object) -> str:
    with pytest.raises(BadArgument) as caught:
        check_body(body)
    return str(caught.value)


def test_a_refusal_is_a_racekit_error_and_a_value_error() -> None:
    assert issubclass(BadArgument, RacekitError)
    assert issubclass(BadArgument, ValueError)


def test_an_option_that_does_not_exist_is_answered_with_those_that_do() -> None:
    message = refusal(colour=10)
    assert message.startswith("There is no option 'colour': the options are executions, seconds, preemptions,")


def test_an_option_that_is_misspelt_is_answered_with_the_one_that_was_meant() -> None:
    assert refusal(executoins=10).startswith(
        "There is no option 'executoins': did you mean executions? The options are"
    )


def test_a_negative_number_of_executions_is_refused() -> None:
    assert refusal(executions=-1) == "executions=-1 is less than 1, which means nothing: use 1 or more."


def test_zero_executions_are_refused() -> None:
    assert refusal(executions=0) == "executions=0 is less than 1, which means nothing: use 1 or more."


def test_negative_seconds_are_refused() -> None:
    assert refusal(seconds=-0.5) == "seconds=-0.5 is less than 0, which means nothing: use 0 or more."


def test_seconds_that_are_not_a_number_are_refused() -> None:
    assert refusal(seconds="2") == "seconds='2' is not a number or None."


def test_seconds_that_are_nan_are_refused() -> None:
    assert refusal(seconds=float("nan")).startswith("seconds=nan is")


def test_a_negative_preemption_bound_is_refused() -> None:
    assert refusal(preemptions=-1) == "preemptions=-1 is less than 0, which means nothing: use 0 or more."


def test_fractional_executions_are_refused() -> None:
    assert refusal(executions=1.5) == "executions=1.5 is not a whole number or None."


def test_a_truth_value_is_no_number_of_executions() -> None:
    assert refusal(executions=True) == "executions=True is not a whole number or None."


def test_a_step_limit_of_zero_is_refused() -> None:
    assert refusal(steps=0) == "steps=0 is less than 1, which means nothing: use 1 or more."


def test_a_missing_step_limit_is_refused() -> None:
    assert refusal(steps=None) == "steps=None is not a whole number."


def test_a_seed_that_is_no_whole_number_is_refused() -> None:
    assert refusal(seed="lucky") == "seed='lucky' is not a whole number."


def test_a_negative_seed_is_as_good_as_any() -> None:
    assert Options(seed=-3).seed == -3


def test_a_bug_has_at_least_one_constraint() -> None:
    assert refusal(depth=0) == "depth=0 is less than 1, which means nothing: use 1 or more."


def test_an_unknown_strategy_is_answered_with_the_known_ones() -> None:
    message = refusal(strategy="lucky")
    assert message.startswith("strategy='lucky' is not known: use one of 'auto',")
    assert "'bounded'" in message
    assert "'random'" in message


def test_an_unknown_granularity_is_answered_with_the_known_ones() -> None:
    assert refusal(granularity="line") == "granularity='line' is not known: use one of 'access', 'gil', 'sync'."


def test_an_unknown_kind_of_timeouts_is_answered_with_the_known_ones() -> None:
    assert refusal(timeouts="real") == "timeouts='real' is not known: use one of 'virtual', 'any'."


def test_stop_on_failure_must_be_a_truth_value() -> None:
    assert refusal(stop_on_failure="no") == "stop_on_failure='no' is not a truth value: use True or False."


@pytest.mark.parametrize("strategy", ["directed", "dpor", "pct", "pos", "random", "surw", "urw"])
def test_a_number_of_preemptions_is_refused_where_the_strategy_does_not_keep_to_it(strategy: str) -> None:
    assert refusal(preemptions=1, strategy=strategy) == (
        f"preemptions=1 is not kept to by strategy='{strategy}': leave one of them out, or use 'auto' or 'bounded'."
    )


def test_a_text_is_no_collection_of_outcomes() -> None:
    assert refusal(outcomes="done") == "outcomes='done' is not a collection of values: write outcomes={...}."


def test_something_that_names_no_code_cannot_be_excluded() -> None:
    message = refusal(exclude=["json", 3])
    assert message == "exclude holds 3, which names no code: use a module, class or function, or its dotted name."


def test_one_name_may_stand_alone() -> None:
    assert Options(include="json").include == ("json",)
    assert Options(include=queue).include == ("queue",)
    assert Options(exclude=Store.update).exclude == (f"{__name__}.Store.update",)


def test_code_may_stand_for_its_name() -> None:
    options = Options(include=[queue, Store, Store.update, "json.decoder"])
    assert options.include == ("queue", f"{__name__}.Store", f"{__name__}.Store.update", "json.decoder")


def test_what_explore_says_of_itself_names_every_option_and_each_strategy() -> None:
    said = racekit.explore.__doc__ or ""
    for option in fields(Options):
        assert re.search(rf"\b{option.name}\b", said)
    for choice in (*STRATEGIES, *GRANULARITIES, *TIMEOUTS, *DATA_RACES):
        assert f'"{choice}"' in said


def test_every_option_tells_the_type_of_its_text() -> None:
    types = option_types()
    assert types["executions"] is int
    assert types["seconds"] is float
    assert types["strategy"] is str
    assert types["stop_on_failure"] is bool


def test_a_body_that_cannot_be_called_is_refused() -> None:
    message = body_refusal(42)
    assert message == (
        "The body to explore is 42, which cannot be called: pass the function, not the result of calling it."
    )


def test_a_coroutine_function_is_refused_with_the_way_to_run_it() -> None:
    assert "pass lambda: asyncio.run(coroutine())" in body_refusal(coroutine)


def test_a_partial_coroutine_function_is_refused_too() -> None:
    assert "asyncio.run" in body_refusal(functools.partial(coroutine))


def test_a_generator_function_is_refused_with_the_way_to_run_it() -> None:
    assert "calling it runs nothing: pass lambda: list(generator())" in body_refusal(generator)


def test_an_asynchronous_generator_function_is_refused() -> None:
    assert "async_generator" in body_refusal(async_generator)


def test_a_body_that_takes_arguments_is_refused_with_the_way_to_give_them() -> None:
    message = body_refusal(Store.update)
    assert message == (
        "Store.update takes arguments (missing a required argument: 'self'), but a body is called without any: "
        "pass lambda: Store.update(...) instead."
    )


@pytest.mark.parametrize("body", [nothing, Store().update, lambda: None, functools.partial(int, "3"), Store, dict])
def test_whatever_can_be_called_without_arguments_is_a_body(body: object) -> None:
    assert check_body(body) is body


def test_a_callable_without_a_signature_is_a_body() -> None:
    assert check_body(threading.get_ident) is threading.get_ident
