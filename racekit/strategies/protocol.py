"""What a strategy is: three methods and two answers."""

from __future__ import annotations

from typing import Protocol

from racekit.runtime.scheduling_point import SchedulingPoint


class Strategy(Protocol):
    """Chooses the threads of one execution after another."""

    @property
    def cut_by(self) -> str | None:
        """Why the strategy left schedules out, once `begin` has returned False; None if it left none out."""
        ...

    def begin(self) -> bool:
        """Get ready for the next execution; False if there is no other schedule to try."""
        ...

    def choose(self, point: SchedulingPoint) -> int:
        """Who goes on at this scheduling point: one of `point.enabled`, of which there are at least two."""
        ...

    def end(self) -> None:
        """The execution is over."""
        ...

    def restart(self) -> None:
        """More places turned out to be scheduling points: what was learned about schedules so far does not hold."""
        ...
