"""Tests that say who waits where: injected barriers, sleeps and orders, and functions run side by side under them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from racekit.errors import BadArgument
from racekit.explore import replay_body
from racekit.failure import raise_failure
from racekit.inject import Injection, InjectionTimeout, Where
from racekit.inject.gates import under_control
from racekit.options import Options
from racekit.report.text import failure_lines
from racekit.schedule import Schedule
from racekit.side_by_side import check_functions, together


class Race(Injection):
    """An injection, and functions run side by side under it: the fixture `race`, and what `racekit.inject` returns."""

    def together(
        self, *functions: Callable[[], Any], controlled: bool = True, timeout: float | None = None
    ) -> list[Any]:
        """`racekit.together`, under control: one exact execution, in which sleeps take no time.

        Raises Deadlock when what the injected places ask for cannot happen. With `controlled=False` ordinary threads
        run, with real barriers and real sleeps, and InjectionTimeout is raised instead when nobody came for so long.
        """
        __tracebackhide__ = True
        if under_control():
            return together(*functions, timeout=timeout)
        check_functions(functions)
        if not controlled:
            self._begin_live()
            try:
                return together(*functions, timeout=timeout)
            except BaseException as error:
                self.allow_unreached()
                timed_out = _timeout_in(error)
                if timed_out is None:
                    raise
                raise timed_out.with_traceback(None) from None
        execution = replay_body(lambda: together(*functions), Schedule(), Options(), timeout=timeout)
        if execution.failure is not None:
            self.allow_unreached()
            raise_failure(replace(execution.failure, report="\n".join(failure_lines(execution.failure))))
        results: Any = execution.value
        return list(results)


def _timeout_in(error: BaseException) -> InjectionTimeout | None:
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_timeout_in, error.exceptions)), None)
    return error if isinstance(error, InjectionTimeout) else None


def inject(
    function: Any = None,
    *,
    before: Where | None = None,
    after: Where | None = None,
    barrier: int | None = None,
    sleep: float | None = None,
    call: Callable[[], object] | None = None,
    times: int | Iterable[int] | None = None,
    timeout: float = 10.0,
) -> Race:
    """An injection for a `with` statement or as a decorator; further places are added by its methods.

    `inject(update, before="self.value = ", barrier=2)` is short for `inject().barrier(update, before="self.value = ",
    parties=2)`; `sleep=` and `call=` likewise. Raises BadArgument for a place that does not exist or is not unique.
    """
    race = Race(timeout)
    actions = {"barrier": barrier, "sleep": sleep, "call": call}
    given = [name for name, value in actions.items() if value is not None]
    if function is None:
        if given or before is not None or after is not None:
            raise BadArgument("inject was given a place without a function: pass the function that has the line first.")
        return race
    if len(given) != 1:
        raise BadArgument("What shall happen at that line? Give exactly one of barrier=, sleep= and call=.")
    place: dict[str, Any] = {"before": before, "after": after, "times": times}
    if barrier is not None:
        return race.barrier(function, parties=barrier, **place)
    if sleep is not None:
        return race.sleep(function, seconds=sleep, **place)
    assert call is not None
    return race.call(function, call, **place)
