"""The decorator `@racekit.race`: a test function that explores itself when it is called."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, overload

from racekit.errors import BadArgument
from racekit.explore import explore_body
from racekit.options import Options

P = ParamSpec("P")

_run_plainly: ContextVar[Callable[..., object] | None] = ContextVar("_run_plainly", default=None)


@overload
def race(function: Callable[P, object], /) -> Callable[P, None]: ...


@overload
def race(**options: Any) -> Callable[[Callable[P, object]], Callable[P, None]]: ...


def race(function: Callable[P, object] | None = None, /, **options: Any) -> Any:
    """Run a test under exploration: `@racekit.race`, or with the options of `racekit.explore`, `@racekit.race(seed=7)`.

    A call of the decorated function runs its body once per execution and raises what the first failure deserves. Under
    pytest each execution also gets its function-scoped fixtures (and `setUp` and `tearDown`) made anew. Of a test with
    Hypothesis's `@given`, above or below, each example is explored.
    """
    checked = Options.of(options)

    def decorate(function: Callable[..., object]) -> Any:
        if is_given(function):
            return _exploring_each_example(function, decorate)
        check_test(function)

        @functools.wraps(function)
        def explored(*args: Any, **kwargs: Any) -> object:
            __tracebackhide__ = True
            if _run_plainly.get() is function:
                return function(*args, **kwargs)

            def explore_calls(inputs: Callable[[], dict[str, Any]]) -> None:
                __tracebackhide__ = True

                def body() -> object:
                    __tracebackhide__ = True
                    value = function(*args, **inputs())
                    return None if checked.outcomes is None else value

                explore_body(body, checked).check()

            if not _is_example():
                explore_calls(lambda: kwargs)
                return None
            from racekit.properties.examples import inputs_for_each_execution, unexplained

            with unexplained():
                explore_calls(inputs_for_each_execution(kwargs))
            return None

        vars(explored).update(
            __racekit_options__=checked, __racekit_keywords__=dict(options), __racekit_body__=function
        )
        return explored

    return decorate if function is None else decorate(function)


def is_given(function: object) -> bool:
    """Whether this is a test that Hypothesis calls with one example after another."""
    return getattr(function, "is_hypothesis_test", False) and hasattr(function, "hypothesis")


def is_state_machine(function: object) -> bool:
    """Whether this is the test of a state machine, which Hypothesis runs in its own way."""
    return getattr(function, "is_hypothesis_test", False) and not is_given(function)


def below_given(function: Any) -> Any:
    """What Hypothesis calls for each example of a @given test; any other function itself."""
    return function.hypothesis.inner_test if is_given(function) else function


def _is_example() -> bool:
    """Whether Hypothesis makes this call."""
    if "hypothesis" not in sys.modules:
        return False
    from racekit.properties.examples import currently_in_test_context

    return currently_in_test_context()


def _exploring_each_example(test: Any, decorate: Callable[[Any], Any]) -> Any:
    """A @given test has its examples run by `hypothesis.inner_test`, which is meant to be reassigned for such ends."""
    test.hypothesis.inner_test = decorate(test.hypothesis.inner_test)
    return test


@contextmanager
def running_plainly(function: Callable[..., object] | None) -> Iterator[None]:
    """Meanwhile the decorator around `function` only calls it: whoever called has it under exploration already."""
    token = _run_plainly.set(function)
    try:
        yield
    finally:
        _run_plainly.reset(token)


def check_test(function: object) -> None:
    """Raises BadArgument for what cannot be explored as a test."""
    name = getattr(function, "__qualname__", repr(function))
    if inspect.isclass(function):
        raise BadArgument(f"{name} is a class: put @pytest.mark.race on it, or race on each of its tests.")
    if not inspect.isfunction(function):
        raise BadArgument(
            f"{name} is not a function, so it cannot be explored: put race on each test function or method itself, "
            "below decorators such as @staticmethod."
        )
    if inspect.iscoroutinefunction(function):
        raise BadArgument(
            f"{name} is a coroutine function, which cannot be explored: "
            "make it a plain function that calls asyncio.run(...)."
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise BadArgument(f"{name} is a generator function, so calling it runs nothing: a test must not yield.")
    if is_state_machine(function):
        raise BadArgument(
            f"{name} runs a state machine of Hypothesis, many times in each execution: "
            "call racekit.explore in a rule for what is to be explored there."
        )
