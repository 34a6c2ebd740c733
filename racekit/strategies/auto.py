"""The default: what most bugs need first, then one of each different interleaving, with samples in between."""

from __future__ import annotations

from collections.abc import Sequence

from racekit.options import Options
from racekit.runtime.scheduling_point import Foresee, SchedulingPoint, TraceEntry, foresee_of
from racekit.strategies.bounded import Bounded
from racekit.strategies.directed import Directed
from racekit.strategies.dpor import Dpor
from racekit.strategies.pct import Pct
from racekit.strategies.pos import Pos
from racekit.strategies.protocol import Strategy
from racekit.strategies.surw import Surw

_DIRECTED_ALONE = 10
_DIRECTED_EXECUTIONS = 30
_PROOF_EXECUTIONS = 50
_SIMPLE_EXECUTIONS = 50
_ONE_SHARE_IN = 8
_ONE_SAMPLE_IN = 4
_ONE_SAMPLE_NEAR_A_PROOF_IN = 16
_ENOUGH_TO_ESTIMATE = 20


class Auto:
    """Most bugs show where an execution is directed at a conflict, so that comes first. What is small enough for the
    budget is proved. What is not is run with few preemptions, and sampled all along, in several ways by turns.

    The first execution follows the default schedule, and is a profile for those who choose by what they know. If the
    number of preemptions is limited, everything keeps to that.
    """

    def __init__(self, options: Options) -> None:
        self._directed = Directed()
        self._bounded = Bounded(options.preemptions)
        self._exact = self._bounded if _needs_bound(options) else Dpor()
        self._samples = Surw(options.seed), Pos(options.seed), Pct(options.seed, options.depth)
        self._budget = budget = options.executions
        share = _SIMPLE_EXECUTIONS if budget is None else budget // _ONE_SHARE_IN
        self._directed_left = 0 if _needs_bound(options) else min(_DIRECTED_EXECUTIONS, share)
        self._proof_left = min(_PROOF_EXECUTIONS, share)
        self._simple_left = min(_SIMPLE_EXECUTIONS, share)
        self._mixes = (budget or options.seconds) is not None and options.preemptions is None
        self._current: Strategy = self._exact
        self._begun = 0
        self._has_profile = False

    @property
    def cut_by(self) -> str | None:
        return self._current.cut_by

    @property
    def interleavings(self) -> int | None:
        return self._current.interleavings

    @property
    def preemptions_ruled_out(self) -> int:
        return self._bounded.preemptions_ruled_out

    @property
    def compares_events(self) -> bool:
        return self._current.compares_events or not self._has_profile

    def begin(self) -> bool:
        self._begun += 1
        near = self._proof_is_near()
        one_sample_in = _ONE_SAMPLE_NEAR_A_PROOF_IN if near else _ONE_SAMPLE_IN
        if not self._has_profile:
            self._current = self._exact
        elif self._mixes and self._begun % one_sample_in == 0:
            self._current = self._samples[self._begun // _ONE_SAMPLE_IN % len(self._samples)]
        elif self._directs() and self._directed.begin():
            self._directed_left -= 1
            self._current = self._directed
            return True
        elif self._proof_left:
            self._proof_left -= 1
            self._current = self._exact
        elif self._simple_left and not near:
            self._simple_left -= 1
            self._current = self._bounded
        else:
            self._current = self._exact
        return self._current.begin()

    def _directs(self) -> bool:
        """Whether to direct the next one: each at first, then by turns with the exact ones."""
        return self._directed_left > 0 and (self._begun <= _DIRECTED_ALONE or self._begun % 2 == 1)

    def _proof_is_near(self) -> bool:
        """Whether all different interleavings seem to be few enough for the budget."""
        exact, budget = self._exact, self._budget
        if budget is None or not isinstance(exact, Dpor) or exact.complete < _ENOUGH_TO_ESTIMATE:
            return False
        return exact.estimated_left() < budget - self._begun

    @property
    def foresee(self) -> Foresee | None:
        return foresee_of(self._current)

    def choose(self, point: SchedulingPoint) -> int:
        return self._current.choose(point)

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        self._current.end(trace, kinds)
        if isinstance(self._current, Dpor):
            self._begun -= self._current.is_redundant
        if not self._has_profile or (self.compares_events and self._current is not self._exact):
            self._has_profile = True
            for learner in (self._directed, *self._samples[:2]):
                if learner is not self._current:
                    learner.end(trace, kinds)

    def restart(self) -> None:
        self._has_profile = False
        for strategy in (self._directed, self._bounded, self._exact, *self._samples):
            strategy.restart()


def _needs_bound(options: Options) -> bool:
    """Whether preemptions are limited, or any timed wait may expire at any time, which depends on everything."""
    return options.preemptions is not None or options.timeouts == "any"
