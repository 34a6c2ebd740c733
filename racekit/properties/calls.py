"""The search for calls that fail: Hypothesis draws lists of calls, and racekit cuts them up into programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

from racekit.linearize import Operation
from racekit.options import Options
from racekit.programs.cutting import Cuts
from racekit.programs.judging import Task, Violation
from racekit.programs.program import Program
from racekit.properties.case import Decorator, Test
from racekit.properties.search import Found, Search

_FEW_CALLS = 3
"""So many are cut up in every way."""


class CallsSearch(Search):
    """Explores lists of calls: such a list fails if a program fails that makes its calls, or some of them.

    Which calls a violation needs is found out at once, since racekit knows better than Hypothesis what is worth trying.
    All that Hypothesis still has to do is leave out the others, and make the arguments smaller.
    """

    def __init__(self, task: Callable[[Program], Task], options: Options, cuts: Cuts) -> None:
        super().__init__(task, options)
        self.cuts = cuts
        self._tried: set[tuple[str, ...]] = set()

    def explore_calls(self, calls: Sequence[Operation]) -> None:
        """Raises Found if the calls fail."""
        known = self.violation
        if self.replayed is not None:
            for program in filter(self.replayed.is_cut_like, self.cuts.programs(calls)):
                self.explore(program)
            return
        if known is None or not _is_among(known.task.program.calls, calls):
            found = self._first(calls) if known is None else self._smaller(calls, known)
            if found is None:
                return
            self.violation = found
        raise Found

    def simplest(self, violation: Violation) -> Violation | None:
        return self._in_any_way(violation.task.program.calls)

    def _first(self, calls: Sequence[Operation]) -> Violation | None:
        if self.thorough:
            return self._in_any_way(calls)
        programs = self.cuts.programs(calls)
        if not programs:
            return None
        another = programs[len(self._judged) % len(programs)]
        found = self._judged_once(programs[0]) or self._judged_once(another)
        return None if found is None else self._smallest(found)

    def _in_any_way(self, calls: Sequence[Operation]) -> Violation | None:
        return next(filter(None, map(self._thoroughly, self.cuts.programs(calls))), None)

    def _smaller(self, calls: Sequence[Operation], known: Violation) -> Violation | None:
        """A violation by fewer calls, or by the same ones with other arguments."""
        before = known.task.program
        if len(calls) == len(before.calls) and _names(calls) == _names(before.calls):
            program = _cut_like(before, calls)
            return self._like(known, program) or self._judged_once(program)
        if len(calls) < len(before.calls) and self._is_new(calls):
            return next(filter(None, map(self._judged_once, self.cuts.programs(calls))), None)
        return None

    def _is_new(self, calls: Sequence[Operation]) -> bool:
        """Whether no such calls were tried since calls failed, whatever the arguments."""
        names = tuple(call.name for call in calls)
        is_new = names not in self._tried
        self._tried.add(names)
        return is_new

    def _smallest(self, violation: Violation) -> Violation:
        """A violation in which each call is needed: parts of them are left out, halves first, then smaller ones."""
        self.violation = violation
        size = len(violation.task.program.calls) // 2
        while size:
            start = 0
            while start < len(calls := violation.task.program.calls):
                found = self._without(calls[start : start + size], violation)
                if found is None:
                    start += size
                else:
                    self.violation = violation = found
            size //= 2
        return violation

    def _without(self, left_out: Sequence[Operation], known: Violation) -> Violation | None:
        program = known.task.program.without(*left_out)
        if len(program.calls) < 2:
            return None
        self._is_new(program.calls)
        if len(program.threads) > 1:
            found = self._like(known, program) or self._judged_once(program)
            if found is not None:
                return found
        programs = self.cuts.programs(program.calls)
        if len(program.calls) > _FEW_CALLS:
            programs = programs[:1]
        return next(filter(None, map(self._judged_once, programs)), None)


def _is_among(few: Sequence[Operation], many: Sequence[Operation]) -> bool:
    """Whether all the `few` calls are also made by the `many`, in their order."""
    rest: Iterator[str] = iter(list(map(str, many)))
    return all(str(call) in rest for call in few)


def _names(calls: Sequence[Operation]) -> list[str]:
    return [call.name for call in calls]


def _cut_like(program: Program, calls: Sequence[Operation]) -> Program:
    rest = iter(calls)
    prefix, *threads = ([next(rest) for _ in part] for part in (program.prefix, *program.threads))
    return Program(prefix, threads)


def search_calls(search: CallsSearch, calls: SearchStrategy[list[Operation]], cls: type) -> Test:
    """A test whose examples are lists of calls; Hypothesis's database knows it by the name of `cls`."""

    def example(calls: list[Operation]) -> None:
        search.explore_calls(calls)

    example.__name__ = example.__qualname__ = re.sub(r"\W+", "_", f"{cls.__module__}_{cls.__qualname__}")

    def test(chosen: settings, decorate: Decorator) -> None:
        __tracebackhide__ = True
        decorate(chosen(given(calls=calls)(example)))()

    return test
