"""The examples of a @given test, each of which is run many times: what has to be the same, and new, in each run."""

from __future__ import annotations

import functools
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import currently_in_test_context, event, reject
from hypothesis.errors import StopTest, UnsatisfiedAssumption
from hypothesis.strategies import DataObject, SearchStrategy

from racekit.runtime import originals

CONTROL_EXCEPTIONS = (StopTest, UnsatisfiedAssumption)
"""With these Hypothesis ends an example that tells nothing: `assume(False)`, or no data left to draw."""

__all__ = [
    "CONTROL_EXCEPTIONS",
    "currently_in_test_context",
    "each_example",
    "event",
    "inputs_for_each_execution",
    "reject",
    "unexplained",
]

_EXPLAINING_TOOL = 3
"""Where Hypothesis listens to `sys.monitoring`."""


@contextmanager
def each_example(
    test: Any, run: Callable[[Callable[..., object], tuple[Any, ...], dict[str, Any], PausedClock], None]
) -> Iterator[None]:
    """Meanwhile an example of the @given `test` is `run(function, args, kwargs, clock)`, not a call of `function`."""
    handle = test.hypothesis
    function = handle.inner_test
    clock = PausedClock()
    _stand_where_it_is_written(test, function)

    @functools.wraps(function)
    def run_example(*args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        run(function, args, kwargs, clock)

    handle.inner_test = run_example
    try:
        yield
    finally:
        handle.inner_test = function
        clock.restore()


def _stand_where_it_is_written(test: Any, function: Callable[..., object]) -> None:
    """In tracebacks @given takes the place of what it decorates: if that is `@racekit.race`, of what this decorates."""
    body: Any = getattr(function, "__racekit_body__", None)
    if body is not None:
        code = body.__code__
        test.__code__ = test.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)


class PausedClock:
    """`time.perf_counter`, by which Hypothesis holds an example to its deadline, without what is inside `paused`.

    Only the next reading leaves it out, and only if it comes within the same example. So all that is measured otherwise
    stays real, such as the time that shrinking takes.
    """

    def __init__(self) -> None:
        self._left_out = 0.0
        self._perf_counter = time.perf_counter

    @contextmanager
    def paused(self) -> Iterator[None]:
        __tracebackhide__ = True
        self.restore()
        begun = originals.perf_counter()
        try:
            yield
        finally:
            self._left_out = originals.perf_counter() - begun
            self._perf_counter, time.perf_counter = time.perf_counter, self._read

    def _read(self) -> float:
        self.restore()
        return time.perf_counter() - (self._left_out if currently_in_test_context() else 0.0)

    def restore(self) -> None:
        """Take the clock back; what was to be left out is not, any more."""
        if time.perf_counter == self._read:
            time.perf_counter = self._perf_counter


@contextmanager
def unexplained() -> Iterator[None]:
    """Meanwhile Hypothesis does not note which lines run, to explain a failure by those that only failing examples run.

    It would name lines of racekit, since what differs is the schedule.
    """
    __tracebackhide__ = True
    if sys.version_info >= (3, 12):
        events = sys.monitoring.get_events(_EXPLAINING_TOOL) if sys.monitoring.get_tool(_EXPLAINING_TOOL) else 0
        if events:
            sys.monitoring.set_events(_EXPLAINING_TOOL, 0)
        try:
            yield
        finally:
            if events:
                sys.monitoring.set_events(_EXPLAINING_TOOL, events)
    else:
        trace = sys.gettrace()
        is_explaining = str(getattr(trace, "__module__", "")).startswith("hypothesis.")
        if is_explaining:
            sys.settrace(None)
        try:
            yield
        finally:
            if is_explaining:
                sys.settrace(trace)


def inputs_for_each_execution(inputs: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """A function that returns these arguments of one example for another execution, as if it were the first.

    Built-in containers are copied, also within each other, as an execution may change them. Other objects stay the
    same, since somebody may ask for their identity. What is drawn by `data.draw` is drawn once.
    """
    drawn = {name: _DrawnOnce(value) if isinstance(value, DataObject) else value for name, value in inputs.items()}

    def for_another_execution() -> dict[str, Any]:
        return {name: _made_anew(value) for name, value in drawn.items()}

    return for_another_execution


class _DrawnOnce:
    """What `st.data()` gives: each execution of an example is given the values that the first one has drawn."""

    def __init__(self, data: Any, values: dict[tuple[int, str | None, str], Any] | None = None) -> None:
        self._data = data
        self._values = {} if values is None else values
        self._draws = 0

    def __repr__(self) -> str:
        return repr(self._data)

    def draw(self, strategy: SearchStrategy[Any], label: str | None = None) -> Any:
        self._draws += 1
        key = self._draws, label, repr(strategy)
        if key not in self._values:
            self._values[key] = self._data.draw(strategy, label)
        return _made_anew(self._values[key])

    def from_the_start(self) -> _DrawnOnce:
        return _DrawnOnce(self._data, self._values)


_COPIES: dict[type, Callable[[Any], Any]] = {
    list: lambda value: [_made_anew(item) for item in value],
    tuple: lambda value: tuple(_made_anew(item) for item in value),
    dict: lambda value: {key: _made_anew(item) for key, item in value.items()},
    set: set,
    deque: lambda value: deque(map(_made_anew, value), value.maxlen),
    bytearray: bytearray,
    _DrawnOnce: _DrawnOnce.from_the_start,
}


def _made_anew(value: Any) -> Any:
    copy = _COPIES.get(type(value))
    return value if copy is None else copy(value)
