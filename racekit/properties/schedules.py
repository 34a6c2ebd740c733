"""Schedules as inputs: a strategy whose values run functions side by side, each in its own interleaving.

A schedule is drawn as its departures from the default: the numbers of the scheduling points at which another thread
goes on. So a smaller schedule has fewer preemptions, which come earlier, and that is what Hypothesis shrinks to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from racekit.errors import BadArgument
from racekit.explore import replay_body, run_body
from racekit.inject.gates import under_control
from racekit.options import Options
from racekit.properties.examples import unexplained
from racekit.results import Execution
from racekit.runtime.scheduling_point import SchedulingPoint
from racekit.schedule import Schedule
from racekit.side_by_side import together

OPTIONS = ("timeouts", "include", "exclude", "steps")
_POINTS = st.one_of([st.integers(0, most) for most in (7, 15, 31, 127, 1023)])
_OTHERS = st.integers(0, 7)


class DrawnSchedule:
    """A schedule that runs functions: one that Hypothesis has drawn, or the one of a token.

    Its `repr` makes it again: by the token of the interleaving that it ran last, or else by what was drawn.
    """

    def __init__(self, schedule: Mapping[int, int] | Schedule | str, **options: Any) -> None:
        """schedule: a token, or which scheduling points to depart at, and to which other thread each time.

        Raises BadArgument for what is no token, or no option of `schedules`.
        """
        self._departures = schedule if isinstance(schedule, Mapping) else None
        self._schedule = None if isinstance(schedule, Mapping) else Schedule.parse(schedule)
        self._given = options
        self._options = _checked(options)
        self._ran: dict[_Key, Schedule] = {}

    @classmethod
    def drawn(cls, departures: Mapping[int, int], ran: dict[_Key, Schedule], options: dict[str, Any]) -> DrawnSchedule:
        """One that `schedules` has drawn, which keeps in `ran` what was run by these departures last.

        Hypothesis prints a failing example before it runs it, but it has run it before, so its token is known.
        """
        made = cls(departures, **options)
        made._ran = ran
        made._schedule = ran.get(_key(departures))
        return made

    @property
    def token(self) -> str | None:
        """The token of the interleaving that it ran last, or will run; None if that is not known yet."""
        return None if self._schedule is None else self._schedule.token

    def run(self, *functions: Callable[[], Any]) -> list[Any]:
        """`racekit.together(*functions)` in one exact execution, in which sleeps take no time.

        Returns what the functions returned, in order. Raises what they raise, with the report as a note, or Deadlock or
        Livelock; ScheduleMismatch if they do not follow the token. Inside an exploration, that decides who goes on.
        """
        __tracebackhide__ = True
        if under_control():
            return together(*functions)
        with unexplained():
            return self._run(functions)

    def _run(self, functions: tuple[Callable[[], Any], ...]) -> list[Any]:
        __tracebackhide__ = True
        printed = repr(self)
        execution = self._execute(lambda: together(*functions))
        self._schedule = execution.schedule
        if self._departures is not None:
            self._ran[_key(self._departures)] = execution.schedule
        if repr(self) != printed and currently_in_test_context():
            note(f"It ran as {self!r}.")
        execution.check()
        results: Any = execution.value
        return list(results)

    def _execute(self, body: Callable[[], object]) -> Execution:
        if self._departures is not None:
            return run_body(body, _Departing(self._departures), self._options)
        assert self._schedule is not None
        return replay_body(body, self._schedule, self._options)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self._given.items())
        return f"DrawnSchedule({self.token or self._departures!r}{options})"


_Key = tuple[tuple[int, int], ...]
"""Departures as a key."""


def _key(departures: Mapping[int, int]) -> _Key:
    return tuple(sorted(departures.items()))


class _Departing:
    """Chooses the default, except at the scheduling points with these numbers: there one of the others.

    While the caller only starts the threads, nothing is counted: it makes no difference when they begin.
    """

    compares_events = False

    def __init__(self, departures: Mapping[int, int]) -> None:
        self._departures = departures
        self._points = 0

    def choose(self, point: SchedulingPoint) -> int:
        if point.current == 0 and point.preemptive:
            return point.default
        other = self._departures.get(self._points)
        self._points += 1
        if other is None:
            return point.default
        others = [thread for thread in point.enabled if thread != point.default]
        return others[other % len(others)]


def schedules(*, switches: int = 4, **options: Any) -> SearchStrategy[DrawnSchedule]:
    """Schedules to run functions by, as in `schedule.run(first, second)`: a strategy for Hypothesis.

    switches: how often a schedule departs from the default at most (a thread runs for as long as it can, then the next
    one). options: those of `racekit.explore` that say what an execution is: timeouts, include, exclude and steps.

    Raises BadArgument for other options.
    """
    if not isinstance(switches, int) or isinstance(switches, bool) or switches < 0:
        raise BadArgument(f"switches={switches!r} is not a whole number of 0 or more.")
    _checked(options)
    departure = st.tuples(_POINTS, _OTHERS)
    few_or_more = [st.lists(departure, max_size=most) for most in range(min(1, switches), switches + 1)]
    departures = st.one_of(few_or_more).map(dict)
    ran: dict[_Key, Schedule] = {}

    @st.composite
    def drawn(draw: DrawFn) -> DrawnSchedule:
        return DrawnSchedule.drawn(draw(departures), ran, options)

    return drawn()


def _checked(options: dict[str, Any]) -> Options:
    for name in options:
        if name not in OPTIONS:
            raise BadArgument(
                f"A schedule to run functions by has no option {name!r}, since it is one execution: "
                f"the options are {', '.join(OPTIONS)}."
            )
    return Options.of(options)
