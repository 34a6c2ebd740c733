"""What a strategy is: a chooser of threads that is told when an execution begins and ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from racekit.runtime.scheduling_point import Chooser, TraceEntry


class Strategy(Chooser, Protocol):
    """Chooses the threads of one execution after another."""

    @property
    def cut_by(self) -> str | None:
        """Why the strategy left schedules out, once `begin` has returned False; None if it left none out."""
        ...

    @property
    def interleavings(self) -> int | None:
        """How many different interleavings there are, once `begin` has returned False; None if it did not count."""
        ...

    @property
    def preemptions_ruled_out(self) -> int:
        """Every schedule with fewer preemptions than this has been run."""
        ...

    def begin(self) -> bool:
        """Get ready for the next execution; False if there is no other schedule to try."""
        ...

    def end(self, trace: Sequence[TraceEntry], kinds: Sequence[str]) -> None:
        """The execution is over; this happened in it, and the numbered objects that it touched are of these kinds."""
        ...

    def restart(self) -> None:
        """More places turned out to be scheduling points: what was learned about schedules so far does not hold."""
        ...
