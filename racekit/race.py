"""The decorator `@racekit.race`: a test function that explores itself when it is called."""

from __future__ import annotations

import functools
import inspect
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
    pytest each execution also gets its function-scoped fixtures (and `setUp` and `tearDown`) made anew.
    """
    checked = Options.of(options)

    def decorate(function: Callable[P, object]) -> Callable[P, None]:
        check_test(function)

        @functools.wraps(function)
        def explored(*args: P.args, **kwargs: P.kwargs) -> None:
            __tracebackhide__ = True

            def body() -> None:
                __tracebackhide__ = True
                function(*args, **kwargs)

            if _run_plainly.get() is function:
                body()
            else:
                explore_body(body, checked).check()

        vars(explored).update(
            __racekit_options__=checked, __racekit_keywords__=dict(options), __racekit_body__=function
        )
        return explored

    return decorate if function is None else decorate(function)


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
    if getattr(function, "is_hypothesis_test", False):
        raise BadArgument(
            f"{name} is a @given test, each example of which has to be explored by itself: "
            "put @racekit.race below @given, next to the function."
        )
